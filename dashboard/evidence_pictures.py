"""Claim checks of crops in, small pictures for the pages out."""

import io
import itertools
import zipfile
from base64 import b64encode
from collections.abc import Iterable, Sequence

from PIL import Image, ImageFilter

from contracts.clips import FaceCrop
from contracts.errors import CorruptObject, NotNow, ObjectMissing
from contracts.messages import ClaimCheck, Evidence
from ingest.claim_checks import redeem
from ingest.crop_bundles import unpack
from ingest.object_store import ObjectStore

CROP_PX = 220
THUMBNAIL_PX = (104, 80)
_BLUR_PX = 9
LARGEST_BUNDLE_BYTES = 256 * 2**20
Wanted = tuple[str, int]


class NoPicture(Exception):
    """There is no picture to show; the message says why, for a person."""


def wanted_of(evidence: Evidence) -> Wanted:
    """What names one crop: its bundle's checksum and its place in there."""
    return evidence.bundle.sha256, evidence.crop


def crops_of(store: ObjectStore, evidence: Iterable[Evidence]) -> dict[Wanted, bytes]:
    """JPEG bytes of each crop; each bundle is redeemed once. Raises ``NoPicture``."""
    found: dict[Wanted, bytes] = {}
    by_bundle = sorted(evidence, key=lambda one: one.bundle.sha256)
    for _, group in itertools.groupby(by_bundle, key=lambda one: one.bundle.sha256):
        wanted = list(group)
        crops = _unpacked(store, wanted[0].bundle)
        for one in wanted:
            found[wanted_of(one)] = _as_jpeg(_picture(crops, one.crop), CROP_PX)
    return found


def faces_of(store: ObjectStore, evidence: Sequence[Evidence]) -> list[FaceCrop]:
    """The crops themselves, in the order asked; each bundle is redeemed once. Raises ``NoPicture``."""
    bundles = {one.bundle.sha256: one.bundle for one in evidence}
    unpacked = {name: _unpacked(store, bundle) for name, bundle in bundles.items()}
    if any(one.crop >= len(unpacked[one.bundle.sha256]) for one in evidence):
        raise NoPicture("A crop that the verdict names is not in its bundle.")
    return [unpacked[one.bundle.sha256][one.crop] for one in evidence]


def thumbnail_of(store: ObjectStore, evidence: Evidence, *, is_revealed: bool = False) -> str:
    """A miniature as a data address, blurred unless revealed, so that a list shocks nobody. Raises ``NoPicture``."""
    picture = _picture(_unpacked(store, evidence.bundle), evidence.crop)
    width, height = THUMBNAIL_PX
    small = _covering(picture, width, height)
    if not is_revealed:
        small = small.filter(ImageFilter.GaussianBlur(_BLUR_PX))
    return "data:image/jpeg;base64," + b64encode(_encoded(small, quality=60)).decode("ascii")


def _unpacked(store: ObjectStore, bundle: ClaimCheck) -> tuple[FaceCrop, ...]:
    if bundle.size_bytes > LARGEST_BUNDLE_BYTES:
        raise NoPicture("The crops are too many to be shown here.")
    try:
        return unpack(redeem(store, bundle))
    except ObjectMissing as why:
        raise NoPicture("The evidence crops have expired. The verdict stands without them.") from why
    except NotNow as why:
        raise NoPicture(
            "The store with the evidence crops does not answer now. The verdict stands; try later."
        ) from why
    except (CorruptObject, ValueError, zipfile.BadZipFile) as why:
        raise NoPicture("The evidence crops are damaged and are not shown. The verdict stands.") from why


def _picture(crops: tuple[FaceCrop, ...], place: int) -> Image.Image:
    if place >= len(crops):
        raise NoPicture("A crop that the verdict names is not in its bundle.")
    return Image.fromarray(crops[place].pixels)


def _as_jpeg(picture: Image.Image, longest_px: int) -> bytes:
    small = picture.copy()
    small.thumbnail((longest_px, longest_px))
    return _encoded(small, quality=88)


def _covering(picture: Image.Image, width: int, height: int) -> Image.Image:
    scale = max(width / picture.width, height / picture.height)
    grown = picture.resize((max(width, round(picture.width * scale)), max(height, round(picture.height * scale))))
    left, top = (grown.width - width) // 2, (grown.height - height) // 2
    return grown.crop((left, top, left + width, top + height))


def _encoded(picture: Image.Image, *, quality: int) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality)
    return out.getvalue()
