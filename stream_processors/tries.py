"""A record that is about to be worked on in; how often it was begun and never ended out, however its workers died.

The count lies in the work store beside what the item leaves there, so that neither a killed process nor a lost machine
takes it along. It is written before the work begins and removed when the work has come to any end.
"""

import json

from contracts.errors import ObjectMissing, PoisonMessage
from ingest.object_store import ObjectStore
from ingest.parking import ParkedRecord

MOST_TRIES = 3


class WorkerKilled(PoisonMessage):
    """Every worker that took this record died over it: park it before it takes the next one along."""


class Tries:
    """The tries of the one record that a worker has in hand."""

    def __init__(self, work: ObjectStore, *, most: int = MOST_TRIES) -> None:
        self._work = work
        self._most = most
        self._in_hand: str | None = None

    def begin(self, media_id: str, record: ParkedRecord) -> None:
        """Count a try, once per worker, though waiting for a store may begin the work several times.

        Raises:
            WorkerKilled: that many workers began before, and none came to an end.
            NotNow: the work store is away.
        """
        key = _key(media_id, record)
        if self._in_hand == key:
            return
        before = self._count(key)
        if before >= self._most:
            raise WorkerKilled(f"{before} workers began this message and died before they could finish it")
        self._work.write(key, json.dumps({"tries": before + 1}).encode())
        self._in_hand = key

    def end(self, media_id: str, record: ParkedRecord) -> None:
        """The work has ended, well or badly, and whoever did it lives. Raises ``NotNow``."""
        self._work.delete(_key(media_id, record))
        self._in_hand = None

    def _count(self, key: str) -> int:
        try:
            said = json.loads(self._work.read(key))
        except (ObjectMissing, ValueError):  # never begun, or a worker died while it wrote for the first time
            return 0
        tries = said.get("tries") if isinstance(said, dict) else None
        return tries if isinstance(tries, int) else 0


def _key(media_id: str, record: ParkedRecord) -> str:
    return f"crops/{media_id}/tries-{record.topic}-{record.partition}-{record.offset}.json"
