"""A question and a place in its list in; the rows around it out, at the same cost however far in the place is."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, and_, select, tuple_

from dashboard.cursors import NoCursor, decoded, encoded
from dashboard.item_queries import PAGE_SIZE, Row
from dashboard.item_search import Order, Question, filters, ordering
from dashboard.read_tables import items


@dataclass(frozen=True)
class Place:
    """A row of a list: what it is sorted by (nothing: no number, which comes last) and its id."""

    sorted_by: float | None
    media_id: str


@dataclass(frozen=True)
class Page:
    """Rows of a list, and whether there are others on either side."""

    rows: list[Row]
    has_before: bool = False
    has_after: bool = False

    def before(self, order: Order) -> str:
        """The word for the place where the page before this one ends; empty where there is none."""
        return cursor_of(self.rows[0], order) if self.has_before and self.rows else ""

    def after(self, order: Order) -> str:
        """The word for the place behind which the next page begins; empty where there is none."""
        return cursor_of(self.rows[-1], order) if self.has_after and self.rows else ""


def page_at(engine: Engine, question: Question, *, after: str = "", before: str = "", limit: int = PAGE_SIZE) -> Page:
    """The page behind or before a place, else the first one; a word that is none of this list counts as not given.

    What comes in meanwhile shifts no page but the first.
    """
    behind, ahead = _place(after, question.order), _place(before, question.order)
    if behind is None and ahead is not None:
        rows = page_before(engine, question, ahead, limit=limit + 1)
        if len(rows) > limit:
            return Page(rows[1:], has_before=True, has_after=True)
    rows = page_after(engine, question, behind, limit=limit + 1)
    return Page(rows[:limit], has_before=behind is not None, has_after=len(rows) > limit)


def page_after(engine: Engine, question: Question, after: Place | None, *, limit: int) -> list[Row]:
    """At most ``limit`` rows that follow ``after``; those that came in meanwhile do not shift the others."""
    return _read(engine, question, _parts(question.order, after), limit=limit, back=False)


def page_before(engine: Engine, question: Question, before: Place, *, limit: int) -> list[Row]:
    """At most ``limit`` rows that lead up to ``before``, in the order of the list."""
    return _read(engine, question, _parts_back(question.order, before), limit=limit, back=True)[::-1]


def place_of_row(row: Row, order: Order) -> Place:
    """Where a page ends that ends with ``row``."""
    return Place(row["value"] if order is Order.STRONGEST else row["arrived_at_s"], row["media_id"])


def cursor_of(row: Row, order: Order) -> str:
    """The word for the place of ``row``."""
    place = place_of_row(row, order)
    return encoded(order, place.sorted_by, place.media_id)


def place_of(cursor: str, order: Order) -> Place | None:
    """The place that a word stands for; nothing for a place of a list in another order. Raises ``NoCursor``."""
    place = decoded(cursor, [str, (int, float, type(None)), str])
    return Place(place[1], place[2]) if place[0] == order else None


def _place(cursor: str, order: Order) -> Place | None:
    try:
        return place_of(cursor, order) if cursor else None
    except NoCursor:
        return None


def _read(
    engine: Engine, question: Question, parts: list[list[ColumnElement[bool]]], *, limit: int, back: bool
) -> list[Row]:
    with engine.connect() as connection:
        common = filters(question, connection)
        rows: list[Row] = []
        for part in parts:
            rows += _stretch(connection, question, [*common, *part], limit - len(rows), back=back)
            if len(rows) >= limit:
                break
        return rows


def _stretch(
    connection: Connection, question: Question, wanted: list[ColumnElement[bool]], limit: int, *, back: bool
) -> list[Row]:
    order = _backwards(question.order) if back else ordering(question.order)
    asked = select(items).where(*wanted).order_by(*order).limit(limit)
    return [dict(row) for row in connection.execute(asked).mappings()]


def _backwards(order: Order) -> tuple[ColumnElement[Any], ...]:
    if order is Order.STRONGEST:
        return items.c.value.asc().nulls_first(), items.c.media_id.asc()
    return ordering(Order.NEWEST if order is Order.OLDEST else Order.OLDEST)


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


def _parts_back(order: Order, before: Place) -> list[list[ColumnElement[bool]]]:
    """The conditions of the stretches that come before ``before``, the nearest first."""
    if order is not Order.STRONGEST:
        return [[_beyond(items.c.arrived_at_s, before, up=order is not Order.OLDEST)]]
    numbered = items.c.value.is_not(None)
    if before.sorted_by is None:
        return [[items.c.value.is_(None), items.c.media_id > before.media_id], [numbered]]
    return [[numbered, _beyond(items.c.value, before, up=True)]]


def _beyond(column: ColumnElement[Any], place: Place, *, up: bool) -> ColumnElement[bool]:
    here, there = tuple_(column, items.c.media_id), tuple_(place.sorted_by, place.media_id)
    # The plain comparison says no more than the other, and is what every database begins an index scan with.
    first = column >= place.sorted_by if up else column <= place.sorted_by
    return and_(first, here > there if up else here < there)
