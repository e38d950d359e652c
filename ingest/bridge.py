"""Settings in; a process that turns uploads into ``media.uploaded`` until it is told to stop out.

A folder is watched, an S3 bucket's contents are listed and, where there are any, its notifications read from Kafka or
from SQS; what is announced is the same.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext

import structlog
from kafka import KafkaConsumer
from kafka.consumer.fetcher import ConsumerRecord
from kafka.errors import KafkaError

from contracts.errors import NotNow, PoisonMessage
from contracts.settings import IngestSettings
from contracts.topics import DEAD_LETTERS
from contracts.vocabulary import Stage
from ingest.announcer import Announcer, own_prefix
from ingest.bucket_feed import BucketFeed, open_consumer
from ingest.bucket_listing import BucketListing
from ingest.dead_letter import REASON, dead_letter_of
from ingest.dialects import DIALECTS
from ingest.folder_watch import FolderWatch
from ingest.fuse import Fuse
from ingest.kafka_login import KafkaAddress, address_of, trouble_with
from ingest.ledger import Ledger
from ingest.object_store import ObjectStore, open_store
from ingest.object_stores.folder import FolderStore
from ingest.object_stores.s3 import S3Store
from ingest.publisher import Publisher
from ingest.queue_feed import QueueFeed
from ingest.sightings import OUTCOMES, Sightings
from ingest.sqs_queue import QueuedMessage, SqsQueue
from ingest.telemetry import health_page, metric, start_at_zero

LEDGER_FILE = "ingest.sqlite"
NO_NOTIFICATIONS = "none"
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 10.0

_log = structlog.get_logger()


def run(settings: IngestSettings, stop: threading.Event) -> None:
    """Announce uploads until ``stop`` is set; what is in hand then is finished if Kafka lets it, else found again."""
    start_at_zero("telltale_events_total", stage=[Stage.INGEST], outcome=OUTCOMES)
    start_at_zero("telltale_dead_letters_total", stage=[Stage.INGEST], reason=[REASON])
    ready = threading.Event()
    watched = open_store(settings.bucket)
    ours = own_prefix(watched, open_store(settings.work_bucket))
    kafka = address_of(settings)
    publisher = Publisher(kafka, largest_message_bytes=DEAD_LETTERS.max_message_bytes)
    with (
        health_page(settings, ready.is_set),
        Ledger.open(settings.home / LEDGER_FILE) as ledger,
        closing(publisher),
    ):
        announcer = Announcer(watched, ledger, publisher, own_prefix=ours)
        _log.info("ingest_started", bucket=watched.url, kafka=str(kafka))
        # By time alone: what went through is not counted, most of it comes from listings.
        fuse = Fuse.of(Stage.INGEST, settings, share=1.0)
        with _queue_of(settings, watched, announcer, publisher, fuse, ready, stop) as queue:
            _again_and_again(
                lambda: _feed(settings, watched, announcer, publisher, fuse, queue, ready, stop), ready, stop
            )
    _log.info("ingest_stopped")


def _feed(
    settings: IngestSettings,
    watched: ObjectStore,
    announcer: Announcer,
    publisher: Publisher,
    fuse: Fuse,
    queue: QueueFeed | None,
    ready: threading.Event,
    stop: threading.Event,
) -> None:
    if isinstance(watched, FolderStore):
        feed_from_folder(settings, watched, announcer, ready, stop)
    elif queue is not None:
        feed_from_queue(queue, ready, stop)
    elif isinstance(watched, S3Store) and settings.notifications_dialect == NO_NOTIFICATIONS:
        feed_from_listing(_listing_of(settings, watched, announcer), ready, stop)
    elif isinstance(watched, S3Store):
        feed_from_bucket(settings, watched, announcer, publisher, fuse, ready, stop)
    else:
        raise TypeError(f"no way to hear of uploads to {watched.url}")


def _again_and_again(attempt: Callable[[], None], ready: threading.Event, stop: threading.Event) -> None:
    pause_s = _FIRST_PAUSE_S
    while not stop.is_set():
        try:
            attempt()
        except NotNow as why:
            pause_s = _FIRST_PAUSE_S if ready.is_set() else min(2 * pause_s, _LONGEST_PAUSE_S)
            ready.clear()
            _log.warning("ingest_waits", why=str(why), pause_s=pause_s)
            stop.wait(pause_s)


def feed_from_folder(
    settings: IngestSettings, store: FolderStore, announcer: Announcer, ready: threading.Event, stop: threading.Event
) -> None:
    """Watch and announce until ``stop``; raises ``NotNow``, after which the folder is read anew."""
    watch = FolderWatch(store, settle_s=settings.settle_s, listing_s=settings.listing_interval_s)
    with closing(watch.arrivals(stop)) as arrivals:
        for rested in arrivals:
            ready.set()
            announcer.announce(rested)


def feed_from_bucket(
    settings: IngestSettings,
    store: S3Store,
    announcer: Announcer,
    publisher: Publisher,
    fuse: Fuse,
    ready: threading.Event,
    stop: threading.Event,
) -> None:
    """Read notifications, list and announce until ``stop``; raises ``NotNow``, after which offsets are read anew."""

    def park(record: ConsumerRecord, why: PoisonMessage) -> None:
        publisher.publish([dead_letter_of(record, why)])
        metric("telltale_dead_letters_total").labels(stage=Stage.INGEST, reason=REASON).inc()
        _log.warning("notification_parked", why=str(why), topic=record.topic, offset=record.offset)
        if fuse.blows(parked=True):
            ready.clear()
            with _held(consumer) as stay:
                fuse.wait(stop, stay)

    kafka = address_of(settings)
    with _kafka_away_means_not_now(kafka):
        consumer = open_consumer(kafka, settings.notifications_topic)
        try:
            feed = BucketFeed(
                consumer=consumer,
                sightings=Sightings(store, DIALECTS[settings.notifications_dialect]),
                listing=_listing_of(settings, store, announcer),
                announce=announcer.announce,
                park=park,
            )
            while not stop.is_set():
                feed.step()
                (ready.set if feed.is_assigned else ready.clear)()
        finally:
            consumer.close(autocommit=False, timeout_ms=3_000)


def feed_from_queue(feed: QueueFeed, ready: threading.Event, stop: threading.Event) -> None:
    """Read messages, list and announce until ``stop``; raises ``NotNow``, after which ``feed`` goes on as it is."""
    while not stop.is_set():
        feed.step()
        ready.set()


def feed_from_listing(listing: BucketListing, ready: threading.Event, stop: threading.Event) -> None:
    """List and announce until ``stop``, for a store that tells nothing; raises ``NotNow``."""
    while not stop.is_set():
        listing.go_on()
        ready.set()
        stop.wait(listing.rest_s)


def _queue_of(
    settings: IngestSettings,
    watched: ObjectStore,
    announcer: Announcer,
    publisher: Publisher,
    fuse: Fuse,
    ready: threading.Event,
    stop: threading.Event,
) -> AbstractContextManager[QueueFeed | None]:
    """The feed from SQS, where the settings name a queue; what it has in hand outlives an outage."""
    if settings.notifications_queue is None or not isinstance(watched, S3Store):
        return nullcontext()
    queue = SqsQueue(settings.notifications_queue)

    def park(message: QueuedMessage, why: PoisonMessage) -> None:
        publisher.publish([dead_letter_of(_as_record(queue, message), why)])
        metric("telltale_dead_letters_total").labels(stage=Stage.INGEST, reason=REASON).inc()
        _log.warning("notification_parked", why=str(why), queue=queue.name, message_id=message.message_id)
        if fuse.blows(parked=True):
            ready.clear()
            fuse.wait(stop)

    listing = _listing_of(settings, watched, announcer)
    sightings = Sightings(watched, DIALECTS["aws"])
    return closing(QueueFeed(queue, sightings, listing, announce=announcer.announce, park=park))


def _listing_of(settings: IngestSettings, store: S3Store, announcer: Announcer) -> BucketListing:
    return BucketListing(store, announcer.announce, interval_s=settings.listing_interval_s, settle_s=settings.settle_s)


def _as_record(queue: SqsQueue, message: QueuedMessage) -> ConsumerRecord:
    """A queue has no offsets: the message's own id stands for its place."""
    place = {"topic": f"sqs:{queue.name}/{message.message_id}", "partition": 0, "offset": 0, "value": message.body}
    return ConsumerRecord(**{**dict.fromkeys(ConsumerRecord._fields), **place, "headers": []})


@contextmanager
def _held(consumer: KafkaConsumer) -> Iterator[Callable[[], None]]:
    """Keep a consumer's partitions without reading; call what is given now and then.

    Raises:
        NotNow: the partitions were taken and given anew, so that reading has to begin at the committed offsets.
    """
    assigned = consumer.assignment()
    consumer.pause(*assigned)

    def stay() -> None:
        if consumer.poll(timeout_ms=0) or consumer.assignment() != assigned:
            raise NotNow("the notifications went to another process while the fuse was blown")

    yield stay
    consumer.resume(*assigned)


@contextmanager
def _kafka_away_means_not_now(kafka: KafkaAddress) -> Iterator[None]:
    try:
        yield
    except KafkaError as why:
        raise trouble_with(kafka, why) from why
