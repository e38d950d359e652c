"""An S3 bucket's notifications and listings in; the objects that may be new out, to whoever announces them."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

import structlog
from kafka import KafkaConsumer
from kafka.consumer.fetcher import ConsumerRecord

from contracts.errors import ObjectMissing, PoisonMessage
from contracts.vocabulary import Stage
from ingest.dialects import Dialect
from ingest.notifications import Happening, ObjectEvent, parse
from ingest.object_store import StoredObject
from ingest.object_stores.s3 import S3Store
from ingest.telemetry import metric

GROUP = "telltale.ingest"
OUTCOMES = ("announced", "known", "removed", "no_upload", "gone", "dead_letter", "listed")
_POLL_MS = 500
_MOST_RECORDS = 100
_LISTED_AT_ONCE = 500

_log = structlog.get_logger()


def open_consumer(bootstrap_servers: str, topic: str) -> KafkaConsumer:
    """A consumer of notifications that commits only when it is told to; raises ``KafkaError`` while Kafka is away."""
    return KafkaConsumer(
        topic,
        bootstrap_servers=bootstrap_servers,
        group_id=GROUP,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        session_timeout_ms=10_000,
        heartbeat_interval_ms=1_000,
        request_timeout_ms=15_000,
        bootstrap_timeout_ms=5_000,  # pyright: ignore[reportCallIssue] - missing in the library's types
        reconnect_backoff_max_ms=2_000,
        metadata_max_age_ms=10_000,
        max_poll_records=_MOST_RECORDS,
    )


@dataclass
class BucketFeed:
    """Reads notifications for speed and lists the bucket for the ones that got lost; one ``step`` after the other.

    ``announce`` and ``park`` return when Kafka has confirmed, or raise ``NotNow``; only then are offsets committed.
    """

    store: S3Store
    dialect: Dialect
    consumer: KafkaConsumer
    announce: Callable[[Sequence[StoredObject]], int]
    park: Callable[[ConsumerRecord, PoisonMessage], None]
    listing_interval_s: float
    clock: Callable[[], float] = time.monotonic
    _listing: Iterator[StoredObject] | None = field(default=None, init=False)
    _list_at_s: float = field(default=float("-inf"), init=False)

    @property
    def is_assigned(self) -> bool:
        return bool(self.consumer.assignment())

    def step(self) -> None:
        """Handle the notifications that are there, then some objects of a listing that is due.

        Raises:
            NotNow: the store or Kafka is away. Nothing of this step is committed; begin again with a new consumer.
        """
        polled = self.consumer.poll(timeout_ms=0 if self._listing else _POLL_MS)
        records = [record for some in polled.values() for record in some]
        if records:
            self._handle(records)
            self.consumer.commit()
        self._list_on()

    def _handle(self, records: Sequence[ConsumerRecord]) -> None:
        seen = [found for record in records for found in self._sightings(record)]
        fresh = self.announce(seen)
        _count("known", len(seen) - fresh)

    def _sightings(self, record: ConsumerRecord) -> Iterator[StoredObject]:
        try:
            events = parse(record.value, self.dialect)
            found = [self._truth(event) for event in events]
        except PoisonMessage as why:
            self.park(record, why)
            _count("dead_letter")
            return
        yield from (one for one in found if one is not None)

    def _truth(self, event: ObjectEvent) -> StoredObject | None:
        key = self.store.key_in(event.key) if event.bucket == self.store.name else None
        if event.happening is Happening.REMOVED:
            _count("removed")
        elif event.happening is Happening.OTHER or not key:
            _count("no_upload")
        else:
            return self._stat(key)
        return None

    def _stat(self, key: str) -> StoredObject | None:
        try:
            return self.store.stat(key)
        except ObjectMissing:
            _count("gone")
            return None
        except ValueError as why:
            raise PoisonMessage(str(why)) from why

    def _list_on(self) -> None:
        if self._listing is None and self.clock() < self._list_at_s:
            return
        # Out of the field while it is read: a listing that breaks off begins again with the next step.
        listing, self._listing = self._listing or self.store.list(), None
        some = list(islice(listing, _LISTED_AT_ONCE))
        fresh = self.announce(some)
        if fresh:
            _log.info("listing_found_uploads", count=fresh)
            _count("listed", fresh)
        if len(some) == _LISTED_AT_ONCE:
            self._listing = listing
        else:
            self._list_at_s = self.clock() + self.listing_interval_s


def _count(outcome: str, times: int = 1) -> None:
    metric("telltale_events_total").labels(stage=Stage.INGEST, outcome=outcome).inc(times)
