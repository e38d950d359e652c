"""One detector on several devices in, one that shares its clips out among them."""

import itertools
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from contracts.clips import FaceClip
from detectors.detector import Detector, DetectorSpec, Finding, examined


class AcrossDevices:
    """Copies of one detector, each on a device of its own; every call gives each copy an even run of the clips.

    A clip's score does not depend on its neighbours, so neither does it depend on how the clips are shared out.

    Raises:
        ValueError: the copies are not the same detector with the same weights, or there are none.
    """

    def __init__(self, copies: Sequence[Detector]) -> None:
        if len({(copy.spec.name, copy.version, copy.weights_sha256) for copy in copies}) != 1:
            raise ValueError("several devices share the clips of one detector with one set of weights")
        self._copies = tuple(copies)
        self._threads = ThreadPoolExecutor(max_workers=len(copies), thread_name_prefix="device")

    @property
    def spec(self) -> DetectorSpec:
        return self._copies[0].spec

    @property
    def version(self) -> str:
        return self._copies[0].version

    @property
    def weights_sha256(self) -> str | None:
        return self._copies[0].weights_sha256

    @property
    def untrained(self) -> bool:
        return self._copies[0].untrained

    @property
    def device(self) -> str:
        """All devices, joined by commas."""
        return ",".join(copy.device for copy in self._copies)

    def score(self, clips: Sequence[FaceClip]) -> list[float]:
        """As :meth:`detectors.detector.Detector.score`."""
        runs = self._threads.map(lambda copy, part: copy.score(part), self._copies, self._shared_out(clips))
        return [score for run in runs for score in run]

    def examine(self, clips: Sequence[FaceClip]) -> list[Finding]:
        """As :meth:`detectors.detector.DomainAware.examine`."""
        runs = self._threads.map(examined, self._copies, self._shared_out(clips))
        return [finding for run in runs for finding in run]

    def _shared_out(self, clips: Sequence[FaceClip]) -> list[Sequence[FaceClip]]:
        ends = [len(clips) * place // len(self._copies) for place in range(len(self._copies) + 1)]
        return [clips[start:end] for start, end in itertools.pairwise(ends)]
