"""A consumer group and its topics in; how many messages it has still to read out, as a metric."""

import threading
from collections.abc import Sequence
from types import TracebackType

import structlog
from kafka import KafkaConsumer
from kafka.errors import KafkaError

from contracts.settings import ProcessSettings
from ingest.consumer_lag import extent_of, unread
from ingest.kafka_login import KafkaAddress, address_of, client_arguments
from ingest.telemetry import metric

_EVERY_S = 10.0
_log = structlog.get_logger()


class LagWatch:
    """Keeps ``telltale_consumer_lag_messages`` true for one group, in a daemon thread, while the context lasts.

    The number is that of the whole group, so every worker of a group shows the same one.
    """

    def __init__(self, settings: ProcessSettings, group: str, topics: Sequence[str]) -> None:
        self._kafka = address_of(settings)
        self._wanted = bool(settings.metrics_port)
        self._group = group
        self._topics = tuple(topics)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="lag-watch", daemon=True)

    def __enter__(self) -> "LagWatch":
        if self._wanted:
            self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, why: BaseException | None, tb: TracebackType | None) -> None:
        self._ended.set()

    def _watch(self) -> None:
        while not self._ended.is_set():
            try:
                self._look_again_and_again()
            except KafkaError as why:
                _log.warning("lag is unknown", why=f"{type(why).__name__}: {why}")
                self._ended.wait(_EVERY_S)

    def _look_again_and_again(self) -> None:
        consumer = _consumer(self._kafka, self._group)
        try:
            while not self._ended.wait(_EVERY_S):
                for topic in self._topics:
                    gauge = metric("telltale_consumer_lag_messages").labels(group=self._group, topic=topic)
                    gauge.set(_lag(consumer, topic))
        finally:
            consumer.close()


def lag_of(kafka: KafkaAddress | str, group: str, topic: str) -> int:
    """Messages in ``topic`` that ``group`` has not committed; all of them where it never committed any.

    Raises:
        KafkaError: the broker is away.
    """
    consumer = _consumer(kafka, group)
    try:
        return _lag(consumer, topic)
    finally:
        consumer.close()


def _consumer(kafka: KafkaAddress | str, group: str) -> KafkaConsumer:
    # It names the group to ask for its offsets and subscribes to nothing, so it never becomes a member.
    return KafkaConsumer(**client_arguments(kafka), group_id=group, enable_auto_commit=False)


def _lag(consumer: KafkaConsumer, topic: str) -> int:
    return unread(extent_of(consumer, topic), consumer.committed)
