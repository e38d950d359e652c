"""A record that no retry can save in; a dead letter with its bytes out, and a stop where too many are parked."""

import re

import structlog
from faust import EventT

from contracts.messages import DeadLetter
from contracts.topics import DEAD_LETTERS
from contracts.vocabulary import Stage
from ingest.fuse import LOOK_EVERY_S, Fuse
from ingest.parking import ParkedRecord, letter_of
from ingest.publisher import Outgoing
from ingest.telemetry import metric
from stream_processors.outbox import Outbox, trace_of
from stream_processors.patience import Sleeper, Stopping

_LONGEST_ID = 128
_log = structlog.get_logger()


class DeadLetters:
    """Where one stage parks what it cannot process."""

    def __init__(self, stage: Stage, outbox: Outbox, fuse: Fuse, sleeper: Sleeper) -> None:
        self._stage = stage
        self._outbox = outbox
        self._fuse = fuse
        self._sleeper = sleeper

    async def park(self, event: EventT, why: Exception) -> None:
        """Keep the record of ``event`` for people and replays; on return it is confirmed.

        Where it was one too many, so that the fault is more likely ours, it returns only when an operator has said go
        on; meanwhile the stage takes no further message.

        Raises:
            Stopping: the worker was asked to stop while it waited; the record is parked and not acknowledged.
        """
        letter = dead_letter(event, why, stage=self._stage)
        await self._outbox.send([Outgoing(DEAD_LETTERS, letter, trace_of(event))])
        metric("telltale_dead_letters_total").labels(stage=self._stage, reason=letter.reason).inc()
        _log.error("message parked", reason=letter.reason, detail=letter.detail, dead_letter_id=letter.dead_letter_id)
        if self._fuse.blows(parked=True):
            await self._wait_for_an_operator()

    def note_success(self) -> None:
        """Count a message that went through."""
        self._fuse.blows(parked=False)

    async def _wait_for_an_operator(self) -> None:
        while self._fuse.is_blown:
            if self._sleeper.should_stop:
                raise Stopping
            await self._sleeper.sleep(LOOK_EVERY_S)
        self._fuse.mend()


def dead_letter(event: EventT, why: Exception, *, stage: Stage) -> DeadLetter:
    """The dead letter of a record; the same record and stage always give the same ``dead_letter_id``."""
    record = record_of(event)
    return letter_of(record, why, stage=stage, reason=reason_of(type(why)), media_id=_media_id(record.key))


def record_of(event: EventT) -> ParkedRecord:
    """The record behind an event of Faust."""
    record = event.message
    place = (record.topic, record.partition, record.offset)
    return ParkedRecord.of(place, record.key, record.value, (event.headers or {}).items())


def reason_of(failure: type[Exception]) -> str:
    """The word for a kind of failure.

    >>> reason_of(TypeError)
    'type_error'
    """
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", failure.__name__).lower()


def _media_id(key: bytes | None) -> str | None:
    """The key of the record, where it can be the id of an item."""
    text = (key or b"").decode("utf-8", "replace")
    return text if text.isprintable() and 0 < len(text) <= _LONGEST_ID else None
