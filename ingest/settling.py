"""Open dead letters in; their messages back on their topics, or a recorded reason why not, out.

A message is sent and confirmed before its letter is marked: a crash in between leaves the letter open, and a message
that comes twice changes nothing, because ids are deterministic.
"""

import base64
import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from types import TracebackType

from kafka import KafkaProducer
from kafka.errors import KafkaError

from contracts.codec import encode
from contracts.errors import NotNow
from contracts.messages import DeadLetter, utc_now
from contracts.topics import DEAD_LETTERS
from ingest.kafka_login import KafkaAddress, client_arguments, knock, trouble_with
from ingest.parking import ATTEMPT_HEADER, headers_of

REPLAYED = "replayed"
DROPPED = "dropped"
NO_BYTES = "its message was too long to be kept, or was empty"
NO_TOPIC = "it came from {topic}, not from Kafka: send it there again, or announce the file by `telltale submit --keys`"
CONFIRM_S = 20.0
_TOPIC_NAME = re.compile(r"[A-Za-z0-9._-]{1,249}")


@dataclass
class Settling:
    """What became of the letters that were asked for: ids by outcome, in the order in which they were done."""

    done: list[str] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)


class RawSender:
    """Puts bytes on topics and returns when Kafka has confirmed them. Raises ``NotNow``: no Kafka answers."""

    def __init__(self, kafka: KafkaAddress | str) -> None:
        try:
            knock(kafka)
            self._producer = KafkaProducer(
                **client_arguments(kafka),
                acks="all",
                enable_idempotence=True,
                max_request_size=DEAD_LETTERS.max_message_bytes,
            )
        except KafkaError as why:
            raise trouble_with(kafka, why) from why

    def send(self, topic: str, key: bytes | None, value: bytes, headers: list[tuple[str, bytes]]) -> None:
        """Raises ``NotNow`` where the broker does not take it."""
        try:
            self._producer.send(topic, key=key, value=value, headers=headers).get(timeout=CONFIRM_S)
        except KafkaError as why:
            raise NotNow(f"Kafka did not take a message for {topic}: {type(why).__name__}: {why}") from why

    def mark(self, letter: DeadLetter, settled: str, because: str | None) -> None:
        """Say on the dead-letter topic that ``letter`` waits for nobody any more, and why."""
        marker = letter.model_copy(
            update={
                "value_base64": None,
                "traceback": None,
                "settled": settled,
                "settled_because": because,
                "settled_at": utc_now(),
            }
        )
        self.send(DEAD_LETTERS.name, marker.media_id.encode(), encode(marker), [])

    def __enter__(self) -> "RawSender":
        return self

    def __exit__(self, kind: type[BaseException] | None, why: BaseException | None, tb: TracebackType | None) -> None:
        self._producer.close(timeout=5.0)


class Pace:
    """Lets at most ``rate`` pass per second; without one it never waits."""

    def __init__(
        self,
        rate: float | None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._apart_s = 1.0 / rate if rate else 0.0
        self._clock = clock
        self._sleep = sleep
        self._next_s = clock()

    def wait(self) -> None:
        """Return when the next one may pass."""
        early_s = self._next_s - self._clock()
        if early_s > 0:
            self._sleep(early_s)
        self._next_s = max(self._next_s, self._clock()) + self._apart_s


def chosen(letters: Iterable[DeadLetter], ids: Iterable[str]) -> Iterator[DeadLetter]:
    """Those of ``letters`` that are meant, each once, with their bytes."""
    waiting = set(ids)
    for letter in letters:
        if letter.settled is None and letter.dead_letter_id in waiting:
            waiting.remove(letter.dead_letter_id)
            yield letter


def why_not_again(letter: DeadLetter) -> str | None:
    """Why the message of ``letter`` cannot be put back on its topic, where it cannot."""
    if letter.value_base64 is None:
        return NO_BYTES
    return None if _TOPIC_NAME.fullmatch(letter.topic) else NO_TOPIC.format(topic=letter.topic)


def replay(letters: Iterable[DeadLetter], sender: RawSender, pace: Pace, because: str | None) -> Settling:
    """Put the messages of ``letters`` back on their topics, key and headers as they were, one try further."""
    settling = Settling()
    for letter in letters:
        if why := why_not_again(letter):
            settling.left[letter.dead_letter_id] = why
            continue
        pace.wait()
        key = None if letter.key_base64 is None else base64.b64decode(letter.key_base64)
        value = base64.b64decode(letter.value_base64 or "")
        sender.send(letter.topic, key, value, headers_of_the_next_try(letter))
        sender.mark(letter, REPLAYED, because)
        settling.done.append(letter.dead_letter_id)
    return settling


def drop(letters: Iterable[DeadLetter], sender: RawSender, because: str) -> Settling:
    """Mark ``letters`` as given up; the letters themselves stay as long as their topic keeps them."""
    settling = Settling()
    for letter in letters:
        sender.mark(letter, DROPPED, because)
        settling.done.append(letter.dead_letter_id)
    return settling


def headers_of_the_next_try(letter: DeadLetter) -> list[tuple[str, bytes]]:
    """The headers of the parked record with its attempt raised by one."""
    others = [(name, value) for name, value in headers_of(letter) if name != ATTEMPT_HEADER]
    return [*others, (ATTEMPT_HEADER, str(letter.attempts + 1).encode())]
