"""An item in; its evidence crops and the media itself out, or why they cannot be had any more."""

import io
from functools import lru_cache

from fastapi import APIRouter, Response
from fastapi.responses import FileResponse
from PIL import Image

from contracts.errors import CorruptObject, ObjectMissing
from contracts.messages import ClaimCheck, Evidence
from contracts.vocabulary import MediaKind
from dashboard.api.answers import EvidenceCrop, evidence_of
from dashboard.api.callers import Analyst, Here, Viewer
from dashboard.api.context import Context
from dashboard.api.items import MediaId, known_item
from dashboard.api.problems import Refused, not_found
from dashboard.evidence_pictures import LARGEST_BUNDLE_BYTES
from dashboard.media_source import NothingToPlay, media_file, mime_type_of
from dashboard.projection import name_of
from ingest.claim_checks import redeem
from ingest.crop_bundles import unpack

router = APIRouter(prefix="/v1/items", tags=["evidence"])
_PICTURES = {"jpeg": "image/jpeg", "mjpeg": "image/jpeg", "png": "image/png", "webp": "image/webp", "gif": "image/gif"}
_MEDIA_TYPES = ("application/octet-stream", "video/mp4", "video/webm", *sorted(set(_PICTURES.values())))


@router.get("/{media_id}/evidence")
def list_evidence(here: Here, _: Viewer, media_id: MediaId) -> list[EvidenceCrop]:
    """The most and least incriminating crops of each face, as the verdict names them."""
    return [
        EvidenceCrop(
            number=number,
            track_id=track,
            pts_s=crop.pts_s,
            probability=crop.probability,
            incriminating=crop.incriminating,
            href=f"/v1/items/{media_id}/evidence/{number}",
        )
        for number, (track, crop) in enumerate(evidence_of(known_item(here, media_id).verdict))
    ]


@router.get(
    "/{media_id}/evidence/{number}",
    response_class=Response,
    responses={200: {"content": {"image/png": {"schema": {"type": "string", "format": "binary"}}}}},
)
def show_crop(here: Here, _: Viewer, media_id: MediaId, number: int) -> Response:
    """One crop, lossless, in the size in which it was scored. 410 once the crops have expired."""
    every = evidence_of(known_item(here, media_id).verdict)
    if not 0 <= number < len(every):
        raise not_found(f"The verdict names {len(every)} crops, counted from 0.")
    return Response(_crop(here, every[number][1]), media_type="image/png", headers={"Cache-Control": "private"})


@router.get(
    "/{media_id}/media",
    response_class=FileResponse,
    responses={
        200: {"content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in _MEDIA_TYPES}},
        206: {"description": "The asked range of bytes"},
    },
)
def show_media(here: Here, _: Analyst, media_id: MediaId) -> FileResponse:
    """The version of the file that was judged, whole or by ranges of bytes. 410 once it is gone or replaced."""
    known = known_item(here, media_id)
    latest = known.verdict or known.extracted
    if known.uploaded is None:
        raise not_found("The upload itself is not known.")
    try:
        file = media_file(here.watched, known.uploaded, here.settings.home / "media-cache")
    except NothingToPlay as why:
        raise _gone(str(why)) from why
    kind = "application/octet-stream"
    if latest and latest.media.kind is MediaKind.IMAGE:
        kind = _PICTURES.get((latest.media.container or "").lower(), kind)
    elif latest and latest.media.kind is MediaKind.VIDEO:
        kind = mime_type_of(latest.media)
    return FileResponse(file, media_type=kind, filename=name_of(known.uploaded.key), content_disposition_type="inline")


def _crop(here: Context, evidence: Evidence) -> bytes:
    try:
        crops = _bundle(here, evidence.bundle)
    except ObjectMissing as why:
        raise _gone("The evidence crops have expired. The verdict stands without them.") from why
    except (CorruptObject, ValueError) as why:
        raise _gone("The evidence crops are damaged. The verdict stands without them.") from why
    if evidence.crop >= len(crops):
        raise not_found("The crop that the verdict names is not in its bundle.")
    return crops[evidence.crop]


def _bundle(here: Context, bundle: ClaimCheck) -> tuple[bytes, ...]:
    if bundle.size_bytes > LARGEST_BUNDLE_BYTES:
        raise ValueError("a bundle that is too large to be opened here")
    return _encoded(redeem(here.work, bundle))


@lru_cache(maxsize=4)
def _encoded(bundle: bytes) -> tuple[bytes, ...]:
    return tuple(_png(Image.fromarray(crop.pixels)) for crop in unpack(bundle))


def _png(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def _gone(detail: str) -> Refused:
    return Refused(410, "gone", "Gone", detail)
