"""The servers that the other integration tests stand on really start, serve and stop."""

import json

import pytest

from tests.support.kafka_broker import KafkaBroker
from tests.support.s3_server import S3Server


@pytest.mark.kafka
@pytest.mark.s3
def test_the_s3_server_writes_its_events_to_kafka(kafka_broker: KafkaBroker, s3_server_with_events: S3Server):
    server = s3_server_with_events
    with kafka_broker.tail(server.events_topic) as events:
        server.make_bucket("uploads")
        server.client.put_object(Bucket="uploads", Key="in coming/ä b+c.mp4", Body=b"bytes")
        events.read_until(lambda seen: len(seen) >= 1)
    record = json.loads(events.records[-1].value)["Records"][0]
    assert record["s3"]["object"]["key"] == "in coming/ä b+c.mp4"


@pytest.mark.kafka
def test_a_broker_keeps_its_address_and_topics_over_a_restart(own_kafka_broker: KafkaBroker):
    before = own_kafka_broker.bootstrap_servers
    own_kafka_broker.start()
    topic = own_kafka_broker.new_topic("kept")
    own_kafka_broker.stop()
    own_kafka_broker.start()
    with own_kafka_broker.tail(topic) as tail:
        assert tail.read_rest(quiet_s=0.5) == []
    assert own_kafka_broker.bootstrap_servers == before
