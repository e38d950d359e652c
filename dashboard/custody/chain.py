"""Facts and the last link in, the next link out; and links in, every place where the chain does not hold out.

A link carries the hash of the link before it, of the link before it about the same item, and a salted hash of what it
says. What is said (the body) lies beside the chain: it goes when an item is deleted, and every link still holds.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dashboard.custody.canonical import canonical, sha256_of

FORMAT = 1
NOTHING = "0" * 64


@dataclass(frozen=True, kw_only=True)
class Link:
    """One record of the chain. Hashes are 64 hex digits; ``number`` counts from 1 without gaps.

    ``subject`` is the item's media id, or empty where a record is about none. ``event_id`` names the event, so that the
    same one is recorded once. ``recorded_at`` is UTC in ISO 8601.
    """

    number: int
    subject: str
    kind: str
    event_id: str
    recorded_at: str
    body_digest: str
    subject_prev: str
    prev: str
    digest: str


@dataclass(frozen=True)
class Head:
    """The end of the chain; number 0 and zeros before its first link."""

    number: int = 0
    digest: str = NOTHING


@dataclass(frozen=True)
class Body:
    """What a link says, and the salt that keeps its hash from being found by trying likely bodies."""

    salt: str
    content: Mapping[str, Any]

    @property
    def digest(self) -> str:
        return hashlib.sha256(bytes.fromhex(self.salt) + canonical(self.content)).hexdigest()


@dataclass(frozen=True)
class Flaw:
    """A place where the chain does not hold: the number of the link, or of the one that is missing, and why."""

    number: int
    subject: str
    what: str


def next_link(
    head: Head, *, subject: str, kind: str, event_id: str, recorded_at: str, body: Body, subject_prev: str = NOTHING
) -> Link:
    """The link that follows ``head``; ``subject_prev`` is the hash of the last link about the same item.

    Raises:
        NotCanonical: ``body`` has no canonical form.
    """
    said = {
        "number": head.number + 1,
        "subject": subject,
        "kind": kind,
        "event_id": event_id,
        "recorded_at": recorded_at,
        "body_digest": body.digest,
        "subject_prev": subject_prev,
        "prev": head.digest,
    }
    return Link(**said, digest=sha256_of({"format": FORMAT, **said}))


def digest_of(link: Link) -> str:
    """The hash that ``link`` must have. Raises ``NotCanonical``."""
    said = {name: value for name, value in vars(link).items() if name != "digest"}
    return sha256_of({"format": FORMAT, **said})


def flaws_in(links: Iterable[Link], head: Head) -> Iterator[Flaw]:
    """Walk along the whole chain once, in the order of the numbers; nothing comes where all of it holds.

    Memory grows by one hash per item. A missing or doubled number, a changed field, a link in another place and an end
    that is not ``head`` are each told where they are found.
    """
    last, subjects = Head(), dict[str, bytes | None]()
    for link in links:
        yield from _flaws_of(link, last, subjects)
        last = Head(link.number, link.digest)
        subjects[link.subject] = _bytes_of(link.digest)
    if last != head:
        what = f"the chain ends with record {last.number}, its head says {head.number}"
        if last.number == head.number:
            what = f"the hash of record {last.number} is not the one that the head of the chain names"
        yield Flaw(head.number, "", what)


def _flaws_of(link: Link, last: Head, subjects: Mapping[str, bytes | None]) -> Iterator[Flaw]:
    if link.number != last.number + 1:
        yield Flaw(last.number + 1, link.subject, f"record {last.number + 1} is followed by record {link.number}")
    if link.prev != last.digest:
        yield Flaw(link.number, link.subject, "it does not follow the record before it")
    if _bytes_of(link.subject_prev) != subjects.get(link.subject, bytes(32)):
        yield Flaw(link.number, link.subject, "it does not follow the last record about its item")
    if link.digest != _expected(link):
        yield Flaw(link.number, link.subject, "its hash is not that of its content")


def _expected(link: Link) -> str | None:
    try:
        return digest_of(link)
    except (ValueError, TypeError):
        return None


def _bytes_of(digest: str) -> bytes | None:
    try:
        return bytes.fromhex(digest)
    except (ValueError, TypeError):
        return None
