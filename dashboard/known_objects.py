"""A read model in; the items of one bucket in the order of their keys out, page by page."""

from collections.abc import Iterator

from sqlalchemy import ColumnElement, Engine, collate, or_, select

from dashboard.read_tables import items
from ingest.reconciliation import KnownItem

PAGE = 2_000


def known_items(engine: Engine, bucket: str, *, page: int = PAGE) -> Iterator[KnownItem]:
    """Every item of ``bucket``, ordered by key and then by id; no transaction stays open between two pages.

    Keys are ordered by their bytes whatever the database's own language is.
    """
    key = _by_bytes(engine)
    after: tuple[str, str] | None = None
    while True:
        asked = select(items.c.source_key, items.c.media_id).where(items.c.bucket == bucket)
        if after is not None:
            asked = asked.where(key >= after[0], or_(key > after[0], items.c.media_id > after[1]))
        with engine.connect() as connection:
            rows = connection.execute(asked.order_by(key, items.c.media_id).limit(page)).all()
        yield from (KnownItem(row.source_key, row.media_id) for row in rows)
        if len(rows) < page:
            return
        after = (rows[-1].source_key, rows[-1].media_id)


def _by_bytes(engine: Engine) -> ColumnElement[str]:
    # SQLite compares bytes already, and would not use its index under another collation's name.
    return collate(items.c.source_key, "C") if engine.dialect.name == "postgresql" else items.c.source_key
