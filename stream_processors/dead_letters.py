"""A record that no retry can save in; a dead letter with its bytes out, and a fuse against parking everything."""

import base64
import hashlib
import re
import traceback
from collections import deque

import structlog
from faust import EventT

from contracts.errors import TooManyDeadLetters
from contracts.messages import DeadLetter
from contracts.topics import DEAD_LETTERS
from contracts.vocabulary import Stage
from ingest.publisher import Outgoing
from ingest.telemetry import metric
from stream_processors.outbox import Outbox, trace_of

_LONGEST_TRACEBACK = 8_000
_LONGEST_DETAIL = 500
_LONGEST_ID = 128
_log = structlog.get_logger()


class DeadLetterBudget:
    """Blows when more than ``share`` of the last ``window`` messages were parked, so that no deploy parks them all."""

    def __init__(self, *, window: int = 200, share: float = 0.2) -> None:
        self._recent: deque[bool] = deque(maxlen=window)
        self._share = share

    def record(self, *, parked: bool) -> None:
        """Note one finished message. Raises ``TooManyDeadLetters``."""
        self._recent.append(parked)
        full = len(self._recent) == self._recent.maxlen
        if full and sum(self._recent) > self._share * len(self._recent):
            raise TooManyDeadLetters(f"{sum(self._recent)} of the last {len(self._recent)} messages were parked")


class DeadLetters:
    """Where one stage parks what it cannot process."""

    def __init__(self, stage: Stage, outbox: Outbox, budget: DeadLetterBudget) -> None:
        self._stage = stage
        self._outbox = outbox
        self._budget = budget

    async def park(self, event: EventT, why: Exception) -> None:
        """Keep the record of ``event`` for people and replays; on return it is confirmed.

        Raises:
            TooManyDeadLetters: so many were parked that the fault is more likely ours; this one is parked too.
        """
        letter = dead_letter(event, why, stage=self._stage)
        await self._outbox.send([Outgoing(DEAD_LETTERS, letter, trace_of(event))])
        metric("telltale_dead_letters_total").labels(stage=self._stage, reason=letter.reason).inc()
        _log.error("message parked", reason=letter.reason, detail=letter.detail, dead_letter_id=letter.dead_letter_id)
        self._budget.record(parked=True)

    def note_success(self) -> None:
        """Count a message that went through."""
        self._budget.record(parked=False)


def dead_letter(event: EventT, why: Exception, *, stage: Stage) -> DeadLetter:
    """The dead letter of a record; the same record and stage always give the same ``dead_letter_id``."""
    record = event.message
    place = f"{stage}\0{record.topic}\0{record.partition}\0{record.offset}"
    letter_id = hashlib.sha256(place.encode()).hexdigest()[:32]
    return DeadLetter(
        media_id=_media_id(record.key) or letter_id,
        dead_letter_id=letter_id,
        stage=stage,
        reason=reason_of(type(why)),
        detail=str(why)[:_LONGEST_DETAIL],
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        key_base64=_base64(record.key),
        value_base64=_base64(record.value),
        headers={str(name): _text(value) for name, value in (event.headers or {}).items()},
        traceback="".join(traceback.format_exception(why))[-_LONGEST_TRACEBACK:],
    )


def reason_of(failure: type[Exception]) -> str:
    """The word for a kind of failure.

    >>> reason_of(TooManyDeadLetters)
    'too_many_dead_letters'
    """
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", failure.__name__).lower()


def _media_id(key: object) -> str | None:
    """The key of the record, where it can be the id of an item."""
    text = _text(key) if isinstance(key, bytes | str) else ""
    return text if text.isprintable() and 0 < len(text) <= _LONGEST_ID else None


def _base64(raw: object) -> str | None:
    return base64.b64encode(raw).decode("ascii") if isinstance(raw, bytes) else None


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
