"""A topic of an S3 bucket's notifications in; the objects that may be new out, to whoever announces them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from kafka import KafkaConsumer
from kafka.consumer.fetcher import ConsumerRecord

from contracts.errors import PoisonMessage
from ingest.bucket_listing import BucketListing
from ingest.kafka_login import KafkaAddress, client_arguments
from ingest.object_store import StoredObject
from ingest.sightings import Sightings, count

GROUP = "telltale.ingest"
_POLL_MS = 500
_MOST_RECORDS = 100


def open_consumer(kafka: KafkaAddress | str, topic: str) -> KafkaConsumer:
    """A consumer of notifications that commits only when it is told to; raises ``KafkaError`` while Kafka is away."""
    return KafkaConsumer(
        topic,
        **client_arguments(kafka),
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

    consumer: KafkaConsumer
    sightings: Sightings
    listing: BucketListing
    announce: Callable[[Sequence[StoredObject]], int]
    park: Callable[[ConsumerRecord, PoisonMessage], None]

    @property
    def is_assigned(self) -> bool:
        return bool(self.consumer.assignment())

    def step(self) -> None:
        """Handle the notifications that are there, then some objects of a listing that is due.

        Raises:
            NotNow: the store or Kafka is away. Nothing of this step is committed; begin again with a new consumer.
        """
        polled = self.consumer.poll(timeout_ms=0 if self.listing.is_under_way else _POLL_MS)
        records = [record for some in polled.values() for record in some]
        if records:
            self._handle(records)
            self.consumer.commit()
        self.listing.go_on()

    def _handle(self, records: Sequence[ConsumerRecord]) -> None:
        seen = [found for record in records for found in self._seen_by(record)]
        fresh = self.announce(seen)
        count("known", len(seen) - fresh)

    def _seen_by(self, record: ConsumerRecord) -> Iterator[StoredObject]:
        try:
            yield from self.sightings.of(record.value, record_key=record.key)
        except PoisonMessage as why:
            self.park(record, why)
            count("dead_letter")
