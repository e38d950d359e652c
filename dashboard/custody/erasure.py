"""A media id in; its rows gone: from lists, documents and history and, on deletion, what its records said."""

from typing import Any

from sqlalchemy import Connection, Engine, Table, delete, func, select, text

from dashboard import tallies
from dashboard.custody.tables import audit_bodies, audit_chain, forgotten
from dashboard.read_tables import items, metadata, sequence


def _tables() -> list[Table]:
    """Every table that speaks of single items, whoever added it; what is forgotten stays so."""
    return [table for table in metadata.sorted_tables if "media_id" in table.c and table is not forgotten]


def rows_of(connection: Connection, media_id: str) -> dict[str, int]:
    """How many rows each table has of an item."""
    found = {}
    for table in (*_tables(), audit_bodies):
        column = table.c.subject if table is audit_bodies else table.c.media_id
        asked = select(func.count()).select_from(table).where(column == media_id)
        found[table.name] = connection.scalar(asked) or 0
    return found


def erase_rows(connection: Connection, media_id: str) -> None:
    """Remove an item from everything that the pages show, and number that as a change."""
    before = connection.execute(select(items).where(items.c.media_id == media_id)).mappings().first()
    for table in _tables():
        connection.execute(delete(table).where(table.c.media_id == media_id))
    tallies.moved(connection, dict(before) if before else None, None)
    connection.execute(sequence.update().values(value=sequence.c.value + 1))


def erase_bodies(connection: Connection, media_id: str) -> None:
    """Remove what the records about an item say; the triggers allow it once its deletion is on the chain."""
    last = select(audit_chain.c.number).where(audit_chain.c.subject == media_id, audit_chain.c.kind == "deleted")
    here = (audit_bodies.c.subject == media_id, audit_bodies.c.number.not_in(last))
    connection.execute(delete(audit_bodies).where(*here))


def scrub(engine: Engine) -> str | None:
    """Take what was deleted out of the database's files too; why that is not done yet, where it is not.

    SQLite overwrites deleted rows (``secure_delete``); its write-ahead log and its word index are emptied here.
    PostgreSQL keeps dead rows until it vacuums, which is asked for here.
    """
    connection: Any
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for table in (*_tables(), audit_bodies):
                connection.execute(text(f'VACUUM "{table.name}"'))
        return None
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if connection.execute(text("SELECT 1 FROM sqlite_master WHERE name = 'item_words'")).first():
            connection.execute(text("INSERT INTO item_words(item_words) VALUES ('optimize')"))
        busy, _, _ = connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)")).one()
    return "a reader holds the write-ahead log of the read model; it is emptied with the next write" if busy else None
