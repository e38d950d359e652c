"""The looks at one process in, what its tile says out: rates, times, errors, lag, memory, and whether it answers."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from dashboard.operations.metric_pages import Look, increase, per_second, quantile
from dashboard.operations.samples import Failure, Samples

WINDOW_S = 15 * 60.0
STALE_AFTER_S = 20.0
_SPARKS = 45
# The order of the data; processes beyond these follow in the order of their names.
_ORDER = ("ingest", "extract", "detect", "aggregate", "project", "api")
_EVENTS, _SECONDS = "telltale_events_total", "telltale_stage_seconds"


class Health(StrEnum):
    """How a process fares."""

    WORKING = "working"
    IDLE = "idle"
    STOPPED_ITSELF = "stopped itself"
    SILENT = "does not answer"
    UNKNOWN = "not known now"


@dataclass(frozen=True, kw_only=True)
class Tile:
    """One process over the last quarter of an hour; what could not be measured is ``None``, never zero.

    ``per_minute`` counts messages that were finished, ``sparks`` the same in even steps, oldest first; ``p50_s`` and
    ``p95_s`` are seconds per message; ``parked`` counts dead letters, ``lag`` messages that wait, by group.
    """

    process: str
    health: Health
    looked_at_s: float | None = None
    why: str = ""
    per_minute: float | None = None
    p50_s: float | None = None
    p95_s: float | None = None
    parked: float | None = None
    lag: dict[str, float] | None = None
    memory_mib: float | None = None
    sparks: tuple[float, ...] = ()

    @property
    def waiting(self) -> float | None:
        """Messages that wait for this process, over all of its groups."""
        return sum(self.lag.values()) if self.lag else None


def stage_of(process: str) -> str:
    """The stage that a process works at: ``detect-mesonet`` is one of several at the stage ``detect``."""
    first = process.partition("-")[0]
    return first if first in _ORDER else process


def in_order(processes: Iterable[str]) -> list[str]:
    """Processes in the order of the data."""

    def place(process: str) -> tuple[int, str]:
        stage = stage_of(process)
        return (_ORDER.index(stage) if stage in _ORDER else len(_ORDER), process)

    return sorted(processes, key=place)


def tiles_of(samples: Samples, *, now_s: float) -> list[Tile]:
    """What is known of every process, in the order of the data."""
    return [tile_of(name, samples, now_s=now_s) for name in in_order(samples.processes())]


def tile_of(process: str, samples: Samples, *, now_s: float) -> Tile:
    """What is known of one process."""
    latest = samples.latest(process)
    if latest is None:
        return Tile(process=process, health=Health.UNKNOWN)
    if isinstance(latest, Failure):
        return Tile(process=process, health=Health.SILENT, looked_at_s=latest.at_s, why=latest.why)
    if now_s - latest.at_s > STALE_AFTER_S:
        why = "nobody has looked at it since; the projector does that"
        return Tile(process=process, health=Health.UNKNOWN, looked_at_s=latest.at_s, why=why)
    # Two looks for every step that is drawn are enough, and reading them is most of what a page costs.
    looks = samples.since(process, now_s - WINDOW_S, most=2 * _SPARKS + 1)
    return _measured(process, looks or [latest], latest)


def _measured(process: str, looks: Sequence[Look], latest: Look) -> Tile:
    first, stage = looks[0], {"stage": stage_of(process)}
    is_span = latest.at_s > first.at_s
    rate = per_second(first, latest, _EVENTS, **stage) * 60.0 if is_span else None
    lag = latest.by("group", "telltale_consumer_lag_messages")
    memory = latest.total("process_resident_memory_bytes")
    return Tile(
        process=process,
        health=_health(latest, rate, lag),
        looked_at_s=latest.at_s,
        per_minute=rate,
        p50_s=quantile(first, latest, _SECONDS, 0.5, **stage) if is_span else None,
        p95_s=quantile(first, latest, _SECONDS, 0.95, **stage) if is_span else None,
        parked=increase(first, latest, "telltale_dead_letters_total") if is_span else None,
        lag=lag or None,
        memory_mib=None if memory is None else memory / 2**20,
        sparks=tuple(_sparks(looks, stage_of(process))),
    )


def _health(latest: Look, rate: float | None, lag: dict[str, float]) -> Health:
    if latest.total("telltale_fuse_blown"):
        return Health.STOPPED_ITSELF
    return Health.WORKING if rate or sum(lag.values()) else Health.IDLE


def _sparks(looks: Sequence[Look], stage: str) -> Iterator[float]:
    """Messages per minute in even steps; the last step is the newest."""
    if len(looks) < 2:
        return
    step_s = max((looks[-1].at_s - looks[0].at_s) / _SPARKS, 1e-3)
    finished = [0.0] * _SPARKS
    for before, after in pairwise(looks):
        place = min(int((after.at_s - looks[0].at_s) / step_s), _SPARKS - 1)
        finished[place] += increase(before, after, _EVENTS, stage=stage)
    yield from (count * 60.0 / step_s for count in finished)
