"""A folder for passing work in; folders of one's own inside it out, removed after use, and after a killed process."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

_PREFIX = "item-"
_log = structlog.get_logger()


@contextmanager
def private_folder(parent: Path) -> Iterator[Path]:
    """A new folder under ``parent`` that only this user may enter; it is gone afterwards, whatever was put into it.

    Before, what killed processes left there is removed: a folder belongs to a living process as long as that holds its
    lock, which the kernel takes back from a dead one. ``parent`` must lie on a file system of this machine.
    """
    parent.mkdir(parents=True, exist_ok=True)
    with _only_one(parent):
        remove_left_behind(parent)
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
        lock = _locked(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def remove_left_behind(parent: Path) -> int:
    """Remove the folders under ``parent`` whose process is gone; says how many. Call it with the parent's lock held."""
    removed = 0
    for folder in parent.glob(f"{_PREFIX}*"):
        try:
            lock = _locked(folder, wait=False)
        except BlockingIOError:
            continue
        except OSError:
            continue  # its process has just removed it, or it is no folder
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)
        removed += 1
    if removed:
        _log.warning("removed_left_behind", folders=removed)
    return removed


@contextmanager
def _only_one(parent: Path) -> Iterator[None]:
    """One process at a time makes and removes folders: a new one is locked before anybody looks at it."""
    file = _locked(parent)
    try:
        yield
    finally:
        os.close(file)


def _locked(folder: Path, *, wait: bool = True) -> int:
    """The descriptor that holds the lock; raises ``BlockingIOError`` where another process has it."""
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BaseException:
        os.close(file)
        raise
    return file
