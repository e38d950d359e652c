"""Real topics in, a read model out: nothing is lost, nothing is doubled, poison stops nothing."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from kafka import KafkaProducer

from contracts.codec import encode
from contracts.messages import DeadLetter
from contracts.topics import DEAD_LETTERS, MEDIA_EXTRACTED, MEDIA_UPLOADED, MEDIA_VERDICTS
from contracts.vocabulary import Lifecycle, Stage
from dashboard.custody.settings import CustodySettings
from dashboard.item_queries import heartbeat_age_s, item_row, last_change
from dashboard.projector import run
from dashboard.read_model import open_engine, url_of
from tests.support.children import wait_until
from tests.support.items import a_verdict, an_extraction, an_upload
from tests.support.kafka_broker import KafkaBroker

pytestmark = pytest.mark.kafka


@contextmanager
def a_projector(settings: CustodySettings) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=run, args=(settings, stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def test_topics_become_rows_and_a_lost_read_model_is_filled_again(own_kafka_broker: KafkaBroker, tmp_path: Path):
    own_kafka_broker.start()
    own_kafka_broker.ensure_every_topic("telltale")
    settings = CustodySettings(kafka_bootstrap_servers=own_kafka_broker.bootstrap_servers, home=tmp_path / "home")
    uploads = [an_upload(f"clip {number}.mp4") for number in range(20)]
    with own_kafka_broker.tail(DEAD_LETTERS.name) as letters:
        send(own_kafka_broker, uploads)
        for home in (tmp_path / "home", tmp_path / "another"):
            settings = settings.model_copy(update={"home": home})
            engine = open_engine(url_of(settings))

            def all_final(engine=engine) -> bool:
                rows = [item_row(engine, upload.media_id) for upload in uploads]
                return all(row and row["lifecycle"] == Lifecycle.FINAL for row in rows)

            with a_projector(settings):
                wait_until(all_final, timeout_s=60)
                wait_until(lambda engine=engine: heartbeat_age_s(engine) is not None)
            seen = last_change(engine)
            with a_projector(settings):
                wait_until(lambda engine=engine: (heartbeat_age_s(engine) or 99) < 0.5)
            assert last_change(engine) == seen
            engine.dispose()
        parked = [DeadLetter.model_validate_json(record.value) for record in letters.read_rest()]
    assert {(letter.stage, letter.topic, letter.media_id) for letter in parked} == {
        (Stage.PROJECT, MEDIA_VERDICTS.name, "poison")
    }
    assert len({letter.dead_letter_id for letter in parked}) == 1


def send(broker: KafkaBroker, uploads) -> None:
    producer = KafkaProducer(bootstrap_servers=broker.bootstrap_servers, acks="all")
    producer.send(MEDIA_VERDICTS.name, key=b"poison", value=b"\x00 no message")
    for upload in uploads:
        messages = (
            (MEDIA_VERDICTS, a_verdict(upload, seq=2)),
            (MEDIA_VERDICTS, a_verdict(upload, seq=1, lifecycle=Lifecycle.PROVISIONAL)),
            (MEDIA_EXTRACTED, an_extraction(upload)),
            (MEDIA_UPLOADED, upload),
        )
        for topic, message in messages:
            producer.send(topic.name, key=upload.media_id.encode(), value=encode(message))
    producer.flush()
    producer.close()
