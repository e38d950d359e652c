"""A folder in, the training runs below it out: their records, which of them go on, and which records are damaged."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any, Literal

from detectors.training.runs.run_claim import is_claimed
from detectors.training.runs.run_record import RECORD, RunRecord, UnreadableRun, read_record
from detectors.training.runs.setting_paths import decides_what_is_watched, differing

SeenState = Literal["running", "interrupted", "finished", "stopped early", "failed"]
_SILENCE = timedelta(minutes=30)
_NAMES_OF_RUNS = ("name", "out")


class NoSuchRun(LookupError):
    """There is no run of this name, or there are several."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run: its folder, its record, and whether it still goes on."""

    folder: Path
    record: RunRecord
    state: SeenState


@dataclass(frozen=True, slots=True)
class DamagedRun:
    """A folder whose record cannot be read, and why."""

    folder: Path
    why: str


@dataclass(frozen=True, slots=True)
class Found:
    """The runs below a folder."""

    runs: tuple[Run, ...]
    damaged: tuple[DamagedRun, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Settings in which runs differ, one value per run; by those in ``incomparable`` their AUCs mean other things."""

    settings: dict[str, list[Any]]
    incomparable: tuple[str, ...]


def runs_below(root: Path) -> Found:
    """Every run in ``root`` and its folders, by path; damaged records are listed apart."""
    runs, damaged = [], []
    for path in sorted(root.rglob(RECORD)):
        try:
            runs.append(run_in(path.parent))
        except (UnreadableRun, OSError) as why:
            damaged.append(DamagedRun(path.parent, str(why)))
    return Found(tuple(runs), tuple(damaged))


def run_in(folder: Path, *, now: datetime | None = None) -> Run:
    """The run in a folder.

    Raises:
        FileNotFoundError: there is no record.
        UnreadableRun: the record cannot be read.
    """
    record = read_record(folder)
    return Run(folder, record, state_of(record, is_claimed(folder), now or datetime.now(UTC)))


def state_of(record: RunRecord, claimed: bool | None, now: datetime) -> SeenState:
    """A run that says ``running`` is interrupted where its process is gone.

    Where no process claimed the folder, half an hour without news counts as gone.
    """
    if record.state != "running":
        return record.state
    alive = claimed if claimed is not None else now - record.updated_at < _SILENCE
    return "running" if alive else "interrupted"


def run_named(name: str, root: Path) -> Run:
    """The run of a folder, or the one below ``root`` that has this name.

    Raises:
        NoSuchRun: nothing or several have the name; the message lists what there is.
        UnreadableRun: its record cannot be read.
    """
    for folder in (Path(name), root / name):
        if (folder / RECORD).is_file():
            return run_in(folder)
    found = runs_below(root)
    named = [run for run in found.runs if run.record.name == name]
    if len(named) == 1:
        return named[0]
    if named:
        raise NoSuchRun(f"several runs are called {name}: {', '.join(str(run.folder) for run in named)}; give a folder")
    if damaged := [one for one in found.damaged if one.folder.name == name]:
        raise UnreadableRun(damaged[0].why)
    known = ", ".join(dict.fromkeys(run.record.name for run in found.runs)) or "none"
    raise NoSuchRun(f"there is no run {name} below {root}; runs there: {known}")


def compared(runs: Sequence[Run]) -> Comparison:
    """In what runs differ; names and folders are left out."""
    settings = differing([run.record.config for run in runs])
    settings = {path: values for path, values in settings.items() if path not in _NAMES_OF_RUNS}
    return Comparison(settings, tuple(filter(decides_what_is_watched, settings)))


def pace_of(record: RunRecord) -> float | None:
    """Pictures per second: the median over the checks, or nothing where none was made."""
    return median(check.pictures_per_s for check in record.history) if record.history else None
