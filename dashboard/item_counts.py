"""A question in; how many items each tab holds under its filters, or at least so many, out.

To count a hundred thousand rows for every look at a page would take longer than everything else on it. Without filters
the numbers are kept (``tallies.py``); what few items have is counted by its index; of anything broader the newest items
alone are counted, and the number then says that there may be more.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, func, select

from dashboard.item_lookups import MOST_LOOKED_UP, narrowed
from dashboard.item_question import Order, Question
from dashboard.item_search import among, filters, ordering, within_dates
from dashboard.projection import Tab
from dashboard.read_tables import items, reviews, tallies

_MOST_IN_DATES = 10_000


class Counted(NamedTuple):
    """How many there are; with ``or_more`` that is only the least there can be."""

    number: int
    or_more: bool = False

    @property
    def words(self) -> str:
        """``1,234``, ``1,000+``, or a question mark where none was found among those that were looked at."""
        if not self.or_more:
            return f"{self.number:,}"
        return f"{self.number:,}+" if self.number else "?"


def counted(engine: Engine, question: Question, *, among_newest: int = MOST_LOOKED_UP) -> dict[Tab, Counted]:
    """How many items each tab holds under the other filters of ``question``.

    Args:
        engine: the read model.
        question: its tab and order say nothing here.
        among_newest: so many items are looked at where the filters are too broad to count all that they leave.
    """
    asked = replace(question, tab=None, until_change=None)
    with engine.connect() as connection:
        if asked.has_dates and not asked.is_beyond_dates and not asked.kind:
            return {tab: _in_dates(connection, asked, tab) for tab in Tab}
        if not asked.is_beyond_dates and not asked.has_dates:
            return _exactly(_kept(connection, asked))
        if asked == Question(reviewed=False, order=asked.order):
            return _exactly(_not_reviewed(connection))
        found = narrowed(asked, connection)
        ids = found if found is not None else _newest(connection, asked, among_newest)
        is_all = found is not None or len(ids) < among_newest
        numbers = _by_tab(connection, select(items.c.tab, func.count()).where(*among(sorted(ids), asked)))
    return {tab: Counted(numbers.get(tab, 0), or_more=not is_all) for tab in Tab}


def tab_counts(engine: Engine, question: Question) -> dict[Tab, int]:
    """Exactly how many items each tab holds under the other filters; takes longer the more items fit."""
    asked = replace(question, tab=None, until_change=None)
    with engine.connect() as connection:
        if asked.is_beyond_dates or asked.has_dates:
            found = _by_tab(connection, select(items.c.tab, func.count()).where(*filters(asked, connection)))
        else:
            found = _kept(connection, asked)
    return {tab: found.get(tab, 0) for tab in Tab}


def _exactly(numbers: Mapping[Tab, int]) -> dict[Tab, Counted]:
    return {tab: Counted(numbers.get(tab, 0)) for tab in Tab}


def _kept(connection: Connection, question: Question) -> dict[Tab, int]:
    of_kind = [tallies.c.kind == question.kind.value] if question.kind else []
    asked = select(tallies.c.tab, func.sum(tallies.c.number).label("number")).where(*of_kind).group_by(tallies.c.tab)
    return {Tab(row.tab): int(row.number) for row in connection.execute(asked)}


def _not_reviewed(connection: Connection) -> dict[Tab, int]:
    one = select(reviews.c.media_id).distinct().subquery()
    done = _by_tab(
        connection, select(items.c.tab, func.count()).select_from(items).join(one, items.c.media_id == one.c.media_id)
    )
    return {tab: number - done.get(tab, 0) for tab, number in _kept(connection, Question()).items()}


def _in_dates(connection: Connection, question: Question, tab: Tab) -> Counted:
    # Read from the index of tab and arrival alone.
    some = select(items.c.media_id).where(items.c.tab == tab.value, *within_dates(question)).limit(_MOST_IN_DATES + 1)
    number = connection.scalar(select(func.count()).select_from(some.subquery())) or 0
    return Counted(min(number, _MOST_IN_DATES), or_more=number > _MOST_IN_DATES)


def _newest(connection: Connection, question: Question, number: int) -> set[str]:
    asked = select(items.c.media_id).where(*within_dates(question)).order_by(*ordering(Order.NEWEST)).limit(number)
    return set(connection.scalars(asked))


def _by_tab(connection: Connection, asked: Any) -> dict[Tab, int]:
    found: Any = connection.execute(asked.group_by(items.c.tab))
    return {Tab(tab): int(number) for tab, number in found}
