"""Video clips in, evenly spread frames and re-encoded copies out; learning and measuring only, never for verdicts."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import numpy as np
from av.container import OutputContainer

from contracts.clips import Pixels

MOST_FRAMES = 300
SUFFIXES = (".mp4", ".mkv", ".mpg", ".mov", ".webm", ".avi")
_TICK = Fraction(1, 25)


def clips_in(folder: Path) -> tuple[Path, ...]:
    """The videos of a folder, by name."""
    return tuple(sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES))


def spread_frames(path: Path, count: int) -> list[tuple[int, Pixels]]:
    """Up to ``count`` (frame index, RGB pixels), evenly spread over the first 300 frames.

    Raises:
        av.error.FFmpegError: the file cannot be decoded.
    """
    there = sum(1 for _ in _decoded(path))
    wanted = set(np.unique(np.linspace(0, there - 1, min(count, there)).astype(int)).tolist()) if there else set()
    return [(at, _rgb(frame)) for at, frame in enumerate(_decoded(path)) if at in wanted]


def reencode(path: Path, to: Path, *, crf: int, scale: float = 1.0) -> Path:
    """Write the first 300 frames as H.264 at ``crf``, ``scale`` times as large; done once, a finished file is kept."""
    if to.is_file():
        return to
    to.parent.mkdir(parents=True, exist_ok=True)
    unfinished = to.with_suffix(".part")
    with av.open(str(unfinished), "w", format="mp4") as film:
        _encode_into(film, path, crf=crf, scale=scale)
    return unfinished.rename(to)


def _encode_into(film: OutputContainer, path: Path, *, crf: int, scale: float) -> None:
    stream = None
    for at, frame in enumerate(_decoded(path)):
        width, height = (max(16, 2 * round(side * scale / 2)) for side in (frame.width, frame.height))
        if stream is None:
            stream = film.add_stream("libx264", rate=25, options={"crf": str(crf), "preset": "veryfast"})
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        picture = frame.reformat(width=width, height=height, format="yuv420p")
        picture.pts, picture.time_base = at, _TICK
        film.mux(stream.encode(picture))
    if stream is not None:
        film.mux(stream.encode(None))


def _decoded(path: Path) -> Iterator[av.VideoFrame]:
    with av.open(str(path)) as film:
        film.streams.video[0].thread_count = 1
        yield from islice(film.decode(video=0), MOST_FRAMES)


def _rgb(frame: av.VideoFrame) -> Pixels:
    return np.ascontiguousarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8)
