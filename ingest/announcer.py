"""Stored objects in; one ``media.uploaded`` per new version of each out, confirmed by Kafka and noted in the ledger."""

import time
from collections.abc import Sequence

import structlog

from contracts.messages import MediaUploaded
from contracts.telemetry import TRACE_HEADER, new_traceparent, trace_id_of
from contracts.topics import MEDIA_UPLOADED
from contracts.vocabulary import Lane, Stage
from ingest.identity import media_id_of
from ingest.ledger import Ledger
from ingest.object_store import ObjectStore, StoredObject, is_key
from ingest.publisher import Outgoing, Publisher
from ingest.telemetry import metric

BULK = "bulk/"
CHOICE = "detectors="

_log = structlog.get_logger()


def own_prefix(watched: ObjectStore, work: ObjectStore) -> str | None:
    """The prefix of ``watched`` under which the work bucket lies; nothing where it lies elsewhere.

    Raises:
        ValueError: both are the same place, so that every crop bundle would be taken for an upload.
    """
    if watched.url == work.url:
        raise ValueError(f"the watched bucket and the work bucket are the same place: {watched.url}")
    inside = work.url.removeprefix(f"{watched.url}/")
    return None if inside == work.url else f"{inside}/"


def lane_of(key: str) -> Lane:
    """The lane of an object by its key: what lies below ``bulk/`` can wait."""
    return Lane.BULK if key.startswith(BULK) else Lane.INTERACTIVE


def choice_of(key: str) -> tuple[str, ...] | None:
    """The detectors that an object's key asks for; nothing where it does not say, and then all are asked.

    >>> choice_of("uploads/detectors=telltale,mesonet/clip.mp4"), choice_of("clip.mp4")
    (('telltale', 'mesonet'), None)
    """
    for folder in key.split("/")[:-1]:
        if folder.startswith(CHOICE):
            return tuple(dict.fromkeys(name for name in folder.removeprefix(CHOICE).split(",") if name)) or None
    return None


class Announcer:
    """Says once of every object version in ``store`` that it has arrived.

    ``own_prefix`` is the part of the bucket that this pipeline writes to itself, where its work bucket lies inside;
    ``lane`` and ``detectors`` are those of every object, by its key if they are not given.
    """

    def __init__(
        self,
        store: ObjectStore,
        ledger: Ledger,
        publisher: Publisher,
        *,
        own_prefix: str | None,
        lane: Lane | None = None,
        detectors: tuple[str, ...] | None = None,
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._publisher = publisher
        self._own_prefix = own_prefix
        self._lane = lane
        self._detectors = detectors

    def wants(self, key: str) -> bool:
        """Whether an object of this key is an upload; folder markers and our own crop bundles are none."""
        ours = self._own_prefix is not None and key.startswith(self._own_prefix)
        return is_key(key) and not key.endswith("/") and not ours

    def announce(self, seen: Sequence[StoredObject]) -> int:
        """Announce those of ``seen`` that are news; on return all of them are confirmed. How many they were leaves.

        Raises:
            NotNow: Kafka is away; nothing is noted, so offering the same objects again announces them.
        """
        return self._announce(self._fresh([found for found in seen if self.wants(found.key)]))

    def announce_again(self, seen: Sequence[StoredObject]) -> int:
        """Announce all of ``seen`` that are uploads, also those that were announced before and then got lost.

        Raises:
            NotNow: Kafka is away.
        """
        every = {media_id_of(self._store.bucket, one.key, one.version): one for one in seen if self.wants(one.key)}
        return self._announce([self._announcement(item, found) for item, found in every.items()])

    def _announce(self, fresh: Sequence[Outgoing]) -> int:
        if not fresh:
            return 0
        began_s = time.monotonic()
        self._publisher.publish(fresh)
        self._ledger.note(one.message.media_id for one in fresh)
        self._tell(fresh, elapsed_s=time.monotonic() - began_s)
        return len(fresh)

    def _fresh(self, seen: Sequence[StoredObject]) -> list[Outgoing]:
        arrived = {media_id_of(self._store.bucket, found.key, found.version): found for found in seen}
        old = self._ledger.announced(arrived)
        return [self._announcement(item, found) for item, found in arrived.items() if item not in old]

    def _announcement(self, media_id: str, found: StoredObject) -> Outgoing:
        uploaded = MediaUploaded(
            media_id=media_id,
            bucket=self._store.bucket,
            key=found.key,
            version=found.version,
            size_bytes=found.size_bytes,
            source=self._store.kind,
            lane=self._lane or lane_of(found.key),
            detectors=self._detectors or choice_of(found.key),
            uploaded_at=found.modified_at,
        )
        return Outgoing(MEDIA_UPLOADED, uploaded, {TRACE_HEADER: new_traceparent()})

    def _tell(self, fresh: Sequence[Outgoing], *, elapsed_s: float) -> None:
        metric("telltale_events_total").labels(stage=Stage.INGEST, outcome="announced").inc(len(fresh))
        for one in fresh:
            metric("telltale_stage_seconds").labels(stage=Stage.INGEST).observe(elapsed_s)
            place = {"media_id": one.message.media_id, "trace_id": trace_id_of(one.headers)}
            _log.info("media_announced", key=getattr(one.message, "key", None), topic=one.topic.name, **place)
