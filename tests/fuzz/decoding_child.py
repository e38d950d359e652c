"""Containers and bytes on stdin, what the confined decoder made of each on stdout, until stdin ends; run as a module.

The limits, the confinement and the reading are those of the decoding child of every day; only that it is used again
and again differs, and that what it has seen is summed up instead of handed over.
"""

import gc
import io
import json
import os
import struct
import sys
import traceback
import warnings
from collections import Counter
from typing import BinaryIO

from ingest.confinement import confine
from ingest.decoded import ReadingRequest, SampledFrame, Shortfall
from ingest.decoder_process import limit_myself, read_media
from ingest.sampling import SamplingPlan

SIZES = struct.Struct("!HI")
PLANS = (SamplingPlan(10.0, 4), SamplingPlan(5.0, 2, 2, 1.0))
MEMORY_BYTES = 2 * 2**30
MOST_PIXELS = 4_000_000


def outcome_of(container: str, data: bytes) -> dict[str, str]:
    """``outcome`` is one word; ``fault`` the traceback of what no reader may raise."""
    request = ReadingRequest(container, PLANS, MOST_PIXELS, 3600.0, max_frames=2000)
    seen: Counter[str] = Counter()
    reasons = []
    try:
        for event in read_media(io.BytesIO(data), request):
            seen[type(event).__name__] += 1
            if isinstance(event, SampledFrame):
                assert event.pixels.shape[2] == 3
                assert event.pixels.shape[0] * event.pixels.shape[1] <= MOST_PIXELS
            if isinstance(event, Shortfall):
                reasons.append(f"{event.reason}")
    except Exception as why:
        return {"outcome": f"UNTYPED {type(why).__name__}", "fault": traceback.format_exc(limit=-6)}
    frames = "frames" if seen["SampledFrame"] else "no frames"
    return {"outcome": f"{frames}, {reasons[0]}" if reasons else frames}


def _exactly(file: BinaryIO, size: int) -> bytes:
    data = file.read(size)
    if len(data) < size:
        sys.exit(0)
    return data


def _main() -> None:
    warnings.simplefilter("ignore")
    import ingest.pictures
    import ingest.video  # noqa: F401 - before files can no longer be opened

    limit_myself(MEMORY_BYTES, 10_000.0)
    confine()
    gc.freeze()
    with os.fdopen(0, "rb") as asked, os.fdopen(1, "w", buffering=1) as out:
        while True:
            name, size = SIZES.unpack(_exactly(asked, SIZES.size))
            container, data = _exactly(asked, name).decode(), _exactly(asked, size)
            print(json.dumps(outcome_of(container, data)), file=out, flush=True)
            gc.collect()  # PyAV's decoders and their threads lie in reference cycles; an everyday child has one item


if __name__ == "__main__":
    _main()
