"""An open picture file in; its facts and its frames, upright (one, or several where it is animated) out."""

import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

import numpy as np
from PIL import (
    ExifTags,
    GifImagePlugin,
    Image,
    ImageColor,
    ImageFile,
    ImagePalette,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from contracts.clips import Pixels
from contracts.errors import MediaNotAssessable
from contracts.vocabulary import MediaKind, Reason
from ingest.decoded import Decoded, ReadingRequest, SampledFrame, Shortfall, StillReading, StreamFacts
from ingest.sampling import Sampling
from ingest.upright import UPRIGHT, Turn

PLUGINS: dict[str, Callable[[BinaryIO], ImageFile.ImageFile]] = {
    "jpeg": JpegImagePlugin.jpeg_factory,
    "png": PngImagePlugin.PngImageFile,
    "gif": GifImagePlugin.GifImageFile,
    "webp": WebPImagePlugin.WebPImageFile,
}
# Pillow imports these when a picture needs them, which is too late in a confined process.
NEEDED_LATER = (ImageColor, ImagePalette, MpoImagePlugin, TiffImagePlugin)
_ANIMATED = ("png", "gif", "webp")
_USUAL_FRAME_S = 0.1
_DAMAGE = (  # whatever Pillow was seen to raise on damaged files
    *(OSError, SyntaxError, ValueError, TypeError, OverflowError, EOFError, IndexError, KeyError),
    *(struct.error, zlib.error),
)
_EXIF_TURNS = {
    2: Turn(0, mirrored=True),
    3: Turn(2),
    4: Turn(2, mirrored=True),
    5: Turn(3, mirrored=True),
    6: Turn(1),
    7: Turn(1, mirrored=True),
    8: Turn(3),
}


def read_picture(file: BinaryIO, request: ReadingRequest) -> Iterator[Decoded]:
    """Decode the picture in ``file`` once; an animated one is a video without sound.

    Raises:
        MediaNotAssessable: it is too large or damaged; the events so far stand.
    """
    try:
        with _pillow_refusing_above(request.max_pixels), _open(file, request) as image:
            _refuse_too_large(image, request.max_pixels)
            frames = _frames_in(image, request)
            yield from _moving(image, frames, request) if frames > 1 else _still(image, request)
    except Image.DecompressionBombError as why:
        detail = f"a part of the picture is larger than {request.max_pixels / 1e6:.0f} million pixels"
        raise MediaNotAssessable(Reason.FILE_TOO_LARGE, detail) from why


@contextmanager
def _pillow_refusing_above(max_pixels: int) -> Iterator[None]:
    """Pillow's own limit, which also meets a later frame or a part of one that is larger than the first.

    It belongs to the whole process, so whoever else reads pictures there gets back the limit that stood before.
    """
    before = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = max(1, max_pixels // 2)  # it refuses above twice this number
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS = before


def _open(file: BinaryIO, request: ReadingRequest) -> ImageFile.ImageFile:
    try:
        return PLUGINS[request.container](file)
    except _DAMAGE as why:
        raise MediaNotAssessable(Reason.DECODE_ERROR, f"the {request.container} picture is damaged") from why


def _frames_in(image: ImageFile.ImageFile, request: ReadingRequest) -> int:
    """How many pictures an animation has; an animation that is damaged behind its first one may be a single picture."""
    if request.container not in _ANIMATED:
        return 1
    try:
        return getattr(image, "n_frames", 1)
    except _DAMAGE as why:
        raise MediaNotAssessable(Reason.DECODE_ERROR, f"the {request.container} animation is damaged") from why


def _refuse_too_large(image: Image.Image, max_pixels: int) -> None:
    if image.width * image.height > max_pixels:
        raise MediaNotAssessable(
            Reason.FILE_TOO_LARGE,
            f"the picture has {image.width} x {image.height} pixels; at most {max_pixels / 1e6:.0f} million are read",
        )


def _still(image: Image.Image, request: ReadingRequest) -> Iterator[Decoded]:
    turn = _turn_of(image)
    yield _facts(image, turn, request, MediaKind.IMAGE, duration_s=None)
    samples = dict.fromkeys(range(len(request.plans)), 0)
    try:
        pixels = turn.apply(_rgb(image))
    except _DAMAGE as why:
        raise MediaNotAssessable(Reason.DECODE_ERROR, f"the {request.container} picture is cut off or damaged") from why
    yield SampledFrame(pixels, 0.0, 0, samples)


def _moving(image: Image.Image, frames: int, request: ReadingRequest) -> Iterator[Decoded]:
    duration_s = frames * _shown_s(image)
    yield _facts(image, UPRIGHT, request, MediaKind.VIDEO, duration_s=duration_s)
    sampling = Sampling(request.plans, duration_s)
    pts_s = 0.0
    for index in range(frames):
        if index == request.max_frames or pts_s > request.max_duration_s:
            yield Shortfall(Reason.PARTIAL_RESULTS, f"only the first {index} of {frames} pictures were looked at")
            return
        try:
            image.seek(index)
            _refuse_too_large(image, request.max_pixels)
            samples = sampling.samples(pts_s)
            yield SampledFrame(_rgb(image), pts_s, index, samples) if samples else StillReading(pts_s)
        except _DAMAGE:
            yield Shortfall(Reason.DECODE_ERROR, f"only {index} of {frames} pictures could be decoded")
            return
        pts_s += _shown_s(image)


def _shown_s(image: Image.Image) -> float:
    return (image.info.get("duration") or 0) / 1000 or _USUAL_FRAME_S


def _facts(
    image: Image.Image, turn: Turn, request: ReadingRequest, kind: MediaKind, *, duration_s: float | None
) -> StreamFacts:
    width_px, height_px = turn.size(image.width, image.height)
    return StreamFacts(
        kind=kind,
        container=request.container,
        codec=request.container,
        width_px=width_px,
        height_px=height_px,
        rotation_degrees=turn.degrees,
        duration_s=duration_s,
        frame_rate=1 / _shown_s(image) if duration_s else None,
        has_audio=False,
    )


def _turn_of(image: Image.Image) -> Turn:
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
    except _DAMAGE:
        return UPRIGHT  # a damaged note beside a sound picture
    return _EXIF_TURNS.get(orientation, UPRIGHT) if isinstance(orientation, int) else UPRIGHT


def _rgb(image: Image.Image) -> Pixels:
    image.load()  # before the mode is asked: a frame of an animation may gain transparency while it is decoded
    if image.mode.startswith("I"):  # 16 bits of grey, which a plain conversion would cut off at 255
        grey = (np.asarray(image).astype(np.int64) // 256).clip(0, 255).astype(np.uint8)
        return np.repeat(grey[:, :, None], 3, axis=2)
    return np.array(image if image.mode == "RGB" else image.convert("RGB"), dtype=np.uint8)
