"""A video in, a re-encoded copy with a known flaw out: smaller, darker, blurred or more compressed; for measuring."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import cv2
import numpy as np
from av.container import OutputContainer

from contracts.clips import Pixels

MOST_FRAMES = 50
_TICK = Fraction(1, 25)
_DIMNESS, _DARKNESS = 0.6, 0.12
_BLUR = 0.02  # of the picture's shorter side: about a twentieth of a face


def unchanged(pixels: Pixels) -> Pixels:
    """The picture as it is."""
    return pixels


@dataclass(frozen=True, kw_only=True)
class Change:
    """What becomes of a copy: pictures changed one by one, then H.264 at ``crf``."""

    name: str
    crf: int
    picture: Callable[[Pixels], Pixels] = unchanged


def half_size(pixels: Pixels) -> Pixels:
    """The picture at half of both sides."""
    return np.asarray(cv2.resize(pixels, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)


def dimmed(pixels: Pixels) -> Pixels:
    """The picture with three fifths of its light: dusk indoors, which a detector has to cope with."""
    return (pixels * _DIMNESS).astype(np.uint8)


def darkened(pixels: Pixels) -> Pixels:
    """The picture with about an eighth of its light."""
    return (pixels * _DARKNESS).astype(np.uint8)


def blurred(pixels: Pixels) -> Pixels:
    """The picture out of focus."""
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), _BLUR * min(pixels.shape[:2])), np.uint8)


USUAL = (
    *(Change(name=f"CRF {crf}", crf=crf) for crf in (23, 32, 40)),
    Change(name="half size, CRF 23", crf=23, picture=half_size),
    Change(name="dim, CRF 23", crf=23, picture=dimmed),
)
RUINED = (
    Change(name="CRF 48", crf=48),
    Change(name="dark, CRF 23", crf=23, picture=darkened),
    Change(name="blurred, CRF 23", crf=23, picture=blurred),
)


def write_copy(path: Path, to: Path, change: Change) -> Path:
    """Write the first 50 frames of a video, changed, as H.264 in MP4.

    Raises:
        av.error.FFmpegError: the video cannot be decoded.
    """
    with av.open(str(path)) as source, av.open(str(to), "w", format="mp4") as film:
        frames = islice(source.decode(video=0), MOST_FRAMES)
        _write(film, (np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in frames), change)
    return to


def _write(film: OutputContainer, pictures: Iterator[Pixels], change: Change) -> None:
    stream = None
    for at, pixels in enumerate(pictures):
        changed = change.picture(pixels)
        height, width = (side - side % 2 for side in changed.shape[:2])
        if stream is None:
            stream = film.add_stream("libx264", rate=25, options={"crf": str(change.crf), "preset": "veryfast"})
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(changed[:height, :width]), format="rgb24")
        frame.pts, frame.time_base = at, _TICK
        film.mux(stream.encode(frame))
    if stream is not None:
        film.mux(stream.encode(None))
