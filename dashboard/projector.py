"""Settings in; a process that keeps the read model in step with the topics until it is told to stop out."""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field

import structlog
from kafka import ConsumerRebalanceListener, KafkaConsumer
from kafka.consumer.fetcher import ConsumerRecord
from kafka.errors import CommitFailedError, KafkaError
from kafka.structs import OffsetAndMetadata, TopicPartition
from sqlalchemy.exc import DataError, InterfaceError, OperationalError

from contracts.codec import decode
from contracts.errors import NotNow, PoisonMessage
from contracts.messages import DeadLetter, Message
from contracts.topics import DEAD_LETTERS, MEDIA_EXTRACTED, MEDIA_UPLOADED, MEDIA_VERDICTS
from contracts.vocabulary import Stage
from dashboard.custody import anchors
from dashboard.custody.settings import CustodySettings
from dashboard.read_model import Position, ReadModelWriter, open_engine, url_of
from ingest.fuse import Fuse
from ingest.kafka_login import KafkaAddress, address_of, client_arguments
from ingest.parking import ParkedRecord, letter_of
from ingest.publisher import Outgoing, Publisher
from ingest.telemetry import health_page, metric, start_at_zero

GROUP = "telltale.project"
TOPICS = (MEDIA_UPLOADED, MEDIA_EXTRACTED, MEDIA_VERDICTS, DEAD_LETTERS)
REASON = "unreadable_message"
_UNFIT = (DataError, InterfaceError, OverflowError, ValueError)
_CARRIED = {topic.name: topic.carries for topic in TOPICS}
_POLL_MS = 500
_MOST_RECORDS = 200
_BEAT_EVERY_S = 1.0
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 10.0
# Base64 makes a third more of the bytes, and the letter itself has to fit into its topic.
_MOST_KEPT_BYTES = 2_500_000

_log = structlog.get_logger()


@dataclass
class Reading:
    """What a batch of records came to: messages to apply, letters to park, and how far each partition was read."""

    understood: list[tuple[ConsumerRecord, Message]] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)
    reached: dict[TopicPartition, int] = field(default_factory=dict)

    @property
    def messages(self) -> list[Message]:
        return [message for _, message in self.understood]

    @property
    def positions(self) -> list[Position]:
        return [Position(part.topic, part.partition, offset) for part, offset in self.reached.items()]


def read(records: Iterable[ConsumerRecord]) -> Reading:
    """Understand records; one that cannot be understood becomes a dead letter and stops nothing."""
    reading = Reading()
    for record in records:
        try:
            # On the compacted topic a record without a value is how a deleted item leaves it.
            if record.value is not None or record.topic != MEDIA_VERDICTS.name:
                reading.understood.append((record, decode(record.value, _CARRIED[record.topic])))
        except PoisonMessage as why:
            reading.letters.append(dead_letter_of(record, why))
        part = TopicPartition(record.topic, record.partition)
        reading.reached[part] = max(reading.reached.get(part, 0), record.offset + 1)
    return reading


def dead_letter_of(record: ConsumerRecord, why: PoisonMessage) -> DeadLetter:
    """The same letter on every delivery of ``record``; it belongs to the media item of the record's key."""
    place = (record.topic, record.partition, record.offset)
    too_long = len(record.value or b"") > _MOST_KEPT_BYTES
    parked = ParkedRecord.of(place, record.key, None if too_long else record.value, record.headers)
    media_id = (record.key or b"").decode("utf-8", "replace") or None
    said = PoisonMessage(f"{why} (too long to be kept here)").with_traceback(why.__traceback__) if too_long else why
    return letter_of(parked, said, stage=Stage.PROJECT, reason=REASON, media_id=media_id)


def start_of(kept: int | None, committed: int | None) -> int:
    """Where to begin in a partition: behind whichever of read model and broker knows less.

    A read model that was removed is thus filled again, and so is one whose broker was emptied; repeats change nothing.
    """
    return min(kept or 0, committed or 0)


class Projection:
    """One consumer and one read model: ``step`` moves a batch of records from the first to the second."""

    def __init__(self, consumer: KafkaConsumer, writer: ReadModelWriter, park: Callable[[DeadLetter], None]) -> None:
        self._consumer = consumer
        self._writer = writer
        self._park = park
        self._arrivals = _Arrivals(consumer)
        self._next_beat_s = 0.0

    def subscribe(self) -> None:
        self._consumer.subscribe(list(_CARRIED), listener=self._arrivals)

    @property
    def is_assigned(self) -> bool:
        """Whether records of every topic can come."""
        return {part.topic for part in self._consumer.assignment()} == set(_CARRIED)

    def step(self) -> None:
        """Wait a moment for records and take them in: parked, written, and only then committed."""
        self._writer.require_the_same()
        self._begin(self._arrivals.take())
        found = self._consumer.poll(timeout_ms=_POLL_MS, max_records=_MOST_RECORDS)
        records = [record for part in found.values() for record in part]
        if records:
            self._take_in(records)
        self._beat()

    def _begin(self, arrived: Iterable[TopicPartition]) -> None:
        """Begin where the read model stands, not where the broker thinks it does."""
        for part in arrived:
            kept = self._writer.next_offset(part.topic, part.partition)
            self._consumer.seek(part, start_of(kept, self._consumer.committed(part)))
            self._consumer.resume(part)

    def _take_in(self, records: Sequence[ConsumerRecord]) -> None:
        started_s = time.monotonic()
        reading = read(records)
        self._write(reading)
        for letter in reading.letters:
            self._park(letter)
        self._writer.apply((), reading.positions)
        self._commit(reading)
        metric("telltale_stage_seconds").labels(stage=Stage.PROJECT).observe(time.monotonic() - started_s)
        metric("telltale_events_total").labels(stage=Stage.PROJECT, outcome="done").inc(len(reading.messages))
        metric("telltale_events_total").labels(stage=Stage.PROJECT, outcome="dead_letter").inc(len(reading.letters))

    def _write(self, reading: Reading) -> None:
        try:
            self._writer.apply(reading.messages)
        except _UNFIT:
            # One of them cannot be kept in a table (a number too large, a letter no text may have): the others can.
            for record, message in list(reading.understood):
                try:
                    self._writer.apply([message])
                except _UNFIT as why:
                    reading.understood.remove((record, message))
                    reading.letters.append(dead_letter_of(record, PoisonMessage(f"cannot be kept: {why}")))

    def _commit(self, reading: Reading) -> None:
        try:
            self._consumer.commit({part: OffsetAndMetadata(to, "", -1) for part, to in reading.reached.items()})
        except CommitFailedError:
            # The partitions went to another projector meanwhile: it reads these records again and changes nothing.
            _log.info("commit_came_too_late")

    def _beat(self) -> None:
        # A projector that waits for its partitions shows nothing new, so it must not look alive.
        if self.is_assigned and time.monotonic() >= self._next_beat_s:
            self._writer.beat()
            self._next_beat_s = time.monotonic() + _BEAT_EVERY_S


class _Arrivals(ConsumerRebalanceListener):
    """Holds newly assigned partitions until somebody has said where to begin in them."""

    def __init__(self, consumer: KafkaConsumer) -> None:
        self._consumer = consumer
        self._held: set[TopicPartition] = set()

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        self._held -= set(revoked)

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        # This runs in the client's own thread, which must not ask the broker anything and wait for the answer.
        self._consumer.pause(*assigned)
        self._held |= set(assigned)

    def take(self) -> set[TopicPartition]:
        held = self._held & self._consumer.assignment()
        self._held -= held
        return held


def run(settings: CustodySettings, stop: threading.Event) -> None:
    """Keep the read model in step until ``stop`` is set. Raises ``UnusableKey``."""
    start_at_zero("telltale_events_total", stage=[Stage.PROJECT], outcome=["done", "dead_letter"])
    start_at_zero("telltale_dead_letters_total", stage=[Stage.PROJECT], reason=[REASON])
    ready = threading.Event()
    writer = ReadModelWriter(open_engine(url_of(settings)))
    anchorage = anchors.Anchorage(
        settings.home / anchors.FILE,
        anchors.key_from(settings.audit_key),
        interval_s=settings.anchor_interval_s,
        head=writer.head,
    )
    kafka = address_of(settings)
    publisher = Publisher(kafka, largest_message_bytes=DEAD_LETTERS.max_message_bytes)
    fuse = Fuse.of(Stage.PROJECT, settings, share=1.0)  # by time alone: messages that went through are not counted
    with health_page(settings, ready.is_set), closing(publisher):
        _log.info("projector_started", kafka=str(kafka))
        pause_s = _FIRST_PAUSE_S
        while not stop.is_set():
            try:
                _project(settings, writer, publisher, ready, stop, fuse, anchorage)
            except (NotNow, KafkaError, OperationalError) as why:
                pause_s = _FIRST_PAUSE_S if ready.is_set() else min(2 * pause_s, _LONGEST_PAUSE_S)
                ready.clear()
                _log.warning("projector_waits", why=f"{type(why).__name__}: {why}", pause_s=pause_s)
                stop.wait(pause_s)
    _log.info("projector_stopped")


def _project(
    settings: CustodySettings,
    writer: ReadModelWriter,
    publisher: Publisher,
    ready: threading.Event,
    stop: threading.Event,
    fuse: Fuse,
    anchorage: anchors.Anchorage,
) -> None:
    def park(letter: DeadLetter) -> None:
        """Keep it; where it was one too many, wait until an operator says go on."""
        publisher.publish([Outgoing(DEAD_LETTERS, letter)])
        metric("telltale_dead_letters_total").labels(stage=Stage.PROJECT, reason=REASON).inc()
        _log.warning("message_parked", why=letter.detail, media_id=letter.media_id, topic=letter.topic)
        if fuse.blows(parked=True):
            ready.clear()
            fuse.wait(stop)

    writer.begin_anew()
    consumer = _open_consumer(address_of(settings))
    try:
        projection = Projection(consumer, writer, park)
        projection.subscribe()
        while not stop.is_set():
            projection.step()
            anchorage.look()
            (ready.set if projection.is_assigned else ready.clear)()
        anchorage.look(now=True)
    finally:
        consumer.close(autocommit=False, timeout_ms=3_000)


def _open_consumer(kafka: KafkaAddress) -> KafkaConsumer:
    return KafkaConsumer(
        **client_arguments(kafka),
        group_id=GROUP,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        # After a kill the partitions are free again when this has passed; the broker's lower bound is 6 s.
        session_timeout_ms=10_000,
        heartbeat_interval_ms=1_000,
        # Topics that are made after the start are seen within seconds.
        metadata_max_age_ms=5_000,
        max_partition_fetch_bytes=DEAD_LETTERS.max_message_bytes,
        reconnect_backoff_max_ms=2_000,
        allow_auto_create_topics=False,
    )
