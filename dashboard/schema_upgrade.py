"""A database of any earlier release in; the tables, columns, indexes and the word search of this one out."""

import time

import structlog
from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, ProgrammingError
from sqlalchemy.schema import CreateColumn

from dashboard import scored_by, tallies
from dashboard.read_tables import items, metadata

WORDS = "item_words"
_SQLITE_WORDS = (
    "CREATE VIRTUAL TABLE item_words USING fts5(source_key, media_id UNINDEXED, tokenize='trigram')",
    "CREATE TRIGGER item_words_in AFTER INSERT ON items BEGIN "
    "INSERT INTO item_words(source_key, media_id) VALUES (new.source_key, new.media_id); END",
    "CREATE TRIGGER item_words_out AFTER DELETE ON items BEGIN "
    "DELETE FROM item_words WHERE media_id = old.media_id; END",
    "INSERT INTO item_words(source_key, media_id) SELECT source_key, media_id FROM items",
)
_POSTGRESQL_WORDS = (
    # SQLite reads its plain index from the end for this order; here nothing would come first.
    "CREATE INDEX IF NOT EXISTS items_by_value_down ON items (value DESC NULLS LAST, media_id DESC)",
    "CREATE INDEX IF NOT EXISTS items_by_tab_and_value_down ON items (tab, value DESC NULLS LAST, media_id DESC)",
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    "CREATE INDEX IF NOT EXISTS item_words ON items USING gin (source_key gin_trgm_ops)",
)
_MOST_TRIES = 20
_PAUSE_S = 0.1
_log = structlog.get_logger()


def upgrade(engine: Engine) -> None:
    """Make what is missing; what is there stays as it is.

    Columns that came later are nullable: rows that were written before them keep none.
    """
    for left in range(_MOST_TRIES - 1, -1, -1):
        try:
            _make(engine)
            break
        except (IntegrityError, OperationalError, ProgrammingError):
            # Projector, pages and API start together: whoever comes later finds some of the tables just made.
            if not left:
                raise
            time.sleep(_PAUSE_S)
    _add_words(engine)


def _make(engine: Engine) -> None:
    metadata.create_all(engine)
    with engine.begin() as connection:
        _add_columns(connection)
        for table in metadata.sorted_tables:
            for index in table.indexes:
                index.create(connection, checkfirst=True)
        tallies.count_anew(connection)
        scored_by.note_all(connection)


def _add_columns(connection: Connection) -> None:
    found = inspect(connection)
    for table in metadata.sorted_tables:
        there = {column["name"] for column in found.get_columns(table.name)}
        for column in table.columns:
            if column.name not in there:
                definition = CreateColumn(column).compile(dialect=connection.dialect)
                connection.execute(text(f'ALTER TABLE "{table.name}" ADD COLUMN {definition}'))


def _add_words(engine: Engine) -> None:
    """The index behind the search for parts of names; where it cannot be had, the search reads every row."""
    try:
        with engine.begin() as connection:
            statements = () if has_words(connection) else _words_of(connection)
            for statement in statements:
                connection.execute(text(statement))
    except DBAPIError as why:
        with engine.connect() as connection:
            if not has_words(connection):
                _log.warning("search_without_index", why=str(why.orig))


def has_words(connection: Connection) -> bool:
    """Whether the index of words is there."""
    if connection.dialect.name == "sqlite":
        asked = text("SELECT 1 FROM sqlite_master WHERE name = :name")
        return connection.execute(asked, {"name": WORDS}).first() is not None
    return any(index["name"] == WORDS for index in inspect(connection).get_indexes(items.name))


def _words_of(connection: Connection) -> tuple[str, ...]:
    return {"sqlite": _SQLITE_WORDS, "postgresql": _POSTGRESQL_WORDS}.get(connection.dialect.name, ())
