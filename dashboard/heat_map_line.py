"""Evidence crops in; their heat maps out, computed by a process of its own, one at a time, and kept."""

import os
import subprocess
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryFile

from contracts.errors import DetectorUnavailable
from contracts.messages import Evidence
from dashboard.evidence_pictures import faces_of, wanted_of
from dashboard.heat_maps_kept import KeptMaps
from detectors.heat_maps import MOST_CROPS, STEP_WORD, DamagedMaps, HeatMap, Step, packed, unpacked
from ingest.object_store import ObjectStore

_TIMEOUT_S = 300.0
_MOST_WAITING = 8
_REMEMBERED = 16
_STOPPED = "The server was stopped before the heat maps were computed."


class NoHeatMap(Exception):
    """There are no heat maps to be had; the message says why, for a person."""


class LineIsFull(NoHeatMap):
    """Too many others wait for heat maps already."""


class Stage(StrEnum):
    """How far a request is, in words."""

    WAITING = "waiting for its turn"
    CROPS = "reading the crops"
    LOADING = "loading the network"
    LEARNED = "computing with the trained weights"
    RANDOM = "computing again with random weights, for the check"


_STAGES = {Step.LOADING: Stage.LOADING, Step.LEARNED: Stage.LEARNED, Step.RANDOM: Stage.RANDOM}


@dataclass
class Asked:
    """A request for the maps of some crops; ``since_s`` is a monotonic time."""

    evidence: tuple[Evidence, ...]
    since_s: float = field(default_factory=time.monotonic)
    stage: Stage = Stage.WAITING
    future: "Future[list[HeatMap]]" = field(default_factory=Future)

    @property
    def elapsed_s(self) -> float:
        """Seconds since somebody asked."""
        return time.monotonic() - self.since_s

    @property
    def is_done(self) -> bool:
        return self.future.done()

    @property
    def has_failed(self) -> bool:
        return self.is_done and (self.future.cancelled() or self.future.exception() is not None)

    def result(self, timeout_s: float | None = 0.0) -> list[HeatMap]:
        """The maps in the order of the crops. Raises ``NoHeatMap``, ``NoPicture``, ``NotNow``, ``TimeoutError``."""
        try:
            return self.future.result(timeout_s)
        except CancelledError as why:
            raise NoHeatMap(_STOPPED) from why


class HeatMapMaker:
    """Computes heat maps apart from who asks; those who ask wait in a line, and the same question waits once."""

    def __init__(self, weights: Path) -> None:
        self.kept = KeptMaps(weights)
        self._weights = weights
        self._line = ThreadPoolExecutor(1, thread_name_prefix="heat-maps")
        self._lock = threading.Lock()
        self._asked: OrderedDict[tuple[object, ...], Asked] = OrderedDict()
        self._child: subprocess.Popen[str] | None = None
        self._is_closed = False

    def ask(self, store: ObjectStore, evidence: Sequence[Evidence]) -> Asked:
        """Ask for the maps of these crops, ``MOST_CROPS`` at most. Raises ``LineIsFull``."""
        wanted = tuple(evidence)[:MOST_CROPS]
        with self._lock:
            before = self._asked.get(_name_of(wanted))
            if before is not None and not before.has_failed:
                return before
            if sum(not one.is_done for one in self._asked.values()) >= _MOST_WAITING:
                raise LineIsFull("Too many wait for heat maps now. Ask again in a while.")
            asked = Asked(wanted)
            asked.future = self._line.submit(self._made, store, asked)
            self._asked[_name_of(wanted)] = asked
            for name in [name for name, one in self._asked.items() if one.is_done][: -_REMEMBERED or None]:
                del self._asked[name]
            return asked

    def asked(self, evidence: Sequence[Evidence]) -> Asked | None:
        """What became of a question that was asked lately."""
        with self._lock:
            return self._asked.get(_name_of(tuple(evidence)))

    def close(self) -> None:
        """Compute nothing more, and end what is being computed."""
        with self._lock:
            self._is_closed = True
            if self._child is not None:
                self._child.kill()
        self._line.shutdown(cancel_futures=True)

    def _made(self, store: ObjectStore, asked: Asked) -> list[HeatMap]:
        asked.stage = Stage.CROPS
        try:
            found = [self.kept.find(store, one) for one in asked.evidence]
        except DetectorUnavailable as why:
            raise NoHeatMap(f"The heat maps could not be computed. {why}") from why
        missing = [one for one, known in zip(asked.evidence, found, strict=True) if known is None]
        if missing:
            made = self._computed(packed(faces_of(store, missing)), asked)
            for one, heat_map in zip(missing, made, strict=True):
                self.kept.keep(store, one, heat_map)
            fresh = iter(made)
            found = [known if known is not None else next(fresh) for known in found]
        return [one for one in found if one is not None]

    def _computed(self, crops: bytes, asked: Asked) -> list[HeatMap]:
        argv = [sys.executable, "-m", "detectors.heat_maps", str(self._weights)]
        quiet = {**os.environ, "OMP_NUM_THREADS": "1"}  # the pipeline on this machine has the right of way
        with TemporaryFile() as given, TemporaryFile() as made:
            given.write(crops)
            given.seek(0)
            with self._lock:
                if self._is_closed:
                    raise NoHeatMap(_STOPPED)
                child = subprocess.Popen(argv, stdin=given, stdout=made, stderr=subprocess.PIPE, env=quiet, text=True)
                self._child = child
            last = _followed(child, asked)
            self._child = None
            if child.returncode:
                raise NoHeatMap(f"The heat maps could not be computed. {last}")
            made.seek(0)
            try:
                return unpacked(made.read())
            except DamagedMaps as why:
                raise NoHeatMap("The heat maps could not be computed: their process wrote none.") from why


def _name_of(evidence: Sequence[Evidence]) -> tuple[object, ...]:
    return tuple((one.bundle.key, *wanted_of(one)) for one in evidence)


def _followed(child: "subprocess.Popen[str]", asked: Asked) -> str:
    """Wait for the end, telling the stage; the last line that it said otherwise. Raises ``NoHeatMap``."""
    late = threading.Event()
    patience = threading.Timer(_TIMEOUT_S, _ender(child, late))
    patience.start()
    last = ""
    try:
        with child:
            for line in child.stderr or ():
                step = line.removeprefix(STEP_WORD).strip()
                if line.startswith(STEP_WORD) and step in set(Step):
                    asked.stage = _STAGES[Step(step)]
                elif line.strip():
                    last = line.strip()
    finally:
        patience.cancel()
    if late.is_set():
        raise NoHeatMap("The heat maps took too long. Try again when less is going on.")
    return last


def _ender(child: "subprocess.Popen[str]", late: threading.Event) -> Callable[[], None]:
    def end() -> None:
        late.set()
        child.kill()

    return end
