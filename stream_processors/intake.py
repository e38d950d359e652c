"""One record of a stage's input in; it is worked off, or parked as a dead letter, or left for later, and counted."""

import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

import faust
import structlog

from contracts.codec import decode
from contracts.errors import PoisonMessage
from contracts.messages import Message
from contracts.settings import ProcessSettings
from contracts.telemetry import trace_id_of
from contracts.topics import Topic
from contracts.vocabulary import Stage
from ingest.fuse import Fuse
from ingest.telemetry import metric, start_at_zero
from stream_processors.dead_letters import DeadLetters, reason_of
from stream_processors.outbox import Outbox, trace_of
from stream_processors.patience import with_patience

M = TypeVar("M", bound=Message)
OUTCOMES = ("done", "known", "dead_letter")


class Intake:
    """What the agents of one stage share: how a record is read, how failures are answered, what is counted.

    A failure is answered by its consequence: ``PoisonMessage`` parks the record and goes on, ``NotNow`` waits with the
    offset kept, and anything else is a fault of ours and ends the process.
    """

    def __init__(self, app: faust.App, stage: Stage, settings: ProcessSettings) -> None:
        self.app = app
        self.stage = stage
        self.outbox = Outbox(app)
        self.dead_letters = DeadLetters(stage, self.outbox, Fuse.of(stage, settings), app)
        start_at_zero("telltale_events_total", stage=[stage], outcome=OUTCOMES)
        start_at_zero("telltale_dead_letters_total", stage=[stage], reason=[reason_of(PoisonMessage)])

    def topic(self, topic: Topic, *more: Topic) -> faust.TopicT:
        """A Faust topic of raw bytes: decoding happens in the agent, where bad bytes can be parked."""
        names = [one.name for one in (topic, *more)]
        return self.app.topic(*names, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")

    async def finish(
        self,
        event: faust.EventT,
        carries: type[M],
        work: Callable[[M], Awaitable[str]],
        *,
        when_parked: Callable[[M], Awaitable[None]] | None = None,
    ) -> None:
        """Work off one record; on return it may be acknowledged. ``work`` answers with the outcome that is counted.

        ``when_parked`` is called for a message that ``work`` found to be poison, once its letter is confirmed.

        Raises:
            Stopping: the worker stops first; do not acknowledge.
        """
        began_s = time.monotonic()
        message = None
        with log_fields(event):
            try:
                message = decode(event.message.value, carries)
                outcome = await with_patience(partial(work, message), self.app)
                self.dead_letters.note_success()
            except PoisonMessage as why:
                await self.dead_letters.park(event, why)
                if message is not None and when_parked is not None:
                    await with_patience(partial(when_parked, message), self.app)
                outcome = "dead_letter"
        self.count(outcome)
        metric("telltale_stage_seconds").labels(stage=self.stage).observe(time.monotonic() - began_s)

    def count(self, outcome: str) -> None:
        metric("telltale_events_total").labels(stage=self.stage, outcome=outcome).inc()


@contextmanager
def log_fields(event: faust.EventT) -> Iterator[None]:
    """Every log line inside says which record of which item it is about."""
    record = event.message
    key = record.key.decode("utf-8", "replace") if isinstance(record.key, bytes) else None
    with structlog.contextvars.bound_contextvars(
        media_id=key,
        trace_id=trace_id_of(trace_of(event)),
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
    ):
        yield
