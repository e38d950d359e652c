"""The folder of a run in, the sole right to write there out; the right ends with its process, however that ends."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

LOCK = "run.lock"
_PATIENCE_S = 0.5
_PAUSE_S = 0.02


class RunInUse(RuntimeError):
    """Another process writes into the folder of this run."""


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Write into ``folder`` alone as long as the context lasts; the folder is made where it is missing.

    Raises:
        RunInUse: another process has claimed it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("a") as file:
        _take(file, folder)
        yield


def is_claimed(folder: Path) -> bool | None:
    """Whether a process writes there now; ``None`` where no process ever claimed the folder."""
    try:
        with (folder / LOCK).open() as file:
            return not _taken(file, fcntl.LOCK_SH)
    except FileNotFoundError:
        return None


def _take(file: IO[str], folder: Path) -> None:
    # Somebody who only asks whether the folder is claimed holds the lock for a moment.
    until = time.monotonic() + _PATIENCE_S
    while not _taken(file, fcntl.LOCK_EX):
        if time.monotonic() > until:
            raise RunInUse(f"another process trains in {folder}; wait for it, or use another folder")
        time.sleep(_PAUSE_S)


def _taken(file: IO[str], how: int) -> bool:
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
