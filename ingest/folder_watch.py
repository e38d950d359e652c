"""A watched folder in; the files that have come to rest in it out, again whenever one is rewritten."""

import os
import re
import threading
import time
from collections.abc import Callable, Generator, Iterable
from pathlib import Path

import structlog
from watchfiles import watch

from contracts.errors import ObjectMissing
from ingest.object_store import StoredObject
from ingest.object_stores.folder import FolderStore

_UNFINISHED = re.compile(r"\..*|~.*|.*\.(part|tmp|crdownload)", re.IGNORECASE | re.DOTALL)
_SHORTEST_LOOK_MS = 50
_LONGEST_LOOK_MS = 500

_log = structlog.get_logger()


def is_unfinished(key: str) -> bool:
    """Whether a step of the path is hidden or bears a name that programs give to files they still write."""
    return any(_UNFINISHED.fullmatch(step) for step in key.split("/"))


class RestingFiles:
    """Which files have kept their size and modification time for ``settle_s``; pure, the time is an argument."""

    def __init__(self, settle_s: float) -> None:
        self._settle_s = settle_s
        self._unsettled: dict[str, tuple[StoredObject, float]] = {}
        self._told: dict[str, str] = {}

    def see(self, found: StoredObject, now_s: float) -> None:
        """Take note of a file as it is now; one that was told in this version is no news."""
        before = self._unsettled.get(found.key)
        if self._told.get(found.key) == found.version:
            self._unsettled.pop(found.key, None)
        elif before is None or before[0] != found:
            self._unsettled[found.key] = (found, now_s)

    def forget(self, key: str) -> None:
        """A file is gone."""
        self._unsettled.pop(key, None)
        self._told.pop(key, None)

    def unsettled(self) -> tuple[str, ...]:
        """The keys that have to be looked at again."""
        return tuple(self._unsettled)

    def take(self, now_s: float) -> list[StoredObject]:
        """The files that have rested long enough; each version leaves once."""
        rested = [found for found, since_s in self._unsettled.values() if now_s - since_s >= self._settle_s]
        for found in rested:
            del self._unsettled[found.key]
            self._told[found.key] = found.version
        return rested


class FolderWatch:
    """Follows a folder by the kernel's notices and, for those that get lost, by reading it every ``listing_s``."""

    def __init__(
        self,
        store: FolderStore,
        *,
        settle_s: float,
        listing_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._settle_s = settle_s
        self._listing_s = listing_s
        self._clock = clock
        self._files = RestingFiles(settle_s)
        self._list_at_s = clock()
        self._unreadable: set[str] = set()

    def arrivals(self, stop: threading.Event) -> Generator[list[StoredObject], None, None]:
        """Files that came to rest, in groups that may be empty, several times a second until ``stop`` is set.

        The first group comes when the folder is being watched; files that lay in it before are among the next ones.

        Raises:
            NotNow: the folder is away.
        """
        look_ms = int(min(max(self._settle_s * 250, _SHORTEST_LOOK_MS), _LONGEST_LOOK_MS))
        notices = watch(
            self._store.root,
            watch_filter=None,
            debounce=look_ms,
            rust_timeout=look_ms,
            yield_on_timeout=True,
            stop_event=stop,
            ignore_permission_denied=True,
        )
        for changes in notices:
            self._look_at(Path(path) for _, path in changes)
            self._list_if_due()
            self._look_again()
            yield self._files.take(self._clock())

    def _look_at(self, paths: Iterable[Path]) -> None:
        for path in paths:
            if path.is_dir():
                # A folder that was moved in gives one notice for all its files; files that were made inside it
                # before the kernel watched it give none, so the whole is read, and once more when it has settled.
                self._list(self._key_of(path))
                self._list_at_s = min(self._list_at_s, self._clock() + self._settle_s)
            elif key := self._key_of(path):
                self._look(key)

    def _look_again(self) -> None:
        for key in self._files.unsettled():
            self._look(key)

    def _list_if_due(self) -> None:
        if self._clock() >= self._list_at_s:
            self._list_at_s = self._clock() + self._listing_s
            self._list("")

    def _list(self, prefix: str | None) -> None:
        if prefix is not None and not is_unfinished(prefix):
            for found in self._store.list(f"{prefix}/" if prefix else ""):
                self._note(found)

    def _look(self, key: str) -> None:
        if is_unfinished(key):
            return
        try:
            self._note(self._store.stat(key))
        except (ObjectMissing, ValueError):  # gone, or a link that leads out of the bucket
            self._files.forget(key)

    def _note(self, found: StoredObject) -> None:
        if not is_unfinished(found.key) and self._is_readable(found.key):
            self._files.see(found, self._clock())

    def _is_readable(self, key: str) -> bool:
        if os.access(self._store.path_of(key), os.R_OK):
            self._unreadable.discard(key)
            return True
        if key not in self._unreadable:
            self._unreadable.add(key)
            _log.warning("file_not_readable", key=key)
        return False

    def _key_of(self, path: Path) -> str | None:
        try:
            return "" if path == self._store.root else self._store.key_of(path)
        except ValueError:  # outside, or a name that is no text
            return None
