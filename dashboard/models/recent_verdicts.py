"""The read model in, its latest finished verdicts and how many files come a day out."""

from dataclasses import dataclass

from sqlalchemy import Engine, func, select

from contracts.messages import MediaVerdict
from contracts.vocabulary import Lifecycle
from dashboard.read_tables import documents, items

_FINISHED = (Lifecycle.FINAL.value, Lifecycle.SUPERSEDED.value)
_DAY_S = 86_400.0
_LOOKED_BACK_DAYS = 7


@dataclass(frozen=True, kw_only=True)
class Volume:
    """Finished files that arrived within the last ``days`` (one to seven)."""

    files: int
    days: float

    @property
    def per_day(self) -> float:
        return self.files / self.days


def recent_verdicts(engine: Engine, *, most: int) -> list[MediaVerdict]:
    """The verdicts of the items that arrived last and are finished, newest first."""
    # Behind an expression the life cycle offers no index: nearly all items are finished, and the index of arrival ends
    # the reading after the first few.
    finished = func.coalesce(items.c.lifecycle, "").in_(_FINISHED)
    wanted = (
        select(documents.c.verdict)
        .join(items, items.c.media_id == documents.c.media_id)
        .where(finished, documents.c.verdict.is_not(None))
        .order_by(items.c.arrived_at_s.desc(), items.c.media_id.desc())
        .limit(most)
    )
    with engine.connect() as connection:
        return [MediaVerdict.model_validate_json(text) for text in connection.scalars(wanted)]


def volume(engine: Engine, *, now_s: float) -> Volume:
    """How many files came in the last week, or since the first one where that is less; never of less than a day."""
    since_s = now_s - _LOOKED_BACK_DAYS * _DAY_S
    asked = select(func.count(), func.min(items.c.arrived_at_s)).where(
        items.c.lifecycle.in_(_FINISHED), items.c.arrived_at_s >= since_s
    )
    with engine.connect() as connection:
        files, first_s = connection.execute(asked).one()
    return Volume(files=files, days=max(1.0, (now_s - first_s) / _DAY_S) if files else float(_LOOKED_BACK_DAYS))
