"""Settings in; a process that turns uploads into ``media.uploaded`` until it is told to stop out.

A folder is watched, an S3 bucket's notifications are read and its contents listed; what is announced is the same.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import structlog
from kafka.consumer.fetcher import ConsumerRecord
from kafka.errors import KafkaError

from contracts.errors import NotNow, PoisonMessage
from contracts.settings import IngestSettings
from contracts.topics import DEAD_LETTERS
from contracts.vocabulary import Stage
from ingest.announcer import Announcer, own_prefix
from ingest.bucket_feed import OUTCOMES, BucketFeed, open_consumer
from ingest.dead_letter import REASON, dead_letter_of
from ingest.dialects import DIALECTS
from ingest.folder_watch import FolderWatch
from ingest.ledger import Ledger
from ingest.object_store import ObjectStore, open_store
from ingest.object_stores.folder import FolderStore
from ingest.object_stores.s3 import S3Store
from ingest.publisher import Publisher
from ingest.telemetry import health_page, metric, start_at_zero

LEDGER_FILE = "ingest.sqlite"
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
    publisher = Publisher(settings.kafka_bootstrap_servers, largest_message_bytes=DEAD_LETTERS.max_message_bytes)
    with (
        health_page(settings, ready.is_set),
        Ledger.open(settings.home / LEDGER_FILE) as ledger,
        closing(publisher),
    ):
        announcer = Announcer(watched, ledger, publisher, own_prefix=ours)
        _log.info("ingest_started", bucket=watched.url, kafka=settings.kafka_bootstrap_servers)
        _again_and_again(lambda: _feed(settings, watched, announcer, publisher, ready, stop), ready, stop)
    _log.info("ingest_stopped")


def _feed(
    settings: IngestSettings,
    watched: ObjectStore,
    announcer: Announcer,
    publisher: Publisher,
    ready: threading.Event,
    stop: threading.Event,
) -> None:
    if isinstance(watched, FolderStore):
        feed_from_folder(settings, watched, announcer, ready, stop)
    elif isinstance(watched, S3Store):
        feed_from_bucket(settings, watched, announcer, publisher, ready, stop)
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
    ready: threading.Event,
    stop: threading.Event,
) -> None:
    """Read notifications, list and announce until ``stop``; raises ``NotNow``, after which offsets are read anew."""

    def park(record: ConsumerRecord, why: PoisonMessage) -> None:
        publisher.publish([dead_letter_of(record, why)])
        metric("telltale_dead_letters_total").labels(stage=Stage.INGEST, reason=REASON).inc()
        _log.warning("notification_parked", why=str(why), topic=record.topic, offset=record.offset)

    with _kafka_away_means_not_now():
        consumer = open_consumer(settings.kafka_bootstrap_servers, settings.notifications_topic)
        try:
            feed = BucketFeed(
                store=store,
                dialect=DIALECTS[settings.notifications_dialect],
                consumer=consumer,
                announce=announcer.announce,
                park=park,
                listing_interval_s=settings.listing_interval_s,
            )
            while not stop.is_set():
                feed.step()
                (ready.set if feed.is_assigned else ready.clear)()
        finally:
            consumer.close(autocommit=False, timeout_ms=3_000)


@contextmanager
def _kafka_away_means_not_now() -> Iterator[None]:
    try:
        yield
    except KafkaError as why:
        raise NotNow(f"Kafka does not serve now: {type(why).__name__}: {why}") from why
