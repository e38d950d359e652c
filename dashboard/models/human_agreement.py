"""Reviews in; how people's conclusions stand to the verdicts, and to each other's, out as counts."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Engine, Subquery, and_, func, select
from sqlalchemy import case as when

from contracts.vocabulary import Verdict
from dashboard.read_tables import items, reviews
from dashboard.reviews import Outcome


@dataclass(frozen=True, kw_only=True)
class Tally:
    """How many people concluded ``outcome`` on items of this verdict, before or after they were shown it."""

    outcome: Outcome
    verdict: Verdict
    before_verdict: bool
    count: int


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Pairs of people who reviewed the same item, and how many of them concluded alike."""

    count: int
    alike: int


def against_verdicts(engine: Engine) -> list[Tally]:
    """Each person's last word on each item against the verdict that the item has now."""
    last = _last_words()
    kinds = (last.c.outcome, items.c.verdict, last.c.before_verdict)
    asked = (
        select(*kinds, func.count())
        .join(items, items.c.media_id == last.c.media_id)
        .where(last.c.place == 1, items.c.verdict.is_not(None))
        .group_by(*kinds)
    )
    with engine.connect() as connection:
        return [
            Tally(outcome=Outcome(outcome), verdict=Verdict(verdict), before_verdict=before, count=count)
            for outcome, verdict, before, count in connection.execute(asked)
        ]


def among_people(engine: Engine) -> Pairs:
    """Each pair of people with a last word on the same item."""
    one, other = _last_words(), _last_words()
    pair: ColumnElement[bool] = and_(one.c.media_id == other.c.media_id, one.c.reviewer < other.c.reviewer)
    alike = func.sum(when((one.c.outcome == other.c.outcome, 1), else_=0))
    asked = select(func.count(), alike).select_from(one.join(other, pair)).where(one.c.place == 1, other.c.place == 1)
    with engine.connect() as connection:
        count, same = connection.execute(asked).one()
    return Pairs(count=count, alike=same or 0)


def _last_words() -> Subquery:
    """Reviews, each with its ``place`` among those of the same person on the same item, the latest first."""
    newest_first = (reviews.c.reviewed_at_s.desc(), reviews.c.review_id.desc())
    place = func.row_number().over(partition_by=(reviews.c.media_id, reviews.c.reviewer), order_by=newest_first)
    return select(reviews, place.label("place")).subquery()
