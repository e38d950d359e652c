"""The Kafka address of a deployment in; verdict events and dead letters out, read by a plain kafka-python consumer."""

from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType

from kafka import KafkaConsumer
from kafka.errors import KafkaError
from kafka.structs import TopicPartition

from contracts.codec import decode
from contracts.errors import NotNow, PoisonMessage
from contracts.messages import DeadLetter, MediaVerdict
from contracts.topics import DEAD_LETTERS, MEDIA_VERDICTS
from contracts.vocabulary import Lifecycle
from ingest.kafka_login import KafkaAddress, client_arguments, knock, trouble_with
from telltale.errors import CommandFailed

POLL_MS = 250
OVER = (Lifecycle.FINAL, Lifecycle.FAILED)
News = MediaVerdict | DeadLetter


@dataclass(frozen=True)
class _Source:
    topic: str
    carries: type[MediaVerdict] | type[DeadLetter]


_SOURCES = (_Source(MEDIA_VERDICTS.name, MediaVerdict), _Source(DEAD_LETTERS.name, DeadLetter))


class VerdictFeed:
    """Verdict events and dead letters from now on, or from the beginning; belongs to no consumer group.

    Raises:
        CommandFailed: no Kafka answers, or it has no such topics.
    """

    def __init__(self, kafka: KafkaAddress | str, *, from_beginning: bool = False) -> None:
        self._carries = {source.topic: source.carries for source in _SOURCES}
        try:
            knock(kafka)
            self._consumer = KafkaConsumer(
                **client_arguments(kafka), enable_auto_commit=False, auto_offset_reset="earliest"
            )
            self._consumer.assign(list(self._partitions()))
        except NotNow as why:
            raise CommandFailed(str(why)) from why
        except KafkaError as why:
            raise CommandFailed(str(trouble_with(kafka, why))) from why
        if from_beginning:
            self._consumer.seek_to_beginning()
        else:
            self._start_at_the_end()

    def poll(self) -> list[News]:
        """What has come, after a short wait where nothing has; messages of a newer version are passed over."""
        records = self._consumer.poll(timeout_ms=POLL_MS)
        found = ((self._carries[place.topic], record.value) for place, some in records.items() for record in some)
        return [news for carries, value in found if (news := _news_in(value, carries)) is not None]

    def close(self) -> None:
        self._consumer.close()

    def __enter__(self) -> "VerdictFeed":
        return self

    def __exit__(self, kind: type[BaseException] | None, why: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def _partitions(self) -> Iterator[TopicPartition]:
        for topic in self._carries:
            numbers = self._consumer.partitions_for_topic(topic)
            if not numbers:
                raise CommandFailed(f"Kafka has no topic {topic}; `telltale up` creates it.")
            yield from (TopicPartition(topic, number) for number in sorted(numbers))

    def _start_at_the_end(self) -> None:
        self._consumer.seek_to_end()
        for place in self._consumer.assignment():
            self._consumer.position(place)  # asks the broker now, so that nothing sent after this line is missed


def _news_in(value: bytes | None, carries: type[News]) -> News | None:
    """The message in ``value``; that an operator settled a dead letter is no news of its item."""
    try:
        news = decode(value, carries)
    except PoisonMessage:
        return None
    return None if isinstance(news, DeadLetter) and news.settled else news
