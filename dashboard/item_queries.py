"""Questions of the pages in, rows out: the reading half of the read model."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Engine, Select, func, select

from contracts.vocabulary import Lifecycle
from dashboard.item_search import Order, Question, filters, ordering
from dashboard.projection import ItemDocuments
from dashboard.read_model import PROJECTOR, read_documents
from dashboard.read_tables import dead_letters, heartbeats, items, sequence, tallies, verdict_events

__all__ = ["PAGE_SIZE", "Order", "Question"]

PAGE_SIZE = 50
Row = Mapping[str, Any]


def page_of(engine: Engine, question: Question) -> list[Row]:
    """The rows of the first page of the inbox; ``item_pages`` has the others."""
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(page_statement(question, connection)).mappings()]


def page_statement(question: Question, connection: Connection | None = None) -> Select[Any]:
    """The statement behind ``page_of``; a test asks the database how it would run it."""
    asked = select(items).where(*filters(question, connection))
    return asked.order_by(*ordering(question.order)).limit(PAGE_SIZE)


def newer_items(engine: Engine, question: Question) -> int:
    """How many items came after ``question.until_change`` that its filters would show."""
    if question.until_change is None:
        return 0
    later = items.c.created_change > question.until_change
    with engine.connect() as connection:
        wanted = (later, *filters(replace(question, until_change=None)))
        return connection.scalar(select(func.count()).select_from(items).where(*wanted)) or 0


def changes_since(engine: Engine, change: int, *, limit: int = PAGE_SIZE) -> list[Row]:
    """The items that changed after ``change``, in the order of their changes."""
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(changes_statement(change, limit=limit)).mappings()]


def changes_statement(change: int, *, limit: int) -> Select[Any]:
    """The statement behind ``changes_since``."""
    return select(items).where(items.c.change > change).order_by(items.c.change).limit(limit)


def last_change(engine: Engine) -> int:
    """The number of the last change: as long as it stays, nothing has to be asked again."""
    with engine.connect() as connection:
        return connection.scalar(select(sequence.c.value)) or 0


def item(engine: Engine, media_id: str) -> ItemDocuments:
    """All that is known of one item."""
    with engine.connect() as connection:
        return read_documents(connection, media_id)


def item_row(engine: Engine, media_id: str) -> Row | None:
    """The inbox row of one item."""
    return _one(engine, select(items).where(items.c.media_id == media_id))


def item_of_key(engine: Engine, source_key: str) -> Row | None:
    """The latest item that came from an object with this key."""
    asked = select(items).where(items.c.source_key == source_key).order_by(items.c.arrived_at_s.desc()).limit(1)
    return _one(engine, asked)


def history_of(engine: Engine, media_id: str) -> list[Row]:
    """The verdict events of one item, oldest first."""
    asked = select(verdict_events).where(verdict_events.c.media_id == media_id).order_by(verdict_events.c.seq)
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(asked).mappings()]


def dead_letters_of(engine: Engine, media_id: str) -> list[Row]:
    """The dead letters of one item, oldest first."""
    asked = select(dead_letters).where(dead_letters.c.media_id == media_id).order_by(dead_letters.c.failed_at_s)
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(asked).mappings()]


def heartbeat_age_s(engine: Engine, *, now_s: float | None = None) -> float | None:
    """How long ago the projector was heard of; nothing if it never was."""
    with engine.connect() as connection:
        beat = connection.scalar(select(heartbeats.c.beat_at_s).where(heartbeats.c.name == PROJECTOR))
    return None if beat is None else max(0.0, (time.time() if now_s is None else now_s) - beat)


@dataclass(frozen=True, kw_only=True)
class Pulse:
    """The pipeline in four numbers."""

    items: int
    waiting: int
    failed: int
    dead_letters: int


def pulse(engine: Engine) -> Pulse:
    """How much there is, how much is under way, and how much went wrong."""
    with engine.connect() as connection:
        counted = select(tallies.c.lifecycle, func.sum(tallies.c.number)).group_by(tallies.c.lifecycle)
        by_lifecycle = {Lifecycle(word): int(number) for word, number in connection.execute(counted)}
        letters = connection.scalar(select(func.count()).where(dead_letters.c.settled.is_(None))) or 0
    waiting = (Lifecycle.RECEIVED, Lifecycle.ANALYSING, Lifecycle.PROVISIONAL)
    return Pulse(
        items=sum(by_lifecycle.values()),
        waiting=sum(by_lifecycle.get(word, 0) for word in waiting),
        failed=by_lifecycle.get(Lifecycle.FAILED, 0),
        dead_letters=letters,
    )


def _one(engine: Engine, asked: Select[Any]) -> Row | None:
    with engine.connect() as connection:
        row = connection.execute(asked).mappings().first()
    return dict(row) if row is not None else None
