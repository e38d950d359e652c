"""The head of the chain in; lines in a file beside the database out, to be copied to where its owner cannot write.

Whoever owns the database can write the whole chain anew. A line kept elsewhere tells which record stood at which place
at that time; signed with a key that the database's owner does not have, it cannot be made afterwards either.
"""

import hashlib
import hmac
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from dashboard.custody.canonical import canonical
from dashboard.custody.chain import Head

FILE = Path("audit") / "anchors.jsonl"
_LEAST_KEY_BYTES = 16
_KEY_ID_DIGITS = 16


class UnusableKey(Exception):
    """The file with the key for anchors is missing, empty or too short; anchors are not written without it."""


class NotAnAnchor(ValueError):
    """A line of an anchor file is no anchor."""


@dataclass(frozen=True, kw_only=True)
class Anchor:
    """Which record stood where in the chain; ``signature`` is the HMAC-SHA-256 of the other fields, if there is one."""

    at: str
    number: int
    digest: str
    key_id: str | None = None
    signature: str | None = None


def key_from(file: Path | None) -> bytes | None:
    """The key for signatures: the bytes of ``file`` without space around them; none without a file.

    Raises:
        UnusableKey: it cannot be read, or is shorter than 16 bytes.
    """
    if file is None:
        return None
    try:
        key = file.read_bytes().strip()
    except OSError as why:
        raise UnusableKey(f"the key for anchors cannot be read: {why.strerror}") from why
    if len(key) < _LEAST_KEY_BYTES:
        raise UnusableKey(f"the key for anchors has {len(key)} bytes; at least {_LEAST_KEY_BYTES} are needed")
    return key


def anchor_of(head: Head, key: bytes | None, *, at: datetime | None = None) -> Anchor:
    """An anchor of the chain as it ends now, signed where there is a key."""
    moment = (at or datetime.now(UTC)).isoformat(timespec="milliseconds")
    if key is None:
        return Anchor(at=moment, number=head.number, digest=head.digest)
    key_id = hashlib.sha256(key).hexdigest()[:_KEY_ID_DIGITS]
    unsigned = Anchor(at=moment, number=head.number, digest=head.digest, key_id=key_id)
    return Anchor(**{**vars(unsigned), "signature": _signature_of(unsigned, key)})


def is_signed_by(anchor: Anchor, key: bytes) -> bool:
    """Whether the signature is that of this key over this anchor."""
    return anchor.signature is not None and hmac.compare_digest(anchor.signature, _signature_of(anchor, key))


def _signature_of(anchor: Anchor, key: bytes) -> str:
    said = {name: value for name, value in vars(anchor).items() if name != "signature"}
    return hmac.new(key, canonical(said), hashlib.sha256).hexdigest()


def anchors_in(file: Path) -> Iterator[Anchor]:
    """The anchors of a file, one JSON object per line; none where there is no file.

    Raises:
        NotAnAnchor: a line is something else.
    """
    if not file.is_file():
        return
    with file.open(encoding="utf-8") as lines:
        for place, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                yield Anchor(**json.loads(line))
            except (ValueError, TypeError) as why:
                raise NotAnAnchor(f"line {place} is no anchor") from why


def write_anchor(file: Path, anchor: Anchor) -> None:
    """Add a line, and return when the disk has it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    said = {name: value for name, value in vars(anchor).items() if value is not None}
    with file.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(said) + "\n")
        lines.flush()
        os.fsync(lines.fileno())


class Anchorage:
    """Writes an anchor every ``interval_s`` seconds, where the chain has grown since the last one."""

    def __init__(
        self,
        file: Path,
        key: bytes | None,
        *,
        interval_s: float,
        head: Callable[[], Head],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._file = file
        self._key = key
        self._interval_s = interval_s
        self._head = head
        self._clock = clock
        self._next_s = clock() + interval_s
        self._last = Head()

    def look(self, *, now: bool = False) -> None:
        """Write one if it is time, or at once; without news there is nothing to write."""
        if not now and self._clock() < self._next_s:
            return
        self._next_s = self._clock() + self._interval_s
        head = self._head()
        if head.number and head != self._last:
            write_anchor(self._file, anchor_of(head, self._key))
            self._last = head
