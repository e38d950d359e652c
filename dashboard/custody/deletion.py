"""One item in; nothing of it left in bucket, work store, read model and logs, and one record on the chain, out."""

import json
import mmap
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Engine

from contracts.errors import ObjectMissing
from contracts.messages import MediaUploaded
from dashboard.custody.erasure import erase_bodies, erase_rows, rows_of, scrub
from dashboard.custody.expiry import CROPS
from dashboard.custody.facts import Fact, Kind
from dashboard.custody.log import forget, record, writing
from dashboard.projection import name_of
from dashboard.read_model import read_documents
from ingest.object_store import ObjectStore, StoredObject

DONE_MARKER = "extracted.json"
_LEAST_NEEDLE = 4


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What there is of an item; ``media`` is its object in the bucket, in the version that was judged."""

    media_id: str
    uploaded: MediaUploaded | None
    crops: tuple[StoredObject, ...]
    media: StoredObject | None
    cached: tuple[Path, ...]
    rows: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Places:
    """Where an item may have left something; ``home`` is the folder with caches and logs."""

    engine: Engine
    bucket: ObjectStore
    work: ObjectStore
    home: Path


def plan_of(places: Places, media_id: str) -> Plan:
    """What a deletion would remove. Raises ``NotNow``: a store is away."""
    with places.engine.connect() as connection:
        uploaded = read_documents(connection, media_id).uploaded
        rows = rows_of(connection, media_id)
    crops = [found for found in places.work.list(f"{CROPS}{media_id}/") if not found.key.endswith(f"/{DONE_MARKER}")]
    return Plan(
        media_id=media_id,
        uploaded=uploaded,
        crops=tuple(crops),
        media=_media_of(places.bucket, uploaded),
        cached=tuple(file for file in [places.home / "media-cache" / media_id] if file.is_file()),
        rows=rows,
    )


def _media_of(bucket: ObjectStore, uploaded: MediaUploaded | None) -> StoredObject | None:
    if uploaded is None or uploaded.bucket != bucket.bucket:
        return None
    try:
        found = bucket.stat(uploaded.key)
    except (ObjectMissing, ValueError):
        return None
    return found if found.version == uploaded.version else None


def delete_item(places: Places, plan: Plan, *, because: str, media_too: bool) -> str | None:
    """Remove what ``plan`` names; what is not gone from the database's files yet, where something is not.

    The item is forgotten first, so that nothing that is still on its way brings it back, and its rows go last: after a
    crash in between, the same call does the rest. The marker of its extraction stays, or is made: it holds no name, and
    keeps a late announcement from being looked at again.

    Raises:
        NotNow: a store is away; what was removed stays removed.
    """
    media_id = plan.media_id
    with writing(places.engine) as connection:
        forget(connection, media_id, "deleted")
    for found in plan.crops:
        places.work.delete(found.key)
    places.work.write(f"{CROPS}{media_id}/{DONE_MARKER}", json.dumps({"media_id": media_id}).encode())
    for file in plan.cached:
        file.unlink(missing_ok=True)
    if media_too and plan.media is not None:
        places.bucket.delete(plan.media.key)
    with writing(places.engine) as connection:
        record(connection, [_fact(plan, because, media_too=media_too)])
        erase_rows(connection, media_id)
        erase_bodies(connection, media_id)
    if plan.uploaded is not None:
        redact(_logs_of(places.home), needles_of(plan.uploaded.key))
    return scrub(places.engine)


def _fact(plan: Plan, because: str, *, media_too: bool) -> Fact:
    kept = "not there" if plan.media is None else ("deleted" if media_too else "kept")
    size_bytes = sum(found.size_bytes for found in plan.crops)
    body = {"because": because, "crops": len(plan.crops), "size_bytes": size_bytes, "media": kept, "rows": plan.rows}
    return Fact(kind=Kind.DELETED, subject=plan.media_id, event_id=f"deleted:{plan.media_id}", body=body)


def _logs_of(home: Path) -> list[Path]:
    return [file for pattern in ("*.log", "logs/*.log*") for file in home.glob(pattern) if file.is_file()]


def needles_of(key: str) -> list[bytes]:
    """How a key and its name may stand in a log: as they are, and as JSON writes them."""
    words = [word for word in (key, name_of(key)) if len(word) >= _LEAST_NEEDLE]
    return sorted({form.encode() for word in words for form in (word, json.dumps(word)[1:-1])}, key=len, reverse=True)


def redact(files: Iterable[Path], needles: Iterable[bytes]) -> int:
    """Overwrite ``needles`` in place with as many ``x``, so that a process may go on writing; how often that was."""
    needles, found = list(needles), 0
    for file in files:
        if not file.stat().st_size:
            continue
        with file.open("r+b") as opened, mmap.mmap(opened.fileno(), 0) as content:
            for needle in needles:
                place = content.find(needle)
                while place >= 0:
                    content[place : place + len(needle)] = b"x" * len(needle)
                    found += 1
                    place = content.find(needle, place + len(needle))
    return found
