"""Records that are about to be worked on in; how often each was begun and never ended out, however its workers died.

A count is written before the work begins and removed when the work has come to any end, so that a killed process
leaves it behind. Extraction keeps its counts in the work store beside what the item leaves there, where a lost machine
does not take them along; stages that finish a message in milliseconds keep them in a folder of their own machine.
"""

import json
from pathlib import Path

from contracts.errors import ObjectMissing, PoisonMessage
from ingest.object_store import ObjectStore
from ingest.object_stores.folder import FolderStore
from ingest.parking import ParkedRecord

MOST_TRIES = 3


class WorkerKilled(PoisonMessage):
    """Every worker that took this record died over it: park it before it takes the next one along."""


class Tries:
    """The tries of the records that a worker has in hand."""

    def __init__(self, store: ObjectStore, *, most: int = MOST_TRIES) -> None:
        self._store = store
        self._most = most
        self._in_hand: set[str] = set()

    def before(self, folder: str, record: ParkedRecord) -> int:
        """How many workers began this record and never ended it, the own one not counted. Raises ``NotNow``."""
        key = _key(folder, record)
        return self._count(key) - (key in self._in_hand)

    def begin(self, folder: str, record: ParkedRecord) -> None:
        """Count a try, once per worker, though waiting for a store may begin the work several times.

        Raises:
            WorkerKilled: that many workers began before, and none came to an end.
            NotNow: the store is away.
        """
        key = _key(folder, record)
        if key in self._in_hand:
            return
        before = self._count(key)
        if before >= self._most:
            raise WorkerKilled(f"{before} workers began this message and died before they could finish it")
        self._write(key, before + 1)
        self._in_hand.add(key)

    def end(self, folder: str, record: ParkedRecord) -> None:
        """The work has ended, well or badly, and whoever did it lives. Raises ``NotNow``."""
        key = _key(folder, record)
        self._store.delete(key)
        self._in_hand.discard(key)

    def let_go(self, folder: str, record: ParkedRecord) -> None:
        """The work is left undone by a worker that lives: its own try does not count. Raises ``NotNow``."""
        key = _key(folder, record)
        if key not in self._in_hand:
            return
        before = self._count(key) - 1
        if before > 0:
            self._write(key, before)
        else:
            self._store.delete(key)
        self._in_hand.discard(key)

    def _write(self, key: str, tries: int) -> None:
        self._store.write(key, json.dumps({"tries": tries}).encode())

    def _count(self, key: str) -> int:
        try:
            said = json.loads(self._store.read(key))
        except (ObjectMissing, ValueError):  # never begun, or a worker died while it wrote for the first time
            return 0
        tries = said.get("tries") if isinstance(said, dict) else None
        return tries if isinstance(tries, int) else 0


def tries_at(home: Path) -> Tries:
    """The tries that the workers on this machine keep below their home folder."""
    return Tries(FolderStore.make(home / "tries"))


def _key(folder: str, record: ParkedRecord) -> str:
    return f"{folder}/tries-{record.topic}-{record.partition}-{record.offset}.json"
