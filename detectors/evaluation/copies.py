"""A picture or a video in, the same one altered and encoded anew out: what platforms and people do to uploads."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal

import av
import cv2
import numpy as np
from av.container import OutputContainer
from av.error import FFmpegError
from av.video.stream import VideoStream
from PIL import Image, ImageOps

from contracts.clips import FaceBox, Pixels
from detectors.evaluation.alterations import FACES_NEEDED, Alteration, FindFaces, Setting, altered

_LEAST_SIDE_PX = 16
_COMMON_RATE = Fraction(25)  # only a hint for the encoder; frames keep their own times
_FACES_EVERY = 5  # frames; a face moves little in between
_QUIET = {"libx265": {"x265-params": "log-level=none:pools=1:frame-threads=1"}}


@dataclass(frozen=True, kw_only=True)
class Encoding:
    """One pass through an encoder: ``codec`` and ``crf`` for videos, ``jpeg_quality`` for pictures.

    Sides are multiplied by ``scale``; the longer one is then brought down to ``most_side_px`` where it is given.
    """

    codec: Literal["libx264", "libx265"] = "libx264"
    crf: int = 23
    jpeg_quality: int = 90
    scale: float = 1.0
    most_side_px: int | None = None

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of the encoded frames, even numbers."""
        scale = self.factor(width, height)
        return _even(width * scale), _even(height * scale)

    def factor(self, width: int, height: int) -> float:
        """What both sides are multiplied by."""
        longest = max(width, height) * self.scale
        return self.scale * min(1.0, self.most_side_px / longest if self.most_side_px else 1.0)


@dataclass(frozen=True, kw_only=True)
class Copy:
    """One way to write a file anew: alterations of each frame, then encodings, each of what the one before wrote.

    Only every ``every``-th frame is kept. ``pictures`` tells whether this is done to pictures too.
    """

    name: str
    alterations: tuple[Alteration, ...] = ()
    encodings: tuple[Encoding, ...] = (Encoding(),)
    every: int = 1
    pictures: bool = True


class NotCopied(Exception):
    """A file that cannot be read as what it seems to be; the message is one sentence."""


def write_copy(file: Path, copy: Copy, folder: Path, *, picture: bool, faces: FindFaces = lambda _pixels: ()) -> Path:
    """Write the copy into ``folder``: upright, without sound, frames with the times that they had.

    Args:
        file: a picture or a video.
        copy: how it is written anew.
        folder: a folder for this copy alone.
        picture: whether the file is one.
        faces: finds faces in a picture; asked only by copies that cover them.

    Raises:
        NotCopied: the file cannot be decoded, or holds no frame.
    """
    at = file
    try:
        for number, encoding in enumerate(copy.encodings):
            to = folder / f"{file.stem}{f'.{number}' if number else ''}{'.jpg' if picture else '.mp4'}"
            first = copy if number == 0 else Copy(name=copy.name)
            (_write_picture if picture else _write_video)(at, first, encoding, to, faces)
            at = to
    except (FFmpegError, OSError, ValueError, cv2.error, Image.DecompressionBombError) as why:
        raise NotCopied(f"{file.name} could not be encoded anew: {' '.join(str(why).split())}") from why
    return at


def _write_picture(file: Path, copy: Copy, encoding: Encoding, to: Path, faces: FindFaces) -> None:
    with Image.open(file) as image:
        upright = ImageOps.exif_transpose(image).convert("RGB")
    # A picture is written as JPEG at the end: one that is about JPEG is so by that quality, not by two of them.
    of_jpeg = [one.amount for one in copy.alterations if one.kind == "jpeg"]
    others = tuple(one for one in copy.alterations if one.kind != "jpeg")
    if others:
        pixels = np.asarray(upright, dtype=np.uint8)
        upright = Image.fromarray(altered(pixels, others, Setting(faces=_faces(others, pixels, faces))))
    factor = encoding.factor(upright.width, upright.height)
    size = (max(1, round(upright.width * factor)), max(1, round(upright.height * factor)))
    small = upright if size == upright.size else upright.resize(size, Image.Resampling.LANCZOS)
    small.save(to, "JPEG", quality=int(min(of_jpeg, default=encoding.jpeg_quality)))


def _write_video(file: Path, copy: Copy, encoding: Encoding, to: Path, faces: FindFaces) -> None:
    with av.open(str(file)) as film, av.open(str(to), "w", format="mp4") as out:
        if not film.streams.video:
            raise ValueError("it has no video")
        pictures = film.streams.video[0]
        pictures.thread_count = 1
        frames = _altered(_upright(film.decode(pictures)), copy, faces)
        _encode(frames, encoding, out, rate=pictures.average_rate or _COMMON_RATE)


def _altered(frames: Iterator[av.VideoFrame], copy: Copy, faces: FindFaces) -> Iterator[av.VideoFrame]:
    found: tuple[FaceBox, ...] = ()
    for number, frame in enumerate(frames):
        if number % copy.every:
            continue
        if not copy.alterations:
            yield frame
            continue
        pixels = np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8)
        if number % _FACES_EVERY == 0:
            found = _faces(copy.alterations, pixels, faces)
        shown = altered(pixels, copy.alterations, Setting(frame=number, faces=found))
        changed = av.VideoFrame.from_ndarray(shown)
        changed.pts, changed.time_base = frame.pts, frame.time_base
        yield changed


def _faces(alterations: tuple[Alteration, ...], pixels: Pixels, faces: FindFaces) -> tuple[FaceBox, ...]:
    needed = any(one.kind == FACES_NEEDED for one in alterations)
    return tuple(faces(pixels)) if needed else ()


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


def _encode(frames: Iterator[av.VideoFrame], encoding: Encoding, out: OutputContainer, *, rate: Fraction) -> None:
    stream, last = None, -1
    for frame in frames:
        if frame.pts is None or frame.time_base is None or frame.pts <= last:
            continue  # without a time of its own a frame cannot be placed
        if stream is None:
            stream = _stream(out, encoding, frame, rate)
        last = frame.pts
        small = frame.reformat(width=stream.width, height=stream.height, format="yuv420p", interpolation="AREA")
        small.pts, small.time_base = frame.pts, frame.time_base
        out.mux(stream.encode(small))
    if stream is None:
        raise ValueError("it holds no frame with a time")
    out.mux(stream.encode(None))


def _stream(out: OutputContainer, encoding: Encoding, frame: av.VideoFrame, rate: Fraction) -> VideoStream:
    options = {"crf": str(encoding.crf), "preset": "veryfast", **_QUIET.get(encoding.codec, {})}
    stream = out.add_stream(encoding.codec, rate, options=options)
    stream.width, stream.height = encoding.size(frame.width, frame.height)
    stream.pix_fmt, stream.codec_context.time_base = "yuv420p", frame.time_base or 1 / rate
    stream.thread_count = 1
    return stream


def _even(side: float) -> int:
    return max(_LEAST_SIDE_PX, 2 * round(side / 2))
