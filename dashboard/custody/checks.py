"""The audit log and what it speaks of in; findings out: what holds, what is broken, what can no longer be checked."""

import hashlib
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, RowMapping, select

from contracts.errors import CorruptObject, NotNow, ObjectChanged, ObjectMissing
from contracts.messages import ClaimCheck, MediaUploaded, MediaVerdict
from dashboard.custody.anchors import Anchor, is_signed_by
from dashboard.custody.canonical import NotCanonical
from dashboard.custody.chain import Body, Flaw, Link, flaws_in
from dashboard.custody.facts import DECIDED, Kind, document_sha256, verdict_body
from dashboard.custody.log import all_bodies, bodies_of, head_of, links, links_of
from dashboard.custody.tables import audit_chain
from dashboard.projection import ItemDocuments, row_of
from dashboard.read_model import read_documents
from dashboard.read_tables import items, verdict_events
from ingest.claim_checks import redeem
from ingest.identity import media_id_of
from ingest.object_store import ObjectStore

_COMPARED = ("source_key", "bucket", "lifecycle", "tab", "verdict", "sha256", "seq", "low", "value", "high")


class State(StrEnum):
    """What became of one check; explained is what is gone and the chain says why."""

    HOLDS = "holds"
    EXPLAINED = "explained"
    UNCHECKABLE = "uncheckable"
    BROKEN = "broken"


@dataclass(frozen=True)
class Finding:
    """One check: what was looked at, and what came of it in one sentence."""

    what: str
    state: State
    detail: str


@dataclass
class ChainReport:
    """What a walk along the whole chain came to; ``erased`` are records whose body left with a deleted item."""

    records: int = 0
    erased: int = 0
    anchors: int = 0
    flaws: list[Flaw] = field(default_factory=list)


def chain_report(connection: Connection, anchors: Iterable[Anchor], key: bytes | None = None) -> ChainReport:
    """Every link, body and anchor; ``key`` also checks the signatures of anchors that were made with it.

    ``anchors`` may come from the deployment's own file and from copies kept elsewhere.
    """
    report = ChainReport()
    pending = sorted(anchors, key=lambda anchor: anchor.number)
    report.anchors = len(pending)
    deleted = set(connection.scalars(select(audit_chain.c.subject).where(audit_chain.c.kind == Kind.DELETED.value)))
    bodies = _Bodies(all_bodies(connection), deleted, report)

    def looked_at() -> Iterator[Link]:
        for link in links(connection):
            report.records += 1
            bodies.look(link)
            while pending and pending[0].number <= link.number:
                report.flaws.extend(_flaws_of_anchor(pending.pop(0), link, key))
            yield link

    report.flaws.extend(flaws_in(looked_at(), head_of(connection)))
    bodies.finish()
    for anchor in pending:
        what = f"the anchor of {anchor.at} names record {anchor.number}, which is gone: the end was removed"
        report.flaws.append(Flaw(anchor.number, "", what))
    return report


class _Bodies:
    """Holds bodies against links, both in the order of their numbers."""

    def __init__(self, bodies: Iterator[tuple[int, Body | None]], deleted: set[str], report: ChainReport) -> None:
        self._bodies = bodies
        self._deleted = deleted
        self._report = report
        self._next = next(bodies, None)

    def look(self, link: Link) -> None:
        while self._next is not None and self._next[0] < link.number:
            self._stranger(self._next[0])
        if self._next is None or self._next[0] != link.number:
            self._missing(link)
            return
        _, body = self._next
        self._next = next(self._bodies, None)
        if not is_body_of(link, body):
            self._tell(link.number, link.subject, "what it says was changed")

    def finish(self) -> None:
        while self._next is not None:
            self._stranger(self._next[0])

    def _stranger(self, number: int) -> None:
        self._tell(number, "", "there is a body without a record")
        self._next = next(self._bodies, None)

    def _missing(self, link: Link) -> None:
        if link.subject in self._deleted and link.kind != Kind.DELETED:
            self._report.erased += 1
        else:
            self._tell(link.number, link.subject, "what it says was removed, and no deletion is on record")

    def _tell(self, number: int, subject: str, what: str) -> None:
        self._report.flaws.append(Flaw(number, subject, what))


def is_body_of(link: Link, body: Body | None) -> bool:
    """Whether ``body`` is what ``link`` was made for."""
    try:
        return body is not None and body.digest == link.body_digest
    except NotCanonical:
        return False


def _flaws_of_anchor(anchor: Anchor, link: Link, key: bytes | None) -> Iterator[Flaw]:
    if (anchor.number, anchor.digest) != (link.number, link.digest):
        yield Flaw(
            link.number, "", f"it is not the record that the anchor of {anchor.at} names: the chain was rewritten"
        )
    if key is not None and not is_signed_by(anchor, key):
        yield Flaw(link.number, "", f"the anchor of {anchor.at} is not signed with the key given")


@dataclass(frozen=True, kw_only=True)
class Item:
    """All that is kept of one item: its records with what they say, its documents, and its row in the inbox."""

    media_id: str
    links: tuple[Link, ...]
    bodies: Mapping[int, Body | None]
    documents: ItemDocuments
    row: Mapping[str, Any] | None
    events: tuple[RowMapping, ...]

    @classmethod
    def of(cls, connection: Connection, media_id: str) -> "Item":
        events = select(verdict_events).where(verdict_events.c.media_id == media_id)
        row = connection.execute(select(items).where(items.c.media_id == media_id)).mappings().first()
        return cls(
            media_id=media_id,
            links=tuple(links_of(connection, media_id)),
            bodies=bodies_of(connection, media_id),
            documents=read_documents(connection, media_id),
            row=dict(row) if row else None,
            events=tuple(connection.execute(events).mappings()),
        )

    def said(self, *kinds: Kind) -> list[Mapping[str, Any]]:
        """What the sound records of these kinds say, in their order."""
        found = [(link, self.bodies.get(link.number)) for link in self.links if link.kind in kinds]
        return [body.content for link, body in found if body is not None and is_body_of(link, body)]

    def day_of(self, kind: Kind, what: str | None = None) -> str | None:
        """The day of the last record of this kind; of expiries that of ``what``."""
        for link in reversed(self.links):
            body = self.bodies.get(link.number)
            if link.kind == kind and (what is None or (body is not None and body.content.get("what") == what)):
                return link.recorded_at[:10]
        return None

    @property
    def deleted_on(self) -> str | None:
        return self.day_of(Kind.DELETED)

    @property
    def media_sha256(self) -> str | None:
        """What the bytes hashed to when they were first read."""
        hashes = (body.get("media_sha256") for body in self.said(Kind.EXTRACTED))
        return next((found for found in hashes if found), None)


def record_findings(item: Item) -> Iterator[Finding]:
    """Whether what the pages show of an item is what was recorded about it."""
    if item.deleted_on:
        yield Finding("item", State.EXPLAINED, f"It was deleted on {item.deleted_on}, as the chain records.")
        return
    if (expired := item.day_of(Kind.EXPIRED, "rows")) is not None:
        yield Finding("item", State.EXPLAINED, f"Its rows expired on {expired}, as the chain records.")
        return
    if not item.links:
        yield Finding("item", State.UNCHECKABLE, "Nothing was recorded about it: it is older than the audit log.")
        return
    yield from _identity(item)
    yield from _verdict(item)
    yield from _history(item)
    yield from _row(item)
    for body in item.said(Kind.MEDIA_CHANGED):
        what = f"Read again, its bytes hashed to {body['sha256_now'][:16]}… instead of {body['sha256_before'][:16]}…."
        yield Finding("media", State.BROKEN, what)


def _identity(item: Item) -> Iterator[Finding]:
    uploaded = item.documents.uploaded
    if uploaded is None:
        yield Finding("upload", State.BROKEN, "The row of the upload is gone, and no deletion or expiry is on record.")
    elif media_id_of(uploaded.bucket, uploaded.key, uploaded.version) != item.media_id:
        yield Finding("upload", State.BROKEN, "Bucket, key and version are not those that the item's id stands for.")
    else:
        yield Finding("upload", State.HOLDS, "Bucket, key and version are those that the item's id stands for.")


def _verdict(item: Item) -> Iterator[Finding]:
    recorded = {body["event_id"]: body for body in item.said(Kind.JUDGED, Kind.REJUDGED)}
    verdict = item.documents.verdict
    if verdict is None or verdict.lifecycle not in DECIDED:
        if recorded:
            yield Finding("verdict", State.BROKEN, "A final verdict is on record, and the item shows none.")
        return
    body = recorded.get(verdict.event_id)
    if body is None:
        yield Finding("verdict", State.BROKEN, "The verdict that is shown is not on record.")
    elif document_sha256(verdict) != body["document_sha256"]:
        yield Finding("verdict", State.BROKEN, f"The verdict that is shown differs in {_differing(body, verdict)}.")
    else:
        by = f"policy {verdict.policy_version}, code {verdict.code_version or 'not named'}"
        yield Finding("verdict", State.HOLDS, f"{verdict.verdict.value} is what was recorded, by {by}.")


def _differing(body: Mapping[str, Any], verdict: MediaVerdict) -> str:
    now = verdict_body(verdict)
    names = [name for name in now if now[name] != body.get(name) and name != "document_sha256"]
    return ", ".join(names) or "a part that is recorded as a hash only"


def _history(item: Item) -> Iterator[Finding]:
    recorded = {body["event_id"]: body for body in item.said(Kind.JUDGED, Kind.REJUDGED)}
    rows = {row["event_id"]: row for row in item.events}
    for event_id, body in recorded.items():
        row, odds = rows.get(event_id), body["probability"] or {}
        shown = (row["verdict"], _text(row["low"]), _text(row["high"]), row["policy_version"]) if row else None
        if shown != (body["verdict"], odds.get("low"), odds.get("high"), body["policy_version"]):
            yield Finding("history", State.BROKEN, f"The history tells event {event_id[:12]} otherwise than recorded.")


def _text(number: float | None) -> str | None:
    return None if number is None else repr(number)


def _row(item: Item) -> Iterator[Finding]:
    wanted = row_of(item.documents)
    if wanted is None:
        return
    wrong = [name for name in _COMPARED if item.row is None or item.row[name] != wanted[name]]
    if wrong:
        yield Finding("row", State.BROKEN, f"The list of items shows another {', '.join(wrong)} than its documents.")
    else:
        yield Finding("row", State.HOLDS, "The list of items shows what its documents say.")


def media_finding(item: Item, store: ObjectStore, scratch: Path | None = None) -> Finding:
    """Whether the object in the bucket still has the SHA-256 that it had when it was judged.

    ``scratch``: folder for the copy that is hashed. The object is only asked for under the version that was judged.
    """
    uploaded, wanted = item.documents.uploaded, item.media_sha256
    if uploaded is None:
        return Finding("media", State.UNCHECKABLE, "Nothing says where it lay.")
    if wanted is None:
        return Finding("media", State.UNCHECKABLE, "Its bytes were never read, so no SHA-256 was recorded.")
    if uploaded.bucket != store.bucket:
        return Finding("media", State.UNCHECKABLE, f"It lay in the bucket {uploaded.bucket}, this is {store.bucket}.")
    try:
        found = _hashed(store, uploaded, scratch)
    except ObjectChanged:
        return Finding("media", State.UNCHECKABLE, "Another version lies there now; that one is an item of its own.")
    except (ObjectMissing, ValueError):
        expired = item.day_of(Kind.EXPIRED, "media")
        if expired:
            return Finding("media", State.EXPLAINED, f"It expired on {expired}, as the chain records.")
        return Finding("media", State.UNCHECKABLE, "It is no longer in the bucket, and no record says why.")
    except NotNow as why:
        return Finding("media", State.UNCHECKABLE, f"The bucket does not answer: {why}.")
    if found != wanted:
        return Finding(
            "media", State.BROKEN, f"Its bytes were changed: SHA-256 {found[:16]}… instead of {wanted[:16]}…."
        )
    return Finding("media", State.HOLDS, f"Its bytes still have the SHA-256 {wanted}.")


def _hashed(store: ObjectStore, uploaded: MediaUploaded, scratch: Path | None) -> str:
    with tempfile.TemporaryDirectory(prefix="telltale-verify-", dir=scratch) as folder:
        copy = Path(folder) / "media"
        store.fetch(uploaded.key, copy, version=uploaded.version)
        with copy.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


def crop_findings(item: Item, store: ObjectStore) -> Iterator[Finding]:
    """Whether each crop bundle that evidence lies in is still the one that was scored."""
    verdict = item.documents.verdict
    if verdict is None:
        return
    bundles = {one.bundle.key: one.bundle for track in verdict.tracks for one in track.evidence}
    recorded = {key: sha for body in item.said(Kind.JUDGED, Kind.REJUDGED) for key, sha in body["evidence"].items()}
    for key, bundle in bundles.items():
        name = f"evidence {key.rpartition('/')[2]}"
        if recorded.get(key, bundle.sha256) != bundle.sha256:
            yield Finding(name, State.BROKEN, "Its claim check is not the one that was recorded.")
        else:
            yield _crop_finding(item, store, bundle, name)


def _crop_finding(item: Item, store: ObjectStore, bundle: ClaimCheck, name: str) -> Finding:
    try:
        redeem(store, bundle)
    except ObjectMissing:
        expired = item.day_of(Kind.EXPIRED, "evidence")
        if expired:
            return Finding(name, State.EXPLAINED, f"It expired on {expired}, as the chain records.")
        return Finding(name, State.UNCHECKABLE, "It is gone, and no record says why.")
    except CorruptObject:
        return Finding(name, State.BROKEN, "Its bytes were changed.")
    except NotNow as why:
        return Finding(name, State.UNCHECKABLE, f"The work bucket does not answer: {why}.")
    return Finding(name, State.HOLDS, "Its bytes are those that were scored.")
