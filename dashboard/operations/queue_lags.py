"""The last looks at every process in; how many messages wait for which consumer group in which topic out."""

from dataclasses import dataclass

from dashboard.operations.metric_pages import Look
from dashboard.operations.samples import Samples


@dataclass(frozen=True, kw_only=True)
class Queues:
    """Messages that wait, by group and topic, and when the newest look was (seconds since 1970)."""

    waiting: dict[tuple[str, str], float]
    looked_at_s: float | None


def queues_of(samples: Samples) -> Queues:
    """The queues as the processes told of them last."""
    waiting: dict[tuple[str, str], float] = {}
    newest_s = None
    for process in samples.processes():
        look = samples.latest(process)
        if isinstance(look, Look):
            newest_s = max(newest_s or 0.0, look.at_s)
            # Every worker of a group shows the lag of the whole group.
            waiting |= _lags(look)
    return Queues(waiting=dict(sorted(waiting.items())), looked_at_s=newest_s)


def _lags(look: Look) -> dict[tuple[str, str], float]:
    return {
        (series.label("group") or "", series.label("topic") or ""): value
        for series, value in look.values.items()
        if series.name == "telltale_consumer_lag_messages"
    }
