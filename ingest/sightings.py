"""Notifications in, in whatever way they came; the objects that they are about, as the store has them now, out."""

from collections.abc import Iterator
from dataclasses import dataclass

from contracts.errors import ObjectMissing, PoisonMessage
from contracts.vocabulary import Stage
from ingest.dialects import Dialect
from ingest.notifications import parse
from ingest.object_events import Happening, ObjectEvent
from ingest.object_store import StoredObject
from ingest.object_stores.s3 import S3Store
from ingest.telemetry import metric

OUTCOMES = ("announced", "known", "removed", "no_upload", "gone", "dead_letter", "listed")


@dataclass(frozen=True)
class Sightings:
    """Looks up what notifications speak of; what they bring no object for is counted by its reason."""

    store: S3Store
    dialect: Dialect

    def of(self, raw: bytes | None, *, record_key: bytes | None = None) -> list[StoredObject]:
        """The objects that one message is about and that are there.

        Raises:
            PoisonMessage: it will never be understood.
            NotNow: the store is away.
        """
        return list(self._found(parse(raw, self.dialect, record_key=record_key)))

    def _found(self, events: tuple[ObjectEvent, ...]) -> Iterator[StoredObject]:
        for event in events:
            found = self._truth(event)
            if found is not None:
                yield found

    def _truth(self, event: ObjectEvent) -> StoredObject | None:
        key = self.store.key_in(event.key) if event.bucket == self.store.name else None
        if event.happening is Happening.REMOVED:
            count("removed")
        elif event.happening is Happening.OTHER or not key:
            count("no_upload")
        else:
            return self._stat(key)
        return None

    def _stat(self, key: str) -> StoredObject | None:
        try:
            return self.store.stat(key)
        except ObjectMissing:
            count("gone")
            return None
        except ValueError as why:
            raise PoisonMessage(str(why)) from why


def count(outcome: str, times: int = 1) -> None:
    """Note in the metrics how messages of this stage ended."""
    metric("telltale_events_total").labels(stage=Stage.INGEST, outcome=outcome).inc(times)
