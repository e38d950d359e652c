"""An aggregator on a real Kafka: in whatever order, how often and how late it is told, it says one final each."""

import signal
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
from kafka import KafkaProducer

from contracts.codec import decode, encode
from contracts.messages import DeadLetter, MediaVerdict, Message
from contracts.settings import ProcessSettings
from contracts.topics import DEAD_LETTERS, DETECTOR_SCORES, MEDIA_EXTRACTED, MEDIA_VERDICTS, Topic
from contracts.vocabulary import Lifecycle, Reason, Stage
from stream_processors.app import build_app
from stream_processors.ordered_acks import OrderedAcks
from tests.support.cases import a_score, an_extraction
from tests.support.kafka_broker import KafkaBroker, Tail
from tests.support.stages import Stages

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]
_PATIENCE_S = 120.0
_SESSION_S = 10.0


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stages]:
    home: Path = tmp_path_factory.mktemp("delivery")
    with (
        KafkaBroker(home / "kafka") as broker,
        Stages(home, broker.bootstrap_servers, detectors="mesonet") as running,
    ):
        running.create_topics()
        running.start(["aggregate"])
        yield running


@pytest.fixture
def verdicts(stages: Stages) -> Iterator[Tail]:
    with stages.tail(MEDIA_VERDICTS) as tail:
        yield tail


def send(stages: Stages, messages: list[tuple[Topic, Message]]) -> None:
    producer = KafkaProducer(bootstrap_servers=stages.kafka, acks="all")
    try:
        for topic, message in messages:
            producer.send(topic.name, key=message.media_id.encode(), value=encode(message))
        producer.flush()
    finally:
        producer.close()


def facts_of(media_id: str) -> list[tuple[Topic, Message]]:
    """All that is ever said of an item of two chunks, in the order in which it happens."""
    return [
        (DETECTOR_SCORES, a_score([0.9] * 3, detector="mesonet", chunk=0, media_id=media_id)),
        (MEDIA_EXTRACTED, an_extraction(batches={"mesonet": 1}, chunks=1, complete=False, media_id=media_id)),
        (MEDIA_EXTRACTED, an_extraction(batches={"mesonet": 2}, chunks=2, media_id=media_id)),
        (DETECTOR_SCORES, a_score([0.9] * 3, detector="mesonet", chunk=1, start_s=3.0, media_id=media_id)),
    ]


def finals_in(tail: Tail) -> list[MediaVerdict]:
    events = [decode(record.value, MediaVerdict) for record in tail.records]
    return [event for event in events if event.lifecycle is Lifecycle.FINAL]


def assert_one_final_each(tail: Tail, media_ids: list[str]) -> None:
    tail.read_until(lambda _: {event.media_id for event in finals_in(tail)} >= set(media_ids), timeout_s=_PATIENCE_S)
    tail.read_rest()
    assert Counter(event.media_id for event in finals_in(tail)) == Counter(media_ids)
    assert not [event for event in finals_in(tail) if Reason.TIMEOUT in event.reasons]


def test_a_pause_longer_than_the_session_loses_nothing_of_partitions_without_a_commit(stages: Stages, verdicts: Tail):
    media_ids = [f"pause-{number}" for number in range(12)]
    stages["aggregate"].signal(signal.SIGSTOP)
    try:
        for media_id in media_ids:
            send(stages, facts_of(media_id))
        time.sleep(_SESSION_S + 2.0)  # the fault itself: the group must have given the worker up
    finally:
        stages["aggregate"].signal(signal.SIGCONT)
    assert_one_final_each(verdicts, media_ids)


@pytest.mark.parametrize("seed", range(3))
def test_doubled_shuffled_and_delayed_messages_give_one_final_each(stages: Stages, verdicts: Tail, seed: int):
    random = Random(seed)
    media_ids = [f"shuffled-{seed}-{number}" for number in range(10)]
    every = [fact for media_id in media_ids for fact in facts_of(media_id)] * 2
    random.shuffle(every)
    late = every[: len(every) // 4]
    send(stages, every)
    assert_one_final_each(verdicts, media_ids)
    send(stages, late)
    marker = f"marker-{seed}"
    send(stages, facts_of(marker) * 3)
    assert_one_final_each(verdicts, [*media_ids, marker])


@pytest.mark.parametrize("year", [1971, 2150])
def test_events_from_other_times_change_nothing(stages: Stages, verdicts: Tail, year: int):
    at = datetime(year, 1, 1, tzinfo=UTC)
    media_id = f"skewed-{year}"
    score, first, last, second = (message for _, message in facts_of(media_id))
    upload = last.uploaded.model_copy(update={"uploaded_at": at, "received_at": at})  # type: ignore[attr-defined]
    skewed = [
        (DETECTOR_SCORES, score.model_copy(update={"scored_at": at})),
        (MEDIA_EXTRACTED, first.model_copy(update={"uploaded": upload, "extracted_at": at.replace(month=6)})),
        (MEDIA_EXTRACTED, last.model_copy(update={"uploaded": upload, "extracted_at": at})),
        (DETECTOR_SCORES, second.model_copy(update={"scored_at": at})),
    ]
    before = stages["aggregate"].count("telltale_end_to_end_seconds_count", lifecycle="final")
    send(stages, skewed)
    assert_one_final_each(verdicts, [media_id])
    (event,) = finals_in(verdicts)
    assert event.uploaded.received_at == at
    assert event.detectors[0].clips == 6
    assert stages["aggregate"].count("telltale_end_to_end_seconds_count", lifecycle="final") == before + 1


def test_an_unknown_version_is_parked_and_stops_nothing(stages: Stages, verdicts: Tail):
    with stages.tail(DEAD_LETTERS) as letters:
        for topic in (DETECTOR_SCORES, MEDIA_EXTRACTED):
            stages.send_raw(topic, key=b"newer", value=b'{"schema":"%s.v9","media_id":"newer"}' % topic.name.encode())
        send(stages, facts_of("after-newer"))
        assert_one_final_each(verdicts, ["after-newer"])
        letters.read_until(lambda records: len(records) >= 2, timeout_s=_PATIENCE_S)
        parked = [decode(record.value, DeadLetter) for record in letters.records]
    assert {(one.stage, one.reason, one.topic) for one in parked} == {
        (Stage.AGGREGATE, "poison_message", DETECTOR_SCORES.name),
        (Stage.AGGREGATE, "poison_message", MEDIA_EXTRACTED.name),
    }
    assert all("v9" in one.detail for one in parked)


async def test_what_was_read_before_the_first_commit_is_read_again_after_a_seek(
    kafka_broker: KafkaBroker, tmp_path: Path
):
    """What Faust does around every rebalance; it leaves partitions out that nothing was committed of."""
    topic = kafka_broker.new_topic("rewinding", partitions=2)
    producer = KafkaProducer(bootstrap_servers=kafka_broker.bootstrap_servers)
    for number in range(6):
        producer.send(topic, value=b"%d" % number, partition=number % 2)
    producer.close()
    settings = ProcessSettings(kafka_bootstrap_servers=kafka_broker.bootstrap_servers, home=tmp_path)
    app = build_app(settings, f"group.of.{topic}")
    seen: Counter[tuple[int, int]] = Counter()

    async def read(stream) -> None:
        async for event in OrderedAcks(stream).one_by_one():
            seen[event.message.partition, event.message.offset] += 1

    everything = {(partition, offset) for partition in range(2) for offset in range(3)}
    app.agent(app.topic(topic, value_type=bytes, value_serializer="raw"), concurrency=1)(read)
    app.finalize()
    app.conf.datadir.mkdir(parents=True)
    await app.start()
    try:
        await _until(app, lambda: set(seen) == everything)
        await app.consumer.perform_seek()
        await _until(app, lambda: seen == dict.fromkeys(everything, 2))
    finally:
        await app.stop()


async def _until(app, condition) -> None:
    give_up_s = time.monotonic() + _PATIENCE_S
    while not condition():
        assert time.monotonic() < give_up_s
        await app.sleep(0.1)
