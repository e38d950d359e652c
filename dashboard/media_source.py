"""An upload in; the file that the player shows out, or why there is nothing to play."""

import io
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from contracts.errors import NotNow, ObjectChanged, ObjectMissing
from contracts.messages import MediaFacts, MediaUploaded
from ingest.object_store import ObjectStore
from ingest.object_stores.folder import FolderStore

LARGEST_PLAYED_BYTES = 512 * 2**20
LARGEST_PICTURE_BYTES = 64 * 2**20
LARGEST_PICTURE_PIXELS = 120_000_000
_PICTURE_PX = 1600
_KEPT_FILES = 20
_BROWSER_CODECS = ("h264", "avc1", "vp8", "vp9", "av1")
_BROWSER_TYPES = {"webm": "video/webm", "matroska": "video/webm", "mkv": "video/webm"}


class NothingToPlay(Exception):
    """The media cannot be shown; the message says why and what still holds, for a person."""


def media_file(store: ObjectStore, uploaded: MediaUploaded, cache: Path) -> Path:
    """A local file with exactly the version that was judged: the one in the folder, or a copy out of the store.

    Raises:
        NothingToPlay: it is gone, replaced, too large, or the store is away.
    """
    if uploaded.size_bytes > LARGEST_PLAYED_BYTES:
        raise NothingToPlay("The media is too large to be played here. The evidence below is taken from it.")
    try:
        if isinstance(store, FolderStore):
            if store.stat(uploaded.key).version != uploaded.version:
                raise ObjectChanged(uploaded.key)
            return store.path_of(uploaded.key)
        return _fetched(store, uploaded, cache)
    except (ObjectMissing, ValueError) as why:
        raise NothingToPlay("The media is no longer in the bucket. The verdict and its evidence are kept.") from why
    except ObjectChanged as why:
        raise NothingToPlay("The media was replaced since. This verdict is about the earlier version.") from why
    except NotNow as why:
        raise NothingToPlay("The bucket does not answer now. The verdict stands; try again later.") from why


def _fetched(store: ObjectStore, uploaded: MediaUploaded, cache: Path) -> Path:
    copy = cache / uploaded.media_id
    if not copy.exists():
        cache.mkdir(parents=True, exist_ok=True)
        for old in sorted(cache.iterdir(), key=lambda file: file.stat().st_mtime)[: -_KEPT_FILES or None]:
            old.unlink(missing_ok=True)
        store.fetch(uploaded.key, copy, version=uploaded.version)
    return copy


def mime_type_of(media: MediaFacts) -> str:
    """What the player is told to expect."""
    words = (media.container or "").lower()
    return next((kind for word, kind in _BROWSER_TYPES.items() if word in words), "video/mp4")


def codec_note(media: MediaFacts) -> str | None:
    """A hint where browsers often cannot play what was judged; nothing where they can."""
    codec = (media.codec or "").lower()
    if not codec or any(word in codec for word in _BROWSER_CODECS):
        return None
    return f"Browsers often cannot play {media.codec}. The evidence crops are taken from the file itself."


def upright_picture(file: Path) -> bytes:
    """A picture as the browser can show it, turned the right way up; raises ``NothingToPlay``."""
    if file.stat().st_size > LARGEST_PICTURE_BYTES:
        raise NothingToPlay("The picture is too large to be shown here.")
    try:
        with Image.open(file) as picture:
            if picture.width * picture.height > LARGEST_PICTURE_PIXELS:
                raise NothingToPlay("The picture has too many pixels to be shown here.")
            picture.draft("RGB", (_PICTURE_PX, _PICTURE_PX))
            small = ImageOps.exif_transpose(picture).convert("RGB")
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError) as why:
        raise NothingToPlay("The picture cannot be read here.") from why
    small.thumbnail((_PICTURE_PX, _PICTURE_PX))
    out = io.BytesIO()
    small.save(out, "JPEG", quality=90)
    return out.getvalue()
