"""The latest verdicts in; how each detector answered on them out: whether it works, as seen from its results."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from statistics import median

from sqlalchemy import Engine, select

from contracts.messages import DetectorResult, MediaVerdict
from contracts.vocabulary import DetectorStatus, Lifecycle
from dashboard.read_tables import documents, verdict_events

_LATEST = 50


@dataclass
class Answers:
    """One detector's answers; ``median_ms`` is over those that came with a number."""

    by_status: Counter[DetectorStatus] = field(default_factory=Counter)
    untrained: int = 0
    times_ms: list[float] = field(default_factory=list)

    @property
    def median_ms(self) -> float | None:
        return median(self.times_ms) if self.times_ms else None

    def add(self, result: DetectorResult) -> None:
        """Count one more."""
        self.by_status[result.status] += 1
        self.untrained += result.untrained
        if result.status is DetectorStatus.SCORED and result.ms is not None:
            self.times_ms.append(result.ms)


@dataclass(frozen=True)
class RecentAnswers:
    """How many of the latest finished items were looked at, and what each detector said of them."""

    items: int
    by_detector: dict[str, Answers]


def of(engine: Engine) -> RecentAnswers:
    """The answers in the latest final verdicts."""
    verdicts = latest_verdicts(engine, limit=_LATEST)
    by_detector: defaultdict[str, Answers] = defaultdict(Answers)
    for verdict in verdicts:
        for result in verdict.detectors:
            by_detector[result.name].add(result)
    return RecentAnswers(len(verdicts), dict(by_detector))


def latest_verdicts(engine: Engine, *, limit: int) -> list[MediaVerdict]:
    """The latest verdict of each of the items that were finished last, newest first."""
    # A few more events than are wanted are read: some are provisional, some are of the same item.
    newest = select(verdict_events.c.media_id, verdict_events.c.lifecycle).order_by(verdict_events.c.change.desc())
    with engine.connect() as connection:
        rows = connection.execute(newest.where(verdict_events.c.change.is_not(None)).limit(4 * limit)).all()
        finished = dict.fromkeys(row.media_id for row in rows if row.lifecycle == Lifecycle.FINAL)
        ids = list(finished)[:limit]
        asked = select(documents.c.media_id, documents.c.verdict).where(documents.c.media_id.in_(ids))
        found = {row.media_id: row.verdict for row in connection.execute(asked)}
    return [MediaVerdict.model_validate_json(found[name]) for name in ids if found.get(name)]
