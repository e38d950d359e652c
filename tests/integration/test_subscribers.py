"""Consumer groups of other systems on a real Kafka: how far they are behind is told, and by nobody else's numbers."""

from contextlib import closing

import pytest
from kafka import KafkaConsumer, KafkaProducer
from kafka.structs import OffsetAndMetadata, TopicPartition

from contracts.topics import MEDIA_UPLOADED, MEDIA_VERDICTS
from dashboard.operations.subscribers import subscriber_lags
from ingest.kafka_login import KafkaAddress
from tests.support.kafka_broker import KafkaBroker

pytestmark = pytest.mark.kafka


def has_read(kafka: KafkaBroker, group: str, topic: str, offset: int) -> None:
    with closing(KafkaConsumer(bootstrap_servers=kafka.bootstrap_servers, group_id=group)) as consumer:
        consumer.commit({TopicPartition(topic, 0): OffsetAndMetadata(offset, "", -1)})


def test_groups_of_others_are_told_with_what_they_have_still_to_read(own_kafka_broker: KafkaBroker):
    own_kafka_broker.start()
    own_kafka_broker.ensure_every_topic("telltale")
    address = KafkaAddress(own_kafka_broker.bootstrap_servers)
    assert subscriber_lags(address) == {}
    with closing(KafkaProducer(bootstrap_servers=own_kafka_broker.bootstrap_servers)) as producer:
        for number in range(5):
            producer.send(MEDIA_VERDICTS.name, key=b"%d" % number, value=b"{}", partition=0)
        producer.send(MEDIA_VERDICTS.name, key=b"other", value=b"{}", partition=1)
    has_read(own_kafka_broker, "desk", MEDIA_VERDICTS.name, 3)
    has_read(own_kafka_broker, "archive", MEDIA_VERDICTS.name, 5)
    has_read(own_kafka_broker, "telltale.project", MEDIA_VERDICTS.name, 1)
    has_read(own_kafka_broker, "uploads only", MEDIA_UPLOADED.name, 0)
    assert subscriber_lags(address) == {"archive": 1, "desk": 3}
