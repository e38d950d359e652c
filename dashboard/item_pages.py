"""A question and the place where a page ended in; the next rows out, at the same cost on every page of any length."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, and_, select, tuple_

from dashboard.item_queries import Row
from dashboard.item_search import Order, Question, filters, in_tab, ordering
from dashboard.read_tables import items


@dataclass(frozen=True)
class Place:
    """The last row of a page: what it is sorted by (nothing: no number, which comes last) and its id."""

    sorted_by: float | None
    media_id: str


def page_after(engine: Engine, question: Question, after: Place | None, *, limit: int) -> list[Row]:
    """At most ``limit`` rows that follow ``after``; those that came in meanwhile do not shift the others."""
    with engine.connect() as connection:
        common = [*filters(question, connection), *in_tab(question)]
        rows: list[Row] = []
        for part in _parts(question.order, after):
            rows += _read(connection, question, [*common, *part], limit - len(rows))
            if len(rows) >= limit:
                break
        return rows


def place_of_row(row: Row, order: Order) -> Place:
    """Where a page ends that ends with ``row``."""
    return Place(row["value"] if order is Order.STRONGEST else row["arrived_at_s"], row["media_id"])


def _read(connection: Connection, question: Question, wanted: list[ColumnElement[bool]], limit: int) -> list[Row]:
    asked = select(items).where(*wanted).order_by(*ordering(question.order)).limit(limit)
    return [dict(row) for row in connection.execute(asked).mappings()]


def _parts(order: Order, after: Place | None) -> list[list[ColumnElement[bool]]]:
    """The conditions of the stretches of an index that follow ``after``, in their order."""
    if after is None:
        return [[]]
    if order is not Order.STRONGEST:
        return [[_beyond(items.c.arrived_at_s, after, up=order is Order.OLDEST)]]
    without = items.c.value.is_(None)
    if after.sorted_by is None:
        return [[without, items.c.media_id < after.media_id]]
    return [[items.c.value.is_not(None), _beyond(items.c.value, after, up=False)], [without]]


def _beyond(column: ColumnElement[Any], after: Place, *, up: bool) -> ColumnElement[bool]:
    here, there = tuple_(column, items.c.media_id), tuple_(after.sorted_by, after.media_id)
    # The plain comparison says no more than the other, and is what every database begins an index scan with.
    first = column >= after.sorted_by if up else column <= after.sorted_by
    return and_(first, here > there if up else here < there)
