"""The detectors of a deployment in; whether crops are waiting for them out, as a question that can be asked often."""

from collections.abc import Sequence

import structlog
from kafka.errors import KafkaError

from contracts.topics import crops_for
from ingest.kafka_login import KafkaAddress
from stream_processors.detect_group import group_of
from stream_processors.lag import lag_of

log = structlog.get_logger()


class CropsWaiting:
    """Says whether any detector's topic holds batches that its group has not finished.

    While the broker is away the answer is no: a worker could do nothing about it.
    """

    def __init__(self, kafka: KafkaAddress | str, detectors: Sequence[str]) -> None:
        self._kafka = kafka
        self._group = group_of(detectors)
        self._topics = tuple(crops_for(name).name for name in detectors)

    def __call__(self) -> bool:
        try:
            return any(lag_of(self._kafka, self._group, topic) for topic in self._topics)
        except KafkaError as why:
            log.warning("demand is unknown", why=f"{type(why).__name__}: {why}")
            return False
