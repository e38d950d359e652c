"""A folder in; a real Apache Kafka (KRaft, one node) on a free port out, and a reader of what is written to it."""

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.admin import NewTopic
from kafka.consumer.fetcher import ConsumerRecord
from kafka.errors import TopicAlreadyExistsError

from contracts.topics import every_topic
from telltale.local_kafka import LocalKafka, free_port
from tests.support.parts import KAFKA_LIBS

_NUMBERS = itertools.count(1)


class KafkaBroker:
    """One Kafka node that keeps its port and data when it is stopped and started again."""

    def __init__(self, folder: Path, *, port: int | None = None) -> None:
        self._node = LocalKafka(folder, libs=KAFKA_LIBS, port=port or free_port())
        self._bootstrap_servers = f"127.0.0.1:{self._node._wanted_port}"

    @property
    def bootstrap_servers(self) -> str:
        """host:port, known before the first start."""
        return self._bootstrap_servers

    def start(self) -> None:
        self._node.start()

    def stop(self) -> None:
        self._node.stop()

    @property
    def pid(self) -> int:
        """The process of the broker, while it runs."""
        assert self._node._child is not None
        return self._node._child.pid

    def kill(self) -> None:
        """End it as a lost machine would; its data stay."""
        self._node.stop(grace_s=0.0)

    def new_topic(self, name: str, *, partitions: int = 3) -> str:
        """Make a topic that nobody else uses; its full name leaves."""
        unique = f"{name}.{next(_NUMBERS)}"
        self.ensure_topics(unique, partitions=partitions)
        return unique

    def ensure_topics(self, *names: str, partitions: int = 3) -> None:
        admin = KafkaAdminClient(bootstrap_servers=self.bootstrap_servers)
        try:
            missing = sorted(set(names) - set(admin.list_topics()))
            for name in missing:
                _make(admin, name, partitions)
        finally:
            admin.close()

    def ensure_every_topic(self, *detectors: str, partitions: int = 3) -> None:
        """The topics of a deployment with these detectors."""
        self.ensure_topics(*(topic.name for topic in every_topic(detectors)), partitions=partitions)

    def tail(self, topic: str) -> "Tail":
        """Read what is written to ``topic`` from now on."""
        return Tail(self.bootstrap_servers, topic)

    def __enter__(self) -> "KafkaBroker":
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, why: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()


class Tail:
    """A plain consumer that starts at the end of a topic and keeps every record it has seen."""

    def __init__(self, bootstrap_servers: str, topic: str) -> None:
        self.records: list[ConsumerRecord] = []
        self._consumer = KafkaConsumer(
            bootstrap_servers=bootstrap_servers, enable_auto_commit=False, auto_offset_reset="earliest"
        )
        parts = self._consumer.partitions_for_topic(topic) or set()
        self._consumer.assign([TopicPartition(topic, part) for part in parts])
        self._consumer.seek_to_end()
        for part in self._consumer.assignment():
            self._consumer.position(part)

    def read_until(self, enough: Callable[[list[ConsumerRecord]], bool], *, timeout_s: float = 60.0) -> None:
        """Read on until ``enough`` of all records so far is true; raises ``TimeoutError``."""
        give_up = time.monotonic() + timeout_s
        while not enough(self.records):
            if time.monotonic() > give_up:
                raise TimeoutError(f"only {len(self.records)} records after {timeout_s} s")
            self.records += self._poll(200)

    def read_rest(self, *, quiet_s: float = 1.5) -> list[ConsumerRecord]:
        """Read on until nothing has come for ``quiet_s``; all records so far leave."""
        while fresh := list(self._poll(int(quiet_s * 1000))):
            self.records += fresh
        return self.records

    def close(self) -> None:
        self._consumer.close()

    def __enter__(self) -> "Tail":
        return self

    def __exit__(self, kind: type[BaseException] | None, why: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def _poll(self, timeout_ms: int) -> Iterator[ConsumerRecord]:
        return itertools.chain.from_iterable(self._consumer.poll(timeout_ms=timeout_ms).values())


def _make(admin: KafkaAdminClient, name: str, partitions: int) -> None:
    with suppress(TopicAlreadyExistsError):  # another process was faster
        admin.create_topics([NewTopic(name, partitions, 1)])
    while not admin.describe_topics([name])[0].get("partitions"):
        time.sleep(0.05)
