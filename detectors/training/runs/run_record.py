"""The state of a training run in, ``run.json`` in its folder out, and back: what was asked, seen and written so far."""

import os
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

RECORD = "run.json"
AVERAGE = "average.json"  # beside weights that are the average of several runs
RunState = Literal["running", "finished", "stopped early", "failed"]


class UnreadableRun(ValueError):
    """A file is no record of a training run, or one of another version."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Check(_Part):
    """One look at the people that are watched; ``loss`` is the mean over the steps since the check before.

    ``watch_auc`` and ``watch_log_loss`` are those of the averaged weights; ``pictures_per_s`` is the pace of training
    since the check before, with the time that the pictures took and without that of the checks.
    """

    step: int = Field(ge=0)
    loss: float
    watch_auc: float = Field(ge=0.0, le=1.0)
    watch_log_loss: float
    learning_rate: float
    pictures_per_s: float


class Best(_Part):
    """The check with the highest watch AUC so far; of equal ones the first."""

    step: int
    watch_auc: float


class WeightsFile(_Part):
    """The weights that the run would ship now, named relative to its folder."""

    file: str
    sha256: str
    bytes: int


class CheckpointFile(_Part):
    """What the run goes on from, named relative to its folder."""

    file: str


class Artefacts(_Part):
    """The files of a run; ``None`` until the first check has written them."""

    weights: WeightsFile | None = None
    checkpoint: CheckpointFile | None = None


class Skipped(_Part):
    """One file that nothing was learned from, and why."""

    path: str
    why: str


class Versions(_Part):
    """What the run was made with."""

    python: str
    torch: str
    telltale: str


class RunRecord(_Part):
    """Everything that is written down of one run.

    ``config`` holds the settings as they were read; ``trained_s`` are the seconds spent in steps, over all starts;
    ``resumed`` counts how often the run went on from a checkpoint. A run whose process was killed stays ``running``;
    ``updated_at`` tells when it was last alive.
    """

    name: str
    seed: int
    config: dict[str, Any]
    state: RunState
    started_at: datetime
    updated_at: datetime
    step: int
    steps: int
    trained_s: float
    best: Best | None = None
    history: tuple[Check, ...] = ()
    artefacts: Artefacts = Artefacts()
    skipped: tuple[Skipped, ...] = ()
    versions: Versions
    resumed: int = 0


def write_record(record: RunRecord, out: Path) -> None:
    """Write ``run.json`` into the folder of the run, whole or not at all."""
    out.mkdir(parents=True, exist_ok=True)
    part = out / f"{RECORD}.part"
    with part.open("w", encoding="utf-8") as file:
        file.write(record.model_dump_json(indent=1) + "\n")
        file.flush()
        os.fsync(file.fileno())
    part.replace(out / RECORD)


def read_record(out: Path) -> RunRecord:
    """The record in the folder of a run.

    Raises:
        FileNotFoundError: there is none.
        UnreadableRun: the file there is none, or one of another version.
    """
    path = out / RECORD
    try:
        return RunRecord.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise UnreadableRun(f"{path} is no record of a training run: {where}: {first['msg']}") from error
