"""A publisher and a consumer in memory: what was published is a list, what is consumed is a list."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from kafka import TopicPartition
from kafka.consumer.fetcher import ConsumerRecord

from contracts.errors import NotNow
from ingest.publisher import Outgoing

NOTICES = TopicPartition("bucket.notifications", 0)


@dataclass
class FakePublisher:
    """Keeps what it was given; while ``is_away`` it keeps half and says that it could not."""

    published: list[Outgoing] = field(default_factory=list)
    is_away: bool = False

    def publish(self, outgoing: Sequence[Outgoing]) -> None:
        if self.is_away:
            self.published += outgoing[: len(outgoing) // 2]
            raise NotNow("Kafka is away")
        self.published += outgoing

    def close(self) -> None:
        """Nothing is open."""


@dataclass
class FakeConsumer:
    """Hands out each prepared group of values once; ``committed`` counts commits."""

    groups: deque[list[bytes]] = field(default_factory=deque)
    committed: int = 0
    _offset: int = 0

    def poll(self, timeout_ms: int = 0) -> dict[TopicPartition, list[ConsumerRecord]]:
        if not self.groups:
            return {}
        return {NOTICES: [self._record(value) for value in self.groups.popleft()]}

    def commit(self) -> None:
        self.committed += 1

    def assignment(self) -> set[TopicPartition]:
        return {NOTICES}

    def _record(self, value: bytes) -> ConsumerRecord:
        self._offset += 1
        return a_record(value, offset=self._offset)


def a_record(value: bytes | None, *, offset: int = 0, key: bytes | None = None) -> ConsumerRecord:
    """A record as kafka-python hands it out."""
    given = {"topic": NOTICES.topic, "partition": NOTICES.partition, "offset": offset, "key": key, "value": value}
    rest = dict.fromkeys(set(ConsumerRecord._fields) - given.keys())
    return ConsumerRecord(**{**rest, **given, "headers": []})
