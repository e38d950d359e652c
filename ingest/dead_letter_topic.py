"""A Kafka in; every dead letter and every marker on its topic out.

The state lies in Kafka itself: a letter that was replayed or dropped is said again on the same topic, under the same
key and so in the same partition, with ``settled`` and without its bytes. A marker is therefore always younger than its
letter and is never removed before it.
"""

from collections.abc import Iterator
from contextlib import closing

from kafka import KafkaConsumer
from kafka.errors import KafkaError
from kafka.structs import TopicPartition

from contracts.codec import decode
from contracts.errors import NotNow, PoisonMessage
from contracts.messages import DeadLetter
from contracts.topics import DEAD_LETTERS
from ingest.kafka_login import KafkaAddress, client_arguments, knock, trouble_with

_POLL_MS = 500


def letters_in(kafka: KafkaAddress | str) -> Iterator[DeadLetter]:
    """Every letter and marker that is on the topic now, each partition in its order; belongs to no consumer group.

    Messages of a newer version are passed over.

    Raises:
        NotNow: no Kafka answers, or it has no such topic.
    """
    try:
        knock(kafka)
        consumer = KafkaConsumer(
            **client_arguments(kafka),
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=DEAD_LETTERS.max_message_bytes,
        )
    except KafkaError as why:
        raise trouble_with(kafka, why) from why
    with closing(consumer):
        for value in _values(consumer):
            try:
                yield decode(value, DeadLetter)
            except PoisonMessage:
                continue


def _values(consumer: KafkaConsumer) -> Iterator[bytes | None]:
    numbers = consumer.partitions_for_topic(DEAD_LETTERS.name)
    if not numbers:
        raise NotNow(f"Kafka has no topic {DEAD_LETTERS.name}; `telltale up` creates it.")
    places = [TopicPartition(DEAD_LETTERS.name, number) for number in sorted(numbers)]
    consumer.assign(places)
    consumer.seek_to_beginning()
    ends = consumer.end_offsets(places)
    while any((consumer.position(place) or 0) < end for place, end in ends.items()):
        for place, records in consumer.poll(timeout_ms=_POLL_MS).items():
            yield from (record.value for record in records if record.offset < ends[place])
