"""A file and a request in, decoded events out, from a child process that may die without taking us along."""

import fcntl
import json
import math
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

import numpy as np
import structlog
from pydantic import TypeAdapter

from contracts.errors import PoisonMessage
from contracts.vocabulary import Reason
from ingest.decoded import Decoded, ReadingRequest, SampledFrame, Shortfall, StillReading, StreamFacts
from ingest.decoder_process import ALIVE, END, FACTS, FRAME, HEADER, SHORTFALL, request_to_json

log = structlog.get_logger()

_ROOT = Path(__file__).resolve().parent.parent
_ENVIRONMENT = {  # nothing of ours: no credentials, no proxies; and no threads for arithmetic that nobody does there
    "PYTHONPATH": str(_ROOT),
    "PYTHONDONTWRITEBYTECODE": "1",
    "OPENBLAS_NUM_THREADS": "1",
}
# A child that was taken over says what it likes; what it says goes into messages.
_STATED = TypeAdapter(StreamFacts)
_PIPE_BYTES = 1 << 20
_MOST_JSON_BYTES = 1 << 16
_TAIL_BYTES = 2000


class DecoderKilled(PoisonMessage):
    """The decoding child died, was killed for what it used, or fell silent: this item does that to every decoder.

    ``reason`` is ``timeout`` or ``decode_error``, ``detail`` one sentence for a person.
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class Decoder(Protocol):
    """Reads a media item once."""

    def decode(self, path: Path, request: ReadingRequest) -> Iterator[Decoded]:
        """Facts first, then sampled frames in order of time, then what is missing; raises ``DecoderKilled``."""
        ...


@dataclass(frozen=True)
class DecoderLimits:
    """What one decoding child may use.

    ``stall_s`` is the longest silence while we wait for it, ``wall_s`` the longest wait in all; the time that whoever
    takes its frames needs for them is neither.
    """

    memory_bytes: int = 4 * 2**30
    cpu_s: float = 3600.0
    stall_s: float = 60.0
    wall_s: float = 7200.0


@dataclass(frozen=True)
class ChildDecoder:
    """A fresh child for every item: it starts in about 0.2 s, and no item can spoil the next one's decoder."""

    limits: DecoderLimits = DecoderLimits()

    def decode(self, path: Path, request: ReadingRequest) -> Iterator[Decoded]:
        with (
            path.open("rb") as media,
            tempfile.TemporaryFile() as errors,
            _child(media, errors, request, self.limits) as child,
        ):
            yield from _events(child, errors, request, self.limits)


@contextmanager
def _child(
    media: IO[bytes], errors: IO[bytes], request: ReadingRequest, limits: DecoderLimits
) -> Iterator[subprocess.Popen[bytes]]:
    wish = request_to_json(request, memory_bytes=limits.memory_bytes, cpu_s=limits.cpu_s)
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", "ingest.decoder_process", wish],
        stdin=media,
        stdout=subprocess.PIPE,
        stderr=errors,
        env=_ENVIRONMENT,
        cwd="/",
    )
    try:
        yield child
    finally:
        _pipe_of(child).close()
        child.kill()
        child.wait()


def _pipe_of(child: subprocess.Popen[bytes]) -> IO[bytes]:
    if child.stdout is None:
        raise RuntimeError("the decoding child was started without a pipe")
    return child.stdout


def _events(
    child: subprocess.Popen[bytes], errors: IO[bytes], request: ReadingRequest, limits: DecoderLimits
) -> Iterator[Decoded]:
    pipe = _Pipe(_pipe_of(child).fileno(), limits)
    try:
        while True:
            kind, note_bytes, pixel_bytes = HEADER.unpack(pipe.read(HEADER.size).data)
            if kind == END:
                return
            if note_bytes > _MOST_JSON_BYTES:
                raise _ChildGone
            note = json.loads(bytes(pipe.read(note_bytes)))
            yield _frame(note, pixel_bytes, pipe, request) if kind == FRAME else _notice(kind, note)
    except _ChildGone as why:
        raise _obituary(child, errors, limits) from why
    except (ValueError, KeyError, TypeError) as why:
        raise DecoderKilled(Reason.DECODE_ERROR, "the decoder sent bytes that make no sense") from why


def _frame(note: dict, pixel_bytes: int, pipe: "_Pipe", request: ReadingRequest) -> SampledFrame:
    width, height = int(note["width"]), int(note["height"])
    if not 0 < width * height <= request.max_pixels or pixel_bytes != width * height * 3:
        raise ValueError(f"a frame of {width} x {height} in {pixel_bytes} bytes")
    pixels = pipe.read(pixel_bytes).reshape(height, width, 3)
    quantiser = None if note["quantiser"] is None else _finite(note["quantiser"])
    return SampledFrame(pixels, _finite(note["pts_s"]), int(note["frame_index"]), _samples(note["samples"]), quantiser)


def _samples(pairs: list) -> dict[int, int]:
    return {int(plan): int(number) for plan, number in pairs}


def _finite(number: float) -> float:
    if not math.isfinite(number):
        raise ValueError(f"{number} is no time and no measure")
    return float(number)


def _notice(kind: bytes, note: dict) -> Decoded:
    if kind == FACTS:
        facts = _STATED.validate_python(note)
        for value in (facts.duration_s, facts.frame_rate):
            _finite(value or 0.0)
        return facts
    if kind == SHORTFALL:
        return Shortfall(Reason(note["reason"]), str(note["detail"]))
    if kind == ALIVE:
        return StillReading(_finite(note["pts_s"]))
    raise ValueError(f"unknown kind of event {kind!r}")


class _ChildGone(Exception):
    """The pipe ended before the child said so."""


class _Pipe:
    """Reads whole pieces from a pipe, waiting for each further byte no longer than ``stall_s``, in all ``wall_s``."""

    def __init__(self, fd: int, limits: DecoderLimits) -> None:
        self._fd = fd
        self._limits = limits
        self._waited_s = 0.0
        self._poll = select.poll()
        self._poll.register(fd, select.POLLIN)
        if hasattr(fcntl, "F_SETPIPE_SZ"):
            fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)

    def read(self, size_bytes: int) -> np.ndarray:
        """An array of ``size_bytes`` uint8; raises ``DecoderKilled`` after a stall."""
        piece = np.empty(size_bytes, dtype=np.uint8)
        rest = piece.data
        while rest:
            self._wait()
            got = os.readv(self._fd, [rest])
            if not got:
                raise _ChildGone
            rest = rest[got:]
        return piece

    def _wait(self) -> None:
        left_s = self._limits.wall_s - self._waited_s
        began_s = time.monotonic()
        is_there = self._poll.poll(max(0.0, min(self._limits.stall_s, left_s)) * 1000)
        self._waited_s += time.monotonic() - began_s
        if is_there and self._waited_s <= self._limits.wall_s:
            return
        if left_s <= self._limits.stall_s:
            raise DecoderKilled(Reason.TIMEOUT, f"decoding took more than {self._limits.wall_s:.0f} s")
        raise DecoderKilled(Reason.TIMEOUT, f"the decoder gave no sign of life for {self._limits.stall_s:.0f} s")


def _obituary(child: subprocess.Popen[bytes], errors: IO[bytes], limits: DecoderLimits) -> DecoderKilled:
    code = child.wait()
    errors.seek(max(0, errors.seek(0, os.SEEK_END) - _TAIL_BYTES))
    log.warning("the decoder died", exit_code=code, last_words=errors.read().decode("utf-8", "replace"))
    if code == -signal.SIGXCPU:
        return DecoderKilled(Reason.TIMEOUT, f"decoding took more than {limits.cpu_s:.0f} s of processor time")
    how = f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
    return DecoderKilled(Reason.DECODE_ERROR, f"the decoder was ended {how} while it read this file")
