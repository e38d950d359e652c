"""Files and keys of people in; objects in the watched bucket, or announcements of such, out."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

import detectors
from contracts.errors import MediaNotAssessable
from contracts.messages import utc_now
from contracts.vocabulary import Lane, MediaKind, Reason
from dashboard.api.callers import Analyst, Here
from dashboard.api.context import Context
from dashboard.api.problems import Refused, unfit
from dashboard.api.receiving import Received, place_for, receive
from dashboard.listed_keys import MOST_KEYS, SharedLedger
from dashboard.uploads import key_for, safe_name
from ingest.announcer import Announcer, own_prefix
from ingest.identity import media_id_of
from ingest.key_announcing import Outcome, submit
from ingest.object_store import ObjectStore
from ingest.sniffing import Sniffed, sniff

router = APIRouter(prefix="/v1/submissions", tags=["submissions"])
_FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary", "description": "A picture or a video."},
                        "lane": {"type": "string", "enum": [lane.value for lane in Lane]},
                        "detectors": {"type": "string", "description": "Names with commas; left out: every one."},
                    },
                }
            }
        },
    }
}
DetectorName = Annotated[str, Field(max_length=100)]
Key = Annotated[str, Field(min_length=1, max_length=1024)]


class SubmittedFile(BaseModel):
    """A file that lies in the watched bucket now; the pipeline finds it there, as it does every other."""

    media_id: str
    key: str
    name: str
    kind: MediaKind
    size_bytes: int
    lane: Lane
    detectors: list[str] | None
    href: str


class KeysToSubmit(BaseModel):
    """Objects that lie in the watched bucket already; ``detectors`` left out asks every one of the deployment."""

    keys: list[Key] = Field(min_length=1, max_length=MOST_KEYS)
    lane: Lane = Lane.BULK
    detectors: list[DetectorName] | None = Field(default=None, min_length=1, max_length=50)


class SubmittedKey(BaseModel):
    """What became of one key; one that is known already is not judged again."""

    key: str
    outcome: Outcome
    media_id: str | None
    href: str | None


@router.post("/file", status_code=202, openapi_extra=_FORM)
async def submit_file(request: Request, here: Here, _: Analyst) -> SubmittedFile:
    """Put one file into the watched bucket. Its item can be asked for when the pipeline has noticed it."""
    limit_bytes = here.settings.upload_limit_mb * 2**20
    with place_for(here.scratch) as folder:
        received = await receive(request, folder, limit_bytes=limit_bytes)
        return await run_in_threadpool(_put, here, received)


@router.post("/keys", status_code=202)
def submit_keys(here: Here, _: Analyst, wanted: KeysToSubmit) -> list[SubmittedKey]:
    """Announce objects that lie in the watched bucket; each version of each becomes an item once."""
    chosen = _chosen(here, wanted.detectors)
    ours = own_prefix(here.watched, here.work)
    with here.announcing, SharedLedger.beside(here.settings.home, here.engine) as ledger:
        announcer = Announcer(
            here.watched,
            ledger,
            here.publisher,
            own_prefix=ours,
            lane=wanted.lane,
            detectors=tuple(chosen) if chosen else None,
        )
        done = list(submit(wanted.keys, here.watched, ledger, announcer))
    return [
        SubmittedKey(key=one.key, outcome=one.outcome, media_id=one.media_id, href=_href(one.media_id)) for one in done
    ]


def _put(here: Context, received: Received) -> SubmittedFile:
    lane = _lane(received.fields.get("lane", []))
    names = [name.strip() for text in received.fields.get("detectors", []) for name in text.split(",")]
    chosen = _chosen(here, [name for name in names if name] or None)
    found = _media_of(received)
    name = safe_name(received.name or "media")
    key = key_for(name, now=utc_now(), lane=lane, detectors=chosen)
    here.watched.put_file(key, received.path)
    media_id = _id_of(here.watched, key)
    return SubmittedFile(
        media_id=media_id,
        key=key,
        name=name,
        kind=found.kind,
        size_bytes=received.size_bytes,
        lane=lane,
        detectors=chosen,
        href=f"/v1/items/{media_id}",
    )


def _id_of(store: ObjectStore, key: str) -> str:
    return media_id_of(store.bucket, key, store.stat(key).version)


def _media_of(received: Received) -> Sniffed:
    try:
        return sniff(received.path)
    except MediaNotAssessable as why:
        name = "unsupported-media" if why.reason is not Reason.DECODE_ERROR else "empty-file"
        raise Refused(415, name, "Unsupported media", f"It was not taken: {why.detail}.") from why


def _lane(given: Sequence[str]) -> Lane:
    text = given[-1] if given else Lane.INTERACTIVE
    if text not in set(Lane):
        raise unfit(f"The lanes are {', '.join(Lane)}.")
    return Lane(text)


def _chosen(here: Context, names: Sequence[str] | None) -> list[str] | None:
    if names is None:
        return None
    asked = here.settings.detector_names
    unknown = [name for name in names if name not in asked]
    if unknown:
        known = [name for name in asked if name in detectors.names()]
        raise unfit(f"This deployment asks {', '.join(known)}; others cannot be chosen.")
    return list(dict.fromkeys(names))


def _href(media_id: str | None) -> str | None:
    return f"/v1/items/{media_id}" if media_id else None
