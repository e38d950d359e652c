"""Bytes in, Faust events and a stream out, as an agent meets them, without a broker."""

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any


def an_event(
    value: bytes | None = b"{}",
    *,
    key: bytes | None = b"item",
    topic: str = "media.uploaded.v1",
    partition: int = 0,
    offset: int = 0,
    headers: dict[str, bytes] | None = None,
) -> Any:
    """What our code reads of a ``faust.Event``."""
    message = SimpleNamespace(topic=topic, partition=partition, offset=offset, key=key, value=value)
    return SimpleNamespace(message=message, headers=headers or {})


class FakeStream:
    """The part of a Faust stream that a reader with manual acknowledgements uses; ``put(None)`` stops it."""

    def __init__(self) -> None:
        self.acked: list[int] = []
        self.enable_acks = True
        self._queue: asyncio.Queue[Any] = asyncio.Queue()

    def put(self, *events: Any) -> None:
        for event in events:
            self._queue.put_nowait(event)

    def noack(self) -> "FakeStream":
        self.enable_acks = False
        return self

    async def events(self) -> AsyncIterator[Any]:
        while (event := await self._queue.get()) is not None:
            yield event
            if self.enable_acks:
                await self.ack(event)

    async def ack(self, event: Any) -> bool:
        self.acked.append(event.message.offset)
        return True
