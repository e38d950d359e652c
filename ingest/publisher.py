"""Messages in; records that Kafka has confirmed out, or ``NotNow``."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from kafka import KafkaProducer
from kafka.errors import KafkaError

from contracts.codec import encode
from contracts.messages import Message
from contracts.topics import Topic
from ingest.kafka_login import KafkaAddress, as_address, client_arguments, knock, trouble_with

_BLOCK_MS = 5_000
_REQUEST_MS = 10_000
_DELIVERY_MS = 15_000
_WAIT_S = 20.0


@dataclass(frozen=True)
class Outgoing:
    """A message on its way to a topic."""

    topic: Topic
    message: Message
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> bytes:
        return getattr(self.message, self.topic.key).encode()


class Publisher:
    """An idempotent producer that waits for every replica (``acks=all``); made at the first use, remade after trouble.

    It gives up within seconds rather than minutes, so that a process whose broker is away can still be stopped; who
    calls it keeps the messages and tries again.
    """

    def __init__(self, kafka: KafkaAddress | str, *, largest_message_bytes: int) -> None:
        self._kafka = kafka
        self._largest_message_bytes = largest_message_bytes
        self._producer: KafkaProducer | None = None

    def publish(self, outgoing: Sequence[Outgoing]) -> None:
        """Return when every message is confirmed.

        Raises:
            NotNow: the broker is away or does not let us in (``LoginRefused``), or a topic does not exist yet; some of
                the messages may have been written.
        """
        try:
            self._send_all(outgoing)
        except KafkaError as why:
            self.close()
            raise trouble_with(self._kafka, why) from why

    def close(self) -> None:
        """Drop the connection; the next ``publish`` makes another."""
        if self._producer is not None:
            self._producer.close(timeout=1.0)
            self._producer = None

    def _send_all(self, outgoing: Sequence[Outgoing]) -> None:
        producer = self._producer = self._producer or self._connect()
        confirmations = [
            producer.send(
                one.topic.name,
                key=one.key,
                value=encode(one.message),
                headers=[(name, value.encode()) for name, value in one.headers.items()],
            )
            for one in outgoing
        ]
        for confirmation in confirmations:
            confirmation.get(timeout=_WAIT_S)

    def _connect(self) -> KafkaProducer:
        if as_address(self._kafka).has_tls:
            knock(self._kafka)  # a producer would try again and again, and leave every refused socket open
        return KafkaProducer(
            **client_arguments(self._kafka),
            acks="all",
            enable_idempotence=True,
            linger_ms=5,
            max_block_ms=_BLOCK_MS,
            request_timeout_ms=_REQUEST_MS,
            delivery_timeout_ms=_DELIVERY_MS,
            bootstrap_timeout_ms=_BLOCK_MS,  # pyright: ignore[reportCallIssue] - missing in the library's types
            reconnect_backoff_max_ms=2_000,
            metadata_max_age_ms=30_000,
            max_request_size=self._largest_message_bytes,
        )
