"""With a real Kafka: a deleted item leaves a tombstone that nobody trips over, and scores are found to judge again."""

import time
from pathlib import Path

import pytest
from kafka import KafkaConsumer
from kafka.structs import TopicPartition

from contracts.messages import utc_now
from contracts.settings import TopicSettings
from contracts.topics import DETECTOR_SCORES, MEDIA_EXTRACTED, MEDIA_VERDICTS
from dashboard.api.settings import ApiSettings
from dashboard.custody.checks import Item
from dashboard.projector import read
from ingest.kafka_login import KafkaAddress
from ingest.publisher import Outgoing, Publisher
from stream_processors.create_topics import create_topics
from telltale import delete
from telltale.custody_parts import Parts
from telltale.verify_rejudge import rejudge_finding
from tests.support.api_server import client_of, serving
from tests.support.judged_home import JudgedHome, judged_home
from tests.support.kafka_broker import KafkaBroker

pytestmark = pytest.mark.kafka


def records_about(broker: KafkaBroker, topic: str, media_id: str) -> list:
    """What the topic holds under this key, in its order."""
    consumer = KafkaConsumer(bootstrap_servers=broker.bootstrap_servers, enable_auto_commit=False)
    try:
        places = [TopicPartition(topic, part) for part in consumer.partitions_for_topic(topic) or ()]
        consumer.assign(places)
        consumer.seek_to_beginning()
        ends, found = consumer.end_offsets(places), []
        while any((consumer.position(place) or 0) < end for place, end in ends.items()):
            found += [one for some in consumer.poll(timeout_ms=200).values() for one in some]
    finally:
        consumer.close()
    return [one for one in found if one.key == media_id.encode()]


def test_scores_are_judged_again_and_a_deletion_reaches_the_compacted_topic(
    own_kafka_broker: KafkaBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    own_kafka_broker.start()
    servers = own_kafka_broker.bootstrap_servers
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", servers)
    create_topics(TopicSettings(detectors="telltale", topic_partitions=3))
    item = judged_home(tmp_path / "home", "a portrait.jpg")
    media_id = item.uploaded.media_id
    publisher = Publisher(KafkaAddress(servers), largest_message_bytes=1_048_588)
    outgoing = [Outgoing(MEDIA_EXTRACTED, item.extracted), *(Outgoing(DETECTOR_SCORES, one) for one in item.scores)]
    publisher.publish([*outgoing, *outgoing, Outgoing(MEDIA_VERDICTS, item.verdict)])
    # A score that came after the verdict was not part of it.
    late = item.scores[0].model_copy(update={"chunk_index": 99, "scored_at": utc_now()})
    publisher.publish([Outgoing(DETECTOR_SCORES, late)])
    publisher.close()

    parts = Parts.of(item.home)
    with parts.engine.connect() as connection:
        finding = rejudge_finding(Item.of(connection, media_id), parts)
    parts.engine.dispose()
    assert (finding.state, finding.detail) == ("holds", "1 stored scores give the same verdict in every part.")

    deleted_twice(item, servers, capsys)
    told = records_about(own_kafka_broker, MEDIA_VERDICTS.name, media_id)
    assert [one.value is None for one in told] == [False, True, True]
    reading = read(told)
    assert (len(reading.understood), reading.letters) == (1, [])
    assert [place.next_offset for place in reading.positions] == [told[-1].offset + 1]
    assert time.time() - item.verdict.produced_at.timestamp() < 300


def deleted_twice(item: JudgedHome, servers: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Over HTTP, then by the command, as whoever met no Kafka the first time would."""
    settings = ApiSettings(
        home=item.home,
        bucket=str(item.bucket.root),
        work_bucket=str(item.work.root),
        api_port=0,
        kafka_bootstrap_servers=servers,
    )
    with serving(settings) as address, client_of(address) as api:
        done = api.delete(f"/v1/items/{item.uploaded.media_id}", params={"because": "a test"}).raise_for_status().json()
    assert (done["deleted"], done["topics"], done["rows"]["items"]) == (True, "tombstone", 1)
    delete.run(delete.Wish(home=item.home, item=item.uploaded.media_id, because="a test"))
    assert "has a tombstone" in capsys.readouterr().err
