"""The decoding child: an open media file on stdin and a request in, framed events on stdout out; run as a module.

It knows no path and no secret. Before it reads the first byte it limits its own memory, processor time and output and
gives up opening files, sockets and processes. It imports nothing heavy and is up in about a fifth of a second.
"""

import json
import os
import queue
import resource
import struct
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import BinaryIO

from contracts.errors import MediaNotAssessable
from contracts.vocabulary import Reason
from ingest.confinement import confine
from ingest.decoded import Decoded, ReadingRequest, SampledFrame, Shortfall, StillReading, StreamFacts
from ingest.sampling import SamplingPlan

HEADER = struct.Struct("!cIQ")  # kind of event, bytes of its JSON, bytes of pixels behind it
FACTS, FRAME, SHORTFALL, ALIVE, END = b"F", b"P", b"S", b"A", b"E"
_SIGN_OF_LIFE_S = 1.0
_GRACE_CPU_S = 5
_FRAMES_AHEAD = 8
_LARGE_BYTES = 8 * 2**20
_MOST_OPEN_FILES = 64
_ORPHAN_LOOK_S = 1.0
_MOST_WRITTEN_BYTES = 1 << 16  # last words on stderr, nothing else


def read_media(file: BinaryIO, request: ReadingRequest) -> Iterator[Decoded]:
    """Every event of one media item; ends with a shortfall where it could not be read (to its end)."""
    try:
        yield from _reader(request)(file, request)
    except MediaNotAssessable as why:
        yield Shortfall(why.reason, why.detail)
    except MemoryError:
        yield Shortfall(Reason.FILE_TOO_LARGE, "decoding needs more memory than the decoder is given")


def request_to_json(request: ReadingRequest, *, memory_bytes: int, cpu_s: float) -> str:
    """The only argument of the child."""
    return json.dumps({"request": asdict(request), "memory_bytes": memory_bytes, "cpu_s": cpu_s})


def _reader(request: ReadingRequest) -> Callable[[BinaryIO, ReadingRequest], Iterator[Decoded]]:
    """The readers are imported one by one: a picture needs no video library and the other way round."""
    if request.container in ("jpeg", "png", "gif", "webp"):
        from ingest.pictures import read_picture

        return read_picture
    from ingest.video import read_video

    return read_video


def _main(argument: str) -> None:
    wish = json.loads(argument)
    limit_myself(wish["memory_bytes"], wish["cpu_s"])
    plans = tuple(SamplingPlan(**plan) for plan in wish["request"].pop("plans"))
    request = ReadingRequest(plans=plans, **wish["request"])
    warnings.simplefilter("ignore")  # what a library has to say about a file goes into no log
    _reader(request)  # imported while files can still be opened
    confine()
    events = read_media(os.fdopen(0, "rb"), request)
    with os.fdopen(1, "wb", buffering=0) as out:
        ready: queue.Queue[Decoded | None] = queue.Queue(_FRAMES_AHEAD)
        writer = threading.Thread(target=_write_until_none, args=(ready, out), daemon=True)
        writer.start()
        _hand_over(events, ready)
        writer.join()


def limit_myself(memory_bytes: int, cpu_s: float) -> None:
    """Limit what this process may use; it can never be raised again."""
    _limit(resource.RLIMIT_CORE, 0, 0)
    _limit(resource.RLIMIT_FSIZE, _MOST_WRITTEN_BYTES, _MOST_WRITTEN_BYTES)
    _limit(resource.RLIMIT_NOFILE, _MOST_OPEN_FILES, _MOST_OPEN_FILES)
    _limit(resource.RLIMIT_CPU, int(cpu_s) + 1, int(cpu_s) + _GRACE_CPU_S)
    _limit(resource.RLIMIT_AS, memory_bytes, memory_bytes)


def _limit(what: int, soft: int, hard: int) -> None:
    """Never above what this process was given itself."""
    _, given = resource.getrlimit(what)
    most = hard if given == resource.RLIM_INFINITY else min(hard, given)
    resource.setrlimit(what, (min(soft, most), most))


def _hand_over(events: Iterator[Decoded], ready: "queue.Queue[Decoded | None]") -> None:
    """Decode a few frames ahead of the reader; large ones one by one, so that memory stays bounded."""
    last_sign_s = time.monotonic()
    for event in events:
        now_s = time.monotonic()
        if isinstance(event, StillReading) and now_s - last_sign_s < _SIGN_OF_LIFE_S:
            continue
        last_sign_s = now_s
        ready.put(event)
        if isinstance(event, SampledFrame) and event.pixels.nbytes > _LARGE_BYTES:
            ready.join()
    ready.put(None)


def _write_until_none(ready: "queue.Queue[Decoded | None]", out: BinaryIO) -> None:
    parent = os.getppid()
    try:
        while (event := _next(ready, parent)) is not None:
            _write(event, out)
            del event  # not held while the next one is waited for
            ready.task_done()
        out.write(HEADER.pack(END, 0, 0))
    except BrokenPipeError:
        os._exit(0)  # the reader has seen enough; nothing here needs tidying


def _next(ready: "queue.Queue[Decoded | None]", parent: int) -> Decoded | None:
    """Whoever waits for the frames may have been killed while none was ready."""
    while True:
        try:
            return ready.get(timeout=_ORPHAN_LOOK_S)
        except queue.Empty:
            if os.getppid() != parent:
                os._exit(0)


def _write(event: Decoded, out: BinaryIO) -> None:
    if isinstance(event, SampledFrame):
        height, width, _ = event.pixels.shape
        note = {name: getattr(event, name) for name in ("pts_s", "frame_index", "quantiser")}
        note["samples"] = list(event.samples.items())
        _write_framed(FRAME, {**note, "width": width, "height": height}, event.pixels.data.cast("B"), out)
    elif isinstance(event, StreamFacts):
        _write_framed(FACTS, asdict(event), memoryview(b""), out)
    elif isinstance(event, Shortfall):
        _write_framed(SHORTFALL, asdict(event), memoryview(b""), out)
    else:
        _write_framed(ALIVE, asdict(event), memoryview(b""), out)


def _write_framed(kind: bytes, note: dict, pixels: memoryview, out: BinaryIO) -> None:
    text = json.dumps(note).encode()
    _write_all(memoryview(HEADER.pack(kind, len(text), len(pixels)) + text), out)
    _write_all(pixels, out)


def _write_all(data: memoryview, out: BinaryIO) -> None:
    while data:
        data = data[out.write(data) :]


if __name__ == "__main__":
    _main(sys.argv[1])
