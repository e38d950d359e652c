"""A record that no retry can save in; the dead letter that keeps every byte, header and fact of it out."""

import base64
import hashlib
import traceback
from collections.abc import Iterable
from dataclasses import dataclass

from contracts.messages import DeadLetter
from contracts.vocabulary import Stage
from ingest.redaction import redacted

ATTEMPT_HEADER = "telltale-attempt"
_LONGEST_TRACEBACK = 8_000
_LONGEST_DETAIL = 500
_MOST_DIGITS = 6
Headers = Iterable[tuple[str, bytes | str | None]]


@dataclass(frozen=True)
class ParkedRecord:
    """One record as it lay on its topic, whichever client read it; a header without a value is left out."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()

    @classmethod
    def of(
        cls, place: tuple[str, int, int], key: object, value: object, headers: Headers | None = None
    ) -> "ParkedRecord":
        """From the topic, partition and offset of a record and what it carries."""
        given = ((str(name), value.encode() if isinstance(value, str) else value) for name, value in headers or ())
        kept = tuple((name, value) for name, value in given if value is not None)
        return cls(*place, _raw(key), _raw(value), kept)

    @property
    def attempt(self) -> int:
        """Which try of its message this record is: 1 as a stage wrote it, more where dead letters were replayed."""
        return attempt_in(self.headers)

    def letter_id(self, stage: Stage) -> str:
        """The same for one stage and record on every delivery."""
        place = f"{stage}\0{self.topic}\0{self.partition}\0{self.offset}"
        return hashlib.sha256(place.encode()).hexdigest()[:32]


def attempt_in(headers: Headers) -> int:
    """The try that ``headers`` speak of; 1 where they do not, or say something else than a number.

    >>> attempt_in([("telltale-attempt", b"3")]), attempt_in([])
    (3, 1)
    """
    said = dict(headers).get(ATTEMPT_HEADER) or b"1"
    text = said if isinstance(said, str) else said.decode("ascii", "replace")
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS else 1


def letter_of(
    record: ParkedRecord, why: BaseException, *, stage: Stage, reason: str, media_id: str | None = None
) -> DeadLetter:
    """The dead letter of ``record``; it belongs to the item ``media_id``, or to nobody but itself."""
    letter_id = record.letter_id(stage)
    texts = {name: text for name, value in record.headers if (text := _as_text(value)) is not None}
    others = {name: _base64(value) for name, value in record.headers if name not in texts}
    return DeadLetter(
        media_id=media_id or letter_id,
        dead_letter_id=letter_id,
        stage=stage,
        reason=reason,
        detail=_writable(str(why))[:_LONGEST_DETAIL],
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        key_base64=None if record.key is None else _base64(record.key),
        value_base64=None if record.value is None else _base64(record.value),
        headers=texts,
        headers_base64=others,
        attempts=record.attempt,
        traceback=_writable("".join(traceback.format_exception(why)))[-_LONGEST_TRACEBACK:],
    )


def headers_of(letter: DeadLetter) -> list[tuple[str, bytes]]:
    """The headers of the parked record, as they were."""
    texts = [(name, text.encode()) for name, text in letter.headers.items()]
    return texts + [(name, base64.b64decode(text)) for name, text in letter.headers_base64.items()]


def _raw(part: object) -> bytes | None:
    return part if isinstance(part, bytes) else None


def _as_text(value: bytes) -> str | None:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return None


def _writable(text: str) -> str:
    """Without secrets, and without what UTF-8 cannot carry: parts of file names that are no text."""
    return redacted(text.encode("utf-8", "replace").decode())


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")
