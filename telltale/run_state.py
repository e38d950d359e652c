"""The run of one home folder: its lock and its state file, written by ``up`` and read by every other command."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import IO

from pydantic import BaseModel, ConfigDict, ValidationError

from ingest.fuse import blown_fuses
from telltale.errors import CommandFailed


class ChildState(StrEnum):
    """How a supervised child fares."""

    STARTING = "starting"
    READY = "ready"
    COLD = "cold"
    BACKING_OFF = "backing_off"
    STOPPED = "stopped"


class StageStatus(BaseModel):
    """What is known of one child; ``detail`` says what went wrong last, ``log`` where its output is."""

    model_config = ConfigDict(frozen=True)

    state: ChildState
    pid: int | None = None
    restarts: int = 0
    since: datetime
    detail: str | None = None
    log: str


class RunState(BaseModel):
    """A run of ``telltale up``: addresses, topics and the state of each child; addresses are null until they answer.

    ``untrained`` are the detectors that had no weights when it began and run on random ones; ``fuses`` says why a stage
    has stopped itself.
    """

    model_config = ConfigDict(frozen=True)

    ready: bool = False
    running: bool = False
    pid: int | None = None
    home: str
    bucket: str | None = None
    kafka: str | None = None
    dashboard: str | None = None
    api: str | None = None
    metrics: dict[str, str] = {}
    stages: dict[str, StageStatus] = {}
    topics: dict[str, str] = {}
    notifications_topic: str | None = None
    detectors: tuple[str, ...] = ()
    untrained: tuple[str, ...] = ()
    fuses: dict[str, str] = {}
    started_at: datetime | None = None


def write(home: Path, state: RunState) -> None:
    """Replace the state file of ``home`` in one step."""
    file = _state_file(home)
    file.parent.mkdir(parents=True, exist_ok=True)
    half = file.with_suffix(".part")
    half.write_text(state.model_dump_json(indent=2), encoding="utf-8")
    half.replace(file)


def read(home: Path) -> RunState:
    """The state of the run at ``home``; one that says *not running* where nothing runs, or ever ran.

    Raises:
        CommandFailed: the state file is not one.
    """
    file = _state_file(home)
    try:
        state = RunState.model_validate_json(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return RunState(home=str(home.absolute()))
    except ValidationError as why:
        raise CommandFailed(f"{file} cannot be read as the state of a run; `telltale up` writes it anew.") from why
    if not is_running(home):
        return _as_ended(state)
    return state.model_copy(update={"fuses": {blown.stage.value: blown.why for blown in blown_fuses(home)}})


def running(home: Path) -> RunState:
    """The state of a run that goes on and whose Kafka answers. Raises ``CommandFailed`` where there is none."""
    state = read(home)
    if not state.running:
        raise CommandFailed(f"Nothing runs in {home}. Start it: telltale up --home {home}")
    if state.kafka is None:
        raise CommandFailed(f"The pipeline in {home} is still starting; `telltale status --home {home}` tells how far.")
    return state


def _as_ended(state: RunState) -> RunState:
    ended = {"state": ChildState.STOPPED, "pid": None}
    return state.model_copy(
        update={
            "ready": False,
            "running": False,
            "pid": None,
            "kafka": None,
            "stages": {name: stage.model_copy(update=ended) for name, stage in state.stages.items()},
        }
    )


def is_running(home: Path) -> bool:
    """Whether a ``telltale up`` holds the lock of ``home``."""
    file = _lock_file(home)
    if not file.exists():
        return False
    with file.open("r") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


@contextmanager
def only_run(home: Path) -> Iterator[None]:
    """Hold the lock of ``home``; the kernel lets it go when this process ends, however it ends.

    Raises:
        CommandFailed: another process holds it.
    """
    file = _lock_file(home)
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a+") as lock:
        if not _locked(lock):
            lock.seek(0)
            raise CommandFailed(
                f"Telltale already runs in {home} (process {lock.read().strip()}). "
                "Stop that one first, or choose another --home."
            )
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def _locked(lock: IO[str]) -> bool:
    """Take the lock; a reader in ``is_running`` may hold it for a moment, so one refusal says little."""
    for _ in range(20):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.05)
        else:
            return True
    return False


def _state_file(home: Path) -> Path:
    return home / "run" / "state.json"


def _lock_file(home: Path) -> Path:
    return home / "run" / "lock"
