"""A consumer group in; how many messages it has still to read out, as a metric, looked up every few seconds."""

import threading
from collections import defaultdict
from types import TracebackType

import structlog
from kafka import KafkaAdminClient, KafkaConsumer
from kafka.errors import KafkaError
from kafka.structs import TopicPartition

from contracts.settings import ProcessSettings
from ingest.telemetry import metric

_EVERY_S = 10.0
_log = structlog.get_logger()


class LagWatch:
    """Keeps ``telltale_consumer_lag_messages`` true for one group, in a daemon thread, while the context lasts."""

    def __init__(self, settings: ProcessSettings, group: str) -> None:
        self._bootstrap_servers = settings.kafka_bootstrap_servers
        self._wanted = bool(settings.metrics_port)
        self._group = group
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="lag-watch", daemon=True)

    def __enter__(self) -> "LagWatch":
        if self._wanted:
            self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, why: BaseException | None, tb: TracebackType | None) -> None:
        self._ended.set()

    def _watch(self) -> None:
        while not self._ended.wait(_EVERY_S):
            try:
                self._look()
            except KafkaError as why:
                _log.warning("lag is unknown", why=f"{type(why).__name__}: {why}")

    def _look(self) -> None:
        for topic, messages in lag_of(self._bootstrap_servers, self._group).items():
            metric("telltale_consumer_lag_messages").labels(group=self._group, topic=topic).set(messages)


def lag_of(bootstrap_servers: str, group: str) -> dict[str, int]:
    """Messages per topic between what a group has committed and the end; topics without a commit are left out.

    Raises:
        KafkaError: the broker is away.
    """
    admin = KafkaAdminClient(bootstrap_servers=bootstrap_servers)
    try:
        committed = admin.list_group_offsets({group: None})[group]  # pyright: ignore[reportAttributeAccessIssue]  (a mixin)
    finally:
        admin.close()
    return _behind({place: found.offset for place, found in committed.items()}, bootstrap_servers)


def _behind(committed: dict[TopicPartition, int], bootstrap_servers: str) -> dict[str, int]:
    consumer = KafkaConsumer(bootstrap_servers=bootstrap_servers, enable_auto_commit=False)
    try:
        ends = consumer.end_offsets(list(committed)) if committed else {}
    finally:
        consumer.close()
    behind: dict[str, int] = defaultdict(int)
    for place, end in ends.items():
        behind[place.topic] += max(0, end - max(0, committed[place]))
    return dict(behind)
