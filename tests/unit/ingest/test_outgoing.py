"""What goes to Kafka has the right key, and every client of the pipeline sends one key to one partition."""

import base64

import pytest
from aiokafka.partitioner import DefaultPartitioner as OtherPartitioner
from hypothesis import given
from hypothesis import strategies as st
from kafka.partitioner.default import DefaultPartitioner

from contracts.codec import decode, encode
from contracts.errors import PoisonMessage
from contracts.messages import DeadLetter
from contracts.topics import DEAD_LETTERS
from ingest.dead_letter import dead_letter_of
from tests.support.fake_kafka import a_record


class OneTopic:
    """What a partitioner asks of the cluster."""

    def __init__(self, partitions: int) -> None:
        self._partitions = set(range(partitions))

    def topics(self) -> set[str]:
        return {"topic"}

    def partitions_for_topic(self, topic: str) -> set[int]:
        return self._partitions

    available_partitions_for_topic = partitions_for_topic


@given(key=st.text("0123456789abcdef", min_size=1, max_size=32), partitions=st.integers(1, 24))
def test_both_kafka_clients_choose_the_same_partition(key: str, partitions: int):
    raw, every = key.encode(), list(range(partitions))
    ours = DefaultPartitioner().partition("topic", key, raw, None, None, OneTopic(partitions))
    assert ours == OtherPartitioner()(raw, every, every)


@pytest.mark.parametrize("value", [b"\xff no json", b"", None])
def test_a_dead_letter_keeps_every_byte(value: bytes | None):
    outgoing = dead_letter_of(a_record(value, offset=7, key=b"k\xff"), PoisonMessage("not a notification"))
    letter = decode(encode(outgoing.message), DeadLetter)
    kept = None if letter.value_base64 is None else base64.b64decode(letter.value_base64)
    assert kept == value
    assert base64.b64decode(letter.key_base64 or "") == b"k\xff"
    assert (letter.topic, letter.partition, letter.offset) == ("bucket.notifications", 0, 7)
    assert outgoing.topic is DEAD_LETTERS


def test_the_same_record_gives_the_same_letter():
    why = PoisonMessage("not a notification")
    one, again, other = (dead_letter_of(a_record(b"x", offset=offset), why) for offset in (1, 1, 2))
    assert one.key == again.key != other.key
