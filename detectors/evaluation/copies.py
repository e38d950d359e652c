"""A picture or a video in, the same one encoded anew, smaller or coarser, out: what platforms do to uploads."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import OutputContainer
from av.error import FFmpegError
from PIL import Image, ImageOps

from contracts.clips import Pixels

_LEAST_SIDE_PX = 16
_COMMON_RATE = Fraction(25)  # only a hint for the encoder; frames keep their own times


@dataclass(frozen=True, kw_only=True)
class Copy:
    """One way to write a file anew: ``crf`` for videos (H.264), ``jpeg_quality`` for pictures."""

    name: str
    crf: int = 23
    jpeg_quality: int = 90
    scale: float = 1.0


VIDEO_COPIES = (
    Copy(name="H.264 CRF 23", crf=23),
    Copy(name="H.264 CRF 32", crf=32),
    Copy(name="H.264 CRF 40", crf=40),
    Copy(name="half size", scale=0.5),
)
PICTURE_COPIES = (
    Copy(name="JPEG 90", jpeg_quality=90),
    Copy(name="JPEG 70", jpeg_quality=70),
    Copy(name="JPEG 50", jpeg_quality=50),
    Copy(name="half size", scale=0.5),
)


class NotCopied(Exception):
    """A file that cannot be read as what it seems to be; the message is one sentence."""


def write_copy(file: Path, copy: Copy, folder: Path, *, picture: bool) -> Path:
    """Write the copy into ``folder``; all frames, with their times, upright and without sound.

    Raises:
        NotCopied: the file cannot be decoded, or holds no frame.
    """
    to = folder / f"{file.stem}{'.jpg' if picture else '.mp4'}"
    try:
        if picture:
            _write_picture(file, copy, to)
        else:
            _write_video(file, copy, to)
    except (FFmpegError, OSError, ValueError, Image.DecompressionBombError) as why:
        raise NotCopied(f"{file.name} could not be encoded anew: {' '.join(str(why).split())}") from why
    return to


def _write_picture(file: Path, copy: Copy, to: Path) -> None:
    with Image.open(file) as image:
        upright = ImageOps.exif_transpose(image).convert("RGB")
        size = (max(1, round(upright.width * copy.scale)), max(1, round(upright.height * copy.scale)))
        small = upright if size == upright.size else upright.resize(size, Image.Resampling.LANCZOS)
        small.save(to, "JPEG", quality=copy.jpeg_quality)


def _write_video(file: Path, copy: Copy, to: Path) -> None:
    with av.open(str(file)) as film, av.open(str(to), "w", format="mp4") as out:
        if not film.streams.video:
            raise ValueError("it has no video")
        pictures = film.streams.video[0]
        pictures.thread_count = 1
        _encode(_upright(film.decode(pictures)), copy, out, rate=pictures.average_rate or _COMMON_RATE)


def _upright(frames: Iterator[av.VideoFrame]) -> Iterator[av.VideoFrame]:
    """The frames as a player shows them: the copy carries no rotation of its own."""
    for frame in frames:
        turns = round(frame.rotation / 90) % 4
        if not turns:
            yield frame
            continue
        turned = av.VideoFrame.from_ndarray(_turned(frame, turns))
        turned.pts, turned.time_base = frame.pts, frame.time_base
        yield turned


def _turned(frame: av.VideoFrame, quarters: int) -> Pixels:
    return np.ascontiguousarray(np.rot90(frame.to_ndarray(format="rgb24"), quarters), dtype=np.uint8)


def _encode(frames: Iterator[av.VideoFrame], copy: Copy, out: OutputContainer, *, rate: Fraction) -> None:
    stream, last = None, -1
    for frame in frames:
        if frame.pts is None or frame.time_base is None or frame.pts <= last:
            continue  # without a time of its own a frame cannot be placed
        if stream is None:
            stream = out.add_stream("libx264", rate, options={"crf": str(copy.crf), "preset": "veryfast"})
            stream.width, stream.height = (_even(side * copy.scale) for side in (frame.width, frame.height))
            stream.pix_fmt, stream.codec_context.time_base = "yuv420p", frame.time_base
            stream.thread_count = 1
        last = frame.pts
        small = frame.reformat(width=stream.width, height=stream.height, format="yuv420p", interpolation="AREA")
        small.pts, small.time_base = frame.pts, frame.time_base
        out.mux(stream.encode(small))
    if stream is None:
        raise ValueError("it holds no frame with a time")
    out.mux(stream.encode(None))


def _even(side: float) -> int:
    return max(_LEAST_SIDE_PX, 2 * round(side / 2))
