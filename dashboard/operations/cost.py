"""Measured seconds per file and a wish in; how long so many files take on so many workers, and what that costs, out."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from dashboard.operations.metric_pages import Look, increase
from dashboard.operations.stage_tiles import stage_of

# Stages that several processes can share; the others are one each and cost next to nothing per file.
SHARED = ("extract", "detect")


@dataclass(frozen=True, kw_only=True)
class StagePace:
    """What a stage spent on one file, measured over ``files`` files; seconds of one worker."""

    stage: str
    seconds_per_file: float
    files: int


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """``hours`` until all files are done; ``limit`` is the stage that decides it; ``price`` for all workers."""

    hours: float
    limit: str
    price: float
    busy: Mapping[str, float]


def paces(first: Mapping[str, Look], last: Mapping[str, Look]) -> list[StagePace]:
    """Seconds per finished file of each shared stage, between two looks at every process.

    Several processes of a stage, such as one for each detector, count together. Files are those that extraction
    finished in that time: other stages see several messages of one file.
    """
    files = int(_grown(first, last, "extract", "telltale_events_total", outcome="done") or 0)
    if files < 1:
        return []
    found = []
    for stage in SHARED:
        spent = _grown(first, last, stage, "telltale_stage_seconds_sum")
        if spent is not None:
            found.append(StagePace(stage=stage, seconds_per_file=spent / files, files=files))
    return found


def _grown(first: Mapping[str, Look], last: Mapping[str, Look], stage: str, name: str, **labels: str) -> float | None:
    """By how much counters of a stage grew in all of its processes; nothing where it has none."""
    processes = [process for process in last if process in first and stage_of(process) == stage]
    grown = [increase(first[process], last[process], name, stage=stage, **labels) for process in processes]
    return sum(grown) if grown else None


def estimate(paces: list[StagePace], *, files: int, workers: Mapping[str, int], price_per_hour: float) -> Estimate:
    """How long ``files`` files take when the slowest stage decides; stages work side by side.

    Raises:
        ValueError: no stage was measured, or a stage has no worker.
    """
    if not paces:
        raise ValueError("nothing was measured yet, so nothing can be estimated")
    seconds = {}
    for pace in paces:
        count = workers.get(pace.stage, 0)
        if count < 1:
            raise ValueError(f"{pace.stage} needs at least one worker")
        seconds[pace.stage] = pace.seconds_per_file * files / count
    limit = max(seconds, key=lambda stage: seconds[stage])
    hours = seconds[limit] / 3600.0
    busy = {stage: (spent / seconds[limit] if seconds[limit] else math.nan) for stage, spent in seconds.items()}
    return Estimate(hours=hours, limit=limit, price=hours * sum(workers.values()) * price_per_hour, busy=busy)
