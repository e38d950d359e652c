"""Kafka in; which consumer groups of other systems read the verdicts, and how far they are behind, out as a metric.

The projector's page has it, so it comes into the read model with the other looks and pages need no Kafka.
"""

import threading
from contextlib import closing
from types import TracebackType
from typing import Any, cast

import structlog
from kafka import KafkaAdminClient, KafkaConsumer
from kafka.errors import KafkaError
from kafka.structs import OffsetAndMetadata, TopicPartition

from contracts.errors import NotNow
from contracts.topics import MEDIA_VERDICTS
from dashboard.operations.metric_pages import Look
from dashboard.operations.samples import Samples
from ingest.consumer_lag import extent_of, unread
from ingest.kafka_login import KafkaAddress, client_arguments, knock
from ingest.telemetry import metric

EVERY_S = 30.0
_OURS = "telltale."
_PROCESS = "project"
_LAG = "telltale_subscriber_lag_messages"
_log = structlog.get_logger()


class SubscriberWatch:
    """Keeps ``telltale_subscriber_lag_messages`` true, in a daemon thread, while the context lasts."""

    def __init__(self, kafka: KafkaAddress, *, is_wanted: bool) -> None:
        self._kafka, self._is_wanted = kafka, is_wanted
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="subscriber-watch", daemon=True)

    def __enter__(self) -> "SubscriberWatch":
        if self._is_wanted:
            self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, why: BaseException | None, tb: TracebackType | None) -> None:
        self._ended.set()

    def _watch(self) -> None:
        while not self._ended.wait(EVERY_S):
            try:
                show(subscriber_lags(self._kafka))
            except (KafkaError, NotNow) as why:
                show({})  # what is not known is not told
                _log.warning("subscribers_are_unknown", why=f"{type(why).__name__}: {why}")


def show(lags: dict[str, int]) -> None:
    """Put these groups, and no others, on the metrics page."""
    gauge = metric(_LAG)
    gauge.clear()
    for group, lag in lags.items():
        gauge.labels(group=group).set(lag)


def subscriber_lags(kafka: KafkaAddress) -> dict[str, int]:
    """Verdict messages that each group of another system has still to read; groups that never committed are unknown.

    Raises:
        NotNow: the broker is away.
        KafkaError: it went away meanwhile.
    """
    knock(kafka)
    # The client's type stubs lag behind its methods.
    with closing(cast(Any, KafkaAdminClient(**client_arguments(kafka)))) as admin:
        groups = [group["group_id"] for group in admin.list_groups() if not group["group_id"].startswith(_OURS)]
        committed = admin.list_group_offsets(groups) if groups else {}
    read = {group: _of_verdicts(offsets) for group, offsets in committed.items()}
    read = {group: offsets for group, offsets in read.items() if offsets}
    if not read:
        return {}
    with closing(KafkaConsumer(**client_arguments(kafka), enable_auto_commit=False)) as consumer:
        extent = extent_of(consumer, MEDIA_VERDICTS.name)
    return {group: unread(extent, offsets.get) for group, offsets in sorted(read.items())}


def _of_verdicts(offsets: dict[TopicPartition, OffsetAndMetadata]) -> dict[TopicPartition, int]:
    return {
        place: committed.offset
        for place, committed in offsets.items()
        if place.topic == MEDIA_VERDICTS.name and committed.offset >= 0
    }


def told_subscribers(samples: Samples) -> tuple[dict[str, float], float | None]:
    """The groups as the projector told of them last, and when that was (seconds since 1970)."""
    look = samples.latest(_PROCESS)
    if not isinstance(look, Look):
        return {}, None
    return dict(sorted(look.by("group", _LAG).items())), look.at_s
