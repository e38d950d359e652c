"""What a reader asks of the items in; conditions out under which a statement stays fast, however many there are."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, exists, func, or_

from dashboard.item_lookups import narrowed
from dashboard.item_question import Order, Question
from dashboard.read_tables import item_detectors, items, reviews

__all__ = ["Order", "Question"]


def _in_tab(question: Question) -> list[ColumnElement[bool]]:
    """The condition of the open tab."""
    return [items.c.tab == question.tab.value] if question.tab else []


def filters(question: Question, connection: Connection | None = None) -> list[ColumnElement[bool]]:
    """The tab and all other conditions; with a ``connection`` whatever few items have is looked up there first."""
    found = narrowed(question, connection) if connection is not None else None
    if found is None:
        kind = [items.c.kind == question.kind.value] if question.kind else []
        return [*_in_tab(question), *kind, *within_dates(question), *_others(question)]
    return among(sorted(found), question)


def among(media_ids: list[str], question: Question) -> list[ColumnElement[bool]]:
    """The same conditions for these items alone."""
    # Behind an expression the columns offer no index: without statistics a database would prefer it to the ids.
    tab = [func.coalesce(items.c.tab, "") == question.tab.value] if question.tab else []
    kind = [func.coalesce(items.c.kind, "") == question.kind.value] if question.kind else []
    dates = within_dates(question, func.coalesce(items.c.arrived_at_s, 0.0))
    return [items.c.media_id.in_(media_ids), *tab, *kind, *dates, *_others(question)]


def within_dates(question: Question, column: ColumnElement[Any] = items.c.arrived_at_s) -> list[ColumnElement[bool]]:
    """The condition of the times of arrival."""
    since = [column >= question.since_s] if question.since_s is not None else []
    before = [column < question.before_s] if question.before_s is not None else []
    return [*since, *before]


def ordering(order: Order) -> tuple[ColumnElement[Any], ...]:
    """Each is an index read from one end, so that a page costs the same whether there are a hundred or a million."""
    if order is Order.OLDEST:
        return items.c.arrived_at_s.asc(), items.c.media_id.asc()
    if order is Order.STRONGEST:
        return items.c.value.desc().nulls_last(), items.c.media_id.desc()
    return items.c.arrived_at_s.desc(), items.c.media_id.desc()


def _others(question: Question) -> list[ColumnElement[bool]]:
    wanted = [_mentions(word) for word in question.text.split()]
    if question.source:
        starts = func.substr(items.c.source_key, 1, len(question.source)) == question.source
        wanted.append(or_(func.coalesce(items.c.bucket, "") == question.source, starts))
    if question.detector:
        wanted.append(exists().where(_is_same(item_detectors), item_detectors.c.name == question.detector))
    if question.reviewer:
        wanted.append(exists().where(_is_same(reviews), reviews.c.reviewer == question.reviewer))
    if question.reviewed is not None:
        anybody = exists().where(_is_same(reviews))
        wanted.append(anybody if question.reviewed else ~anybody)
    if question.until_change is not None:
        wanted.append(func.coalesce(items.c.created_change, 0) <= question.until_change)
    return wanted


def _is_same(table: Any) -> ColumnElement[bool]:
    return and_(table.c.media_id == items.c.media_id)


def _mentions(word: str) -> ColumnElement[bool]:
    return or_(
        items.c.source_key.icontains(word, autoescape=True),
        items.c.media_id.startswith(word.lower(), autoescape=True),
        items.c.sha256.startswith(word.lower(), autoescape=True),
    )
