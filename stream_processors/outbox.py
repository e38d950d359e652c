"""Messages in; on return Kafka has confirmed every one of them."""

from collections.abc import Sequence

import faust

from contracts.codec import encode
from contracts.telemetry import TRACE_HEADER
from ingest.publisher import Outgoing

Headers = dict[str, str]


class Outbox:
    """Sends with the producer of a running Faust app."""

    def __init__(self, app: faust.App) -> None:
        self._app = app

    async def send(self, outgoing: Sequence[Outgoing]) -> None:
        """Send all messages and wait until each is written to every replica.

        Raises:
            KafkaError, ProducerSendError: the broker did not take one; some of the others may have been written.
        """
        waiting = []
        for one in outgoing:
            headers = [(name, value.encode()) for name, value in one.headers.items()]
            value = encode(one.message)
            waiting.append(await self._app.producer.send(one.topic.name, one.key, value, None, None, headers))
        for confirmation in waiting:
            await confirmation

    async def flush(self) -> None:
        """Wait until everything that the app has sent by itself (table changes) is written too."""
        await self._app.producer.flush()


def trace_of(event: faust.EventT) -> Headers:
    """The part of an event's headers that its results carry on."""
    value = event.headers.get(TRACE_HEADER)
    if not value:
        return {}
    return {TRACE_HEADER: value.decode("ascii", "replace") if isinstance(value, bytes) else str(value)}
