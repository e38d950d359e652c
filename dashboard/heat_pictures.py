"""Evidence crops in; pictures of where the detector looked out, computed by a process of their own, one at a time."""

import io
import os
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from contracts.messages import Evidence
from dashboard.evidence_pictures import faces_of
from detectors.heat_maps import MOST_CROPS, HeatMap, packed, unpacked
from ingest.object_store import ObjectStore

_TIMEOUT_S = 300.0
_SIDE_PX = 240
_HOT = np.array([217, 73, 43], dtype=np.float32)  # vermilion, as in every other drawing


class NoHeatMap(Exception):
    """There are no heat maps to be had; the message says why, for a person."""


class HeatMapMaker:
    """Computes heat maps apart from the pages; those who ask wait in a line."""

    def __init__(self, weights: Path) -> None:
        self._weights = weights
        self._line = ThreadPoolExecutor(1, thread_name_prefix="heat-maps")

    def ask(self, store: ObjectStore, evidence: Iterable[Evidence]) -> "Future[list[HeatMap]]":
        """The maps of these crops, in their order; the future fails with ``NoHeatMap`` or ``NoPicture``."""
        wanted = list(evidence)[:MOST_CROPS]
        return self._line.submit(self._made, store, wanted)

    def _made(self, store: ObjectStore, evidence: list[Evidence]) -> list[HeatMap]:
        crops = packed(faces_of(store, evidence))
        argv = [sys.executable, "-m", "detectors.heat_maps", str(self._weights)]
        quiet = {**os.environ, "OMP_NUM_THREADS": "1"}  # the pipeline on this machine has the right of way
        try:
            done = subprocess.run(argv, input=crops, capture_output=True, env=quiet, timeout=_TIMEOUT_S, check=False)
        except subprocess.TimeoutExpired as why:
            raise NoHeatMap("The heat maps took too long. Try again when less is going on.") from why
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace").strip().splitlines()
            raise NoHeatMap(f"The heat maps could not be computed. {said[-1] if said else ''}")
        return unpacked(done.stdout)


def overlaid(heat_map: HeatMap, strength: float) -> bytes:
    """The face with its map over it, as JPEG; ``strength`` from 0 (the face alone) to 1."""
    share = (heat_map.heat * strength)[..., None]
    mixed = heat_map.view.astype(np.float32) * (1 - share) + _HOT * share
    picture = Image.fromarray(mixed.clip(0, 255).astype(np.uint8))
    out = io.BytesIO()
    picture.resize((_SIDE_PX, _SIDE_PX), Image.Resampling.BILINEAR).save(out, "JPEG", quality=88)
    return out.getvalue()
