"""Face crops in, one lossless object out, and back: a ZIP (stored) of PNGs beside an index; nothing is executed."""

import io
import json
import struct
import zipfile
import zlib
from collections.abc import Sequence

import cv2
import numpy as np

from contracts.clips import FaceBox, FaceClip, FaceCrop, Pixels
from contracts.errors import CorruptObject
from contracts.messages import ClipRef

VERSION = 2
MOST_CROPS = 65_536
MOST_CROP_PIXELS = 120_000_000
_LARGEST_ORIGIN = 2**31
_INDEX = "index.json"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # a fixed time: equal crops give equal bytes
_FAST = [cv2.IMWRITE_PNG_COMPRESSION, 1]
_PNG_START = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
_EIGHT_BIT_RGB = (8, 2)
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    cv2.error,
    KeyError,
    ValueError,
    TypeError,
    EOFError,
    OverflowError,
    NotImplementedError,
    RuntimeError,
    RecursionError,
)


def pack(crops: Sequence[FaceCrop]) -> bytes:
    """The bundle of these crops; equal crops give equal bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as bundle:
        index = {"version": VERSION, "crops": [_entry(crop) for crop in crops]}
        bundle.writestr(zipfile.ZipInfo(_INDEX, _EPOCH), json.dumps(index, separators=(",", ":"), allow_nan=False))
        for position, crop in enumerate(crops):
            bundle.writestr(zipfile.ZipInfo(_name(position), _EPOCH), _to_png(crop.pixels))
    return out.getvalue()


def unpack(data: bytes) -> tuple[FaceCrop, ...]:
    """The crops of a bundle, as they were packed.

    Raises:
        CorruptObject: the bytes are no bundle of this version, or any part of it is not what the index promises.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as bundle:
            entries = _checked_index(bundle, len(data))
            return tuple(_crop(entry, bundle.read(_name(position))) for position, entry in enumerate(entries))
    except _DAMAGE as why:
        raise CorruptObject(f"not a crop bundle: {why}") from why


def clips_of(crops: Sequence[FaceCrop], refs: Sequence[ClipRef], media_id: str) -> list[FaceClip]:
    """The clips that ``refs`` name, with their crops.

    Raises:
        CorruptObject: a reference points outside the bundle or joins crops that are no clip.
    """
    try:
        return [FaceClip(media_id, ref.clip_index, tuple(crops[i] for i in ref.crops)) for ref in refs]
    except (IndexError, ValueError) as why:
        raise CorruptObject(f"the clips do not fit their crop bundle: {why}") from why


def _name(position: int) -> str:
    return f"{position:06d}.png"


def _entry(crop: FaceCrop) -> dict:
    box, (height, width) = crop.box, crop.pixels.shape[:2]
    return {
        "track_id": crop.track_id,
        "pts_s": crop.pts_s,
        "frame_index": crop.frame_index,
        "width_px": width,
        "height_px": height,
        "origin": crop.origin,
        "box": [box.left, box.top, box.right, box.bottom],
        "confidence": box.confidence,
        "landmarks": box.landmarks,
    }


def _to_png(pixels: Pixels) -> bytes:
    ok, png = cv2.imencode(".png", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), _FAST)
    if not ok:
        raise ValueError(f"cannot write a crop of shape {pixels.shape} as PNG")
    return png.tobytes()


def _checked_index(bundle: zipfile.ZipFile, data_bytes: int) -> list[dict]:
    """The index, once every part of the archive is known to be stored as it is and to be no larger than the whole."""
    parts = bundle.infolist()
    if not 0 < len(parts) <= MOST_CROPS + 1:
        raise CorruptObject(f"a crop bundle of {len(parts)} parts")
    if any(part.compress_type != zipfile.ZIP_STORED or part.file_size != part.compress_size for part in parts):
        raise CorruptObject("a crop bundle holds a packed part")
    if sum(part.file_size for part in parts) > data_bytes:
        raise CorruptObject("a crop bundle promises more bytes than it has")
    index = json.loads(bundle.read(_INDEX), parse_constant=_refuse_constant)
    if index["version"] != VERSION:
        raise CorruptObject(f"crop bundle of version {index['version']!r}, expected {VERSION}")
    names = [_INDEX, *(_name(position) for position in range(len(index["crops"])))]
    if [part.filename for part in parts] != names:
        raise CorruptObject("the parts of a crop bundle are not those of its index")
    return index["crops"]


def _crop(entry: dict, png: bytes) -> FaceCrop:
    pixels = _from_png(png, width=entry["width_px"], height=entry["height_px"])
    left, top, right, bottom = (float(edge) for edge in entry["box"])
    landmarks = tuple((float(x), float(y)) for x, y in entry["landmarks"])
    box = FaceBox(left, top, right, bottom, float(entry["confidence"]), landmarks)
    return FaceCrop(
        pixels, box, int(entry["track_id"]), float(entry["pts_s"]), int(entry["frame_index"]), _origin(entry["origin"])
    )


def _origin(pair: list) -> tuple[int, int]:
    x, y = pair
    if not all(type(value) is int and 0 <= value < _LARGEST_ORIGIN for value in (x, y)):
        raise CorruptObject(f"a crop begins at {x!r}, {y!r} of its frame")
    return x, y


def _refuse_constant(name: str) -> None:
    raise CorruptObject(f"the index of a crop bundle holds {name}, which is no number")


def _from_png(png: bytes, *, width: int, height: int) -> Pixels:
    """Decode after a look at the header, so that a small file cannot ask for a large picture."""
    if not png.startswith(_PNG_START):
        raise CorruptObject("a crop is not a PNG")
    shape = struct.unpack(">IIBB", png[len(_PNG_START) : len(_PNG_START) + 10])
    if shape != (width, height, *_EIGHT_BIT_RGB) or not 0 < width * height <= MOST_CROP_PIXELS:
        raise CorruptObject(f"a crop is a PNG of {shape}, the index says {width} x {height}")
    picture = cv2.imdecode(np.frombuffer(png, dtype=np.uint8), cv2.IMREAD_COLOR)
    if picture is None or picture.shape != (height, width, 3):
        raise CorruptObject("a crop's PNG is damaged")
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), dtype=np.uint8)
