"""Settings and what lies about in; what is too old gone, each time with a record on the chain of what went and when."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from sqlalchemy import Connection, Engine, Row, select

from contracts.errors import NotNow, ObjectMissing
from dashboard.custody.canonical import sha256_of
from dashboard.custody.erasure import erase_rows
from dashboard.custody.facts import Fact, Kind
from dashboard.custody.log import forget, is_forgotten, record, writing
from dashboard.custody.retention import Class, Standing, class_of, is_due, kept_for, owner_of
from dashboard.custody.settings import CustodySettings
from dashboard.custody.tables import audit_bodies, audit_chain
from dashboard.projection import DONE
from dashboard.read_model import read_documents
from dashboard.read_tables import items
from ingest.object_store import ObjectStore, StoredObject

CROPS = "crops/"
_STANDINGS = 4_096
# A process may end between noting an expiry and removing the object: until then it is looked at again.
_LOOKED_AT_AGAIN = timedelta(days=2)
Tell = Callable[[str, Class, int, int], None]


@dataclass
class Expired:
    """What one round came to: objects or rows by class, bytes, and items that could not be done now."""

    objects: dict[Class, int] = field(default_factory=lambda: dict.fromkeys(Class, 0))
    size_bytes: int = 0
    postponed: int = 0

    def count(self, what: Class, objects: int, size_bytes: int) -> None:
        self.objects[what] += objects
        self.size_bytes += size_bytes


@dataclass(frozen=True, kw_only=True)
class Expiry:
    """Lets data expire; ``tell`` hears of the item, the class, how many objects and how many bytes.

    A removal is recorded before it happens, so that nothing is ever missing without a record; what could not be removed
    then is removed in a later round. ``dry_run`` only tells.
    """

    engine: Engine
    bucket: ObjectStore
    work: ObjectStore
    settings: CustodySettings
    tell: Tell
    dry_run: bool = False

    def round(self, now: datetime | None = None) -> Expired:
        """One look at everything. A store that is away postpones what lies in it, and is counted."""
        moment, done = now or datetime.now(UTC), Expired()
        for step in (self._expire_work, self._expire_media, self._expire_rows):
            try:
                step(moment, done)
            except NotNow:
                done.postponed += 1
        return done

    def _expire_work(self, now: datetime, done: Expired) -> None:
        standing = lru_cache(maxsize=_STANDINGS)(self._standing_of)
        due: dict[tuple[str, Class], list[StoredObject]] = {}
        for found in self.work.list(CROPS):
            owner = owner_of(found.key)
            if owner is not None and is_due(found, standing(owner), self.settings, now):
                due.setdefault((owner, class_of(found.key, standing(owner))), []).append(found)
        for (media_id, what), objects in due.items():
            size_bytes = sum(one.size_bytes for one in objects)
            self._note(media_id, what, objects, size_bytes, done)
            if not self.dry_run:
                for one in objects:
                    self.work.delete(one.key)

    def _standing_of(self, media_id: str) -> Standing:
        with self.engine.connect() as connection:
            if is_forgotten(connection, media_id):
                return Standing(is_deleted=_is_deleted(connection, media_id))
            verdict = read_documents(connection, media_id).verdict
        if verdict is None or verdict.lifecycle not in DONE:
            return Standing()
        evidence = frozenset(one.bundle.key for track in verdict.tracks for one in track.evidence)
        return Standing(decided_at=verdict.produced_at, evidence=evidence)

    def _expire_media(self, now: datetime, done: Expired) -> None:
        kept = kept_for(Class.MEDIA, self.settings)
        if kept is None:
            return
        for media_id in self._decided_before(now - kept):
            with self.engine.connect() as connection:
                uploaded = read_documents(connection, media_id).uploaded
            if uploaded is None or uploaded.bucket != self.bucket.bucket or self._is_long_gone(media_id, now):
                continue
            try:
                found = self.bucket.stat(uploaded.key)
            except (ObjectMissing, ValueError):
                continue
            if found.version == uploaded.version:  # a later version is an item of its own, with its own time
                self._note(media_id, Class.MEDIA, [found], found.size_bytes, done)
                if not self.dry_run:
                    self.bucket.delete(uploaded.key)

    def _is_long_gone(self, media_id: str, now: datetime) -> bool:
        before = (now - _LOOKED_AT_AGAIN).isoformat(timespec="milliseconds")
        here = (audit_chain.c.subject == media_id, audit_chain.c.event_id.startswith(f"expired:{Class.MEDIA.value}:"))
        asked = select(audit_chain.c.number).where(*here, audit_chain.c.recorded_at < before)
        with self.engine.connect() as connection:
            return connection.execute(asked).first() is not None

    def _expire_rows(self, now: datetime, done: Expired) -> None:
        kept = kept_for(Class.ROWS, self.settings)
        if kept is None:
            return
        # The row says where the media lies: it must not go first.
        kept = max(kept, kept_for(Class.MEDIA, self.settings) or kept)
        for media_id in self._decided_before(now - kept):
            self._note(media_id, Class.ROWS, [], 0, done)

    def _decided_before(self, moment: datetime) -> list[str]:
        decided = items.c.lifecycle.in_([lifecycle.value for lifecycle in DONE])
        asked = select(items.c.media_id).where(decided, items.c.arrived_at_s < moment.timestamp())
        with self.engine.connect() as connection:
            return list(connection.scalars(asked.order_by(items.c.arrived_at_s)))

    def _note(self, media_id: str, what: Class, objects: list[StoredObject], size_bytes: int, done: Expired) -> None:
        done.count(what, len(objects) or 1, size_bytes)
        self.tell(media_id, what, len(objects) or 1, size_bytes)
        if self.dry_run:
            return
        with writing(self.engine) as connection:
            record(connection, [self._fact(media_id, what, objects, size_bytes)])
            if what is Class.ROWS:
                forget(connection, media_id, "expired")
                erase_rows(connection, media_id)

    def _fact(self, media_id: str, what: Class, objects: list[StoredObject], size_bytes: int) -> Fact:
        kept = kept_for(what, self.settings)
        body = {
            "what": what.value,
            "objects": len(objects),
            "size_bytes": size_bytes,
            "kept_days": None if kept is None else kept / timedelta(days=1),
        }
        named = sha256_of(sorted(one.key for one in objects))[:16]
        return Fact(kind=Kind.EXPIRED, subject=media_id, event_id=f"expired:{what.value}:{media_id}:{named}", body=body)


def _is_deleted(connection: Connection, media_id: str) -> bool:
    asked = select(audit_chain.c.number).where(audit_chain.c.subject == media_id, audit_chain.c.kind == "deleted")
    return connection.execute(asked).first() is not None


def expired_on(engine: Engine, media_id: str) -> Mapping[str, str]:
    """By class (``evidence``, ``media``) the last day on which something of an item expired, as YYYY-MM-DD."""
    asked = (
        select(audit_chain.c.recorded_at, audit_bodies.c.content)
        .join(audit_bodies, audit_bodies.c.number == audit_chain.c.number)
        .where(audit_chain.c.subject == media_id, audit_chain.c.kind == Kind.EXPIRED.value)
        .order_by(audit_chain.c.number)
    )
    with engine.connect() as connection:
        return dict(_days(connection.execute(asked).all()))


def expiry_note(engine: Engine, media_id: str, what: Class) -> str:
    """What a page adds where there is nothing to show any more; empty unless something of that class expired."""
    day = expired_on(engine, media_id).get(what.value)
    return f" Expired on {day}." if day else ""


def _days(rows: Sequence[Row]) -> Iterator[tuple[str, str]]:
    for row in rows:
        for what in Class:
            if f'"what":"{what.value}"' in row.content:
                yield what.value, row.recorded_at[:10]
