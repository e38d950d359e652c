"""An agent's stream in; its events one by one or in micro-batches out, acknowledged by us, in offset order only.

Faust acknowledges an event when the agent asks for the next one, whatever became of the work, and it commits past a
single missing acknowledgement. So a stage reads without acknowledgements, finishes its work, waits until every result
is confirmed, and only then acknowledges in the order of arrival; an agent has one such reader (``concurrency=1``).
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from typing import TypeVar, cast

from faust import EventT, Stream, StreamT

from stream_processors.micro_batch import MicroBatch

T = TypeVar("T")


class OrderedAcks:
    """The one reader of an agent's stream."""

    def __init__(self, stream: StreamT) -> None:
        self._stream = cast(Stream, stream).noack()

    async def one_by_one(self) -> AsyncIterator[EventT]:
        """Every event, in the task of the caller, as table writes need it."""
        async for event in self._events():
            yield event

    async def in_batches(
        self, batch: MicroBatch[T], read: Callable[[EventT], T]
    ) -> AsyncGenerator[tuple[list[T], float]]:
        """What ``read`` makes of the events, as batches with the seconds that their first one waited.

        Reading goes on while a batch is worked on: one event waits in hand, more in the stream's bounded buffer.
        """
        events = self._events()
        upcoming = asyncio.ensure_future(anext(events))
        try:
            while True:
                done, _ = await asyncio.wait({upcoming}, timeout=batch.left_s)
                if done:
                    try:
                        batch.add(read(upcoming.result()))
                    except StopAsyncIteration:  # the worker stops; what is in hand is still finished
                        break
                    upcoming = asyncio.ensure_future(anext(events))
                if batch.due:
                    yield batch.take()
        finally:
            upcoming.cancel()
        items, waited_s = batch.take()
        if items:
            yield items, waited_s

    def _events(self) -> AsyncIterator[EventT]:
        return cast(AsyncIterator[EventT], self._stream.events())

    async def acknowledge(self, events: Iterable[EventT]) -> None:
        """Let the offsets of ``events`` be committed; call it in the order of arrival and leave none out."""
        for event in events:
            await self._stream.ack(event)
