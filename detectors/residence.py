"""A way to load a detector in, a detector out that holds its weights only while there is work for it."""

import threading
import time
from collections.abc import Callable, Sequence

from contracts.clips import FaceClip
from detectors.detector import Detector, DetectorSpec, Finding, examined


class WarmDetector:
    """A detector that lets go of its weights when it has been idle, and loads them again for the next clip.

    What it says of itself stays what it said when it was first loaded, unless another load finds other weights.

    Args:
        load: gives the loaded, proved detector; called at once, and again after each release.
        idle_s: how long it must have had no work to be let go.
        clock: monotonic seconds.
    """

    def __init__(
        self, load: Callable[[], Detector], *, idle_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._load = load
        self._idle_s = idle_s
        self._clock = clock
        self._lock = threading.Lock()
        self._loaded: Detector | None = None
        self._last_work_s = clock()
        self._present()

    @property
    def spec(self) -> DetectorSpec:
        return self._spec

    @property
    def version(self) -> str:
        return self._version

    @property
    def weights_sha256(self) -> str | None:
        return self._weights_sha256

    @property
    def untrained(self) -> bool:
        return self._untrained

    @property
    def device(self) -> str:
        return self._device

    @property
    def holds_weights(self) -> bool:
        """Whether the next clip is scored without loading."""
        return self._loaded is not None

    def score(self, clips: Sequence[FaceClip]) -> list[float]:
        """As :meth:`detectors.detector.Detector.score`; loads first where the weights were let go.

        Raises:
            DetectorUnavailable: the weights are gone, or are others that do not fit.
        """
        with self._lock:
            scores = self._present().score(clips)
            self._last_work_s = self._clock()
            return scores

    def examine(self, clips: Sequence[FaceClip]) -> list[Finding]:
        """As :meth:`detectors.detector.DomainAware.examine`, loading as :meth:`score` does."""
        with self._lock:
            findings = examined(self._present(), clips)
            self._last_work_s = self._clock()
            return findings

    def release_if_idle(self) -> bool:
        """Let go of the weights if there was no work for long enough; whether that happened now."""
        if not self._lock.acquire(blocking=False):
            return False  # it is scoring
        try:
            if self._loaded is None or self._clock() - self._last_work_s < self._idle_s:
                return False
            self._loaded = None
            return True
        finally:
            self._lock.release()

    def _present(self) -> Detector:
        if self._loaded is None:
            self._loaded = loaded = self._load()
            self._spec, self._version, self._device = loaded.spec, loaded.version, loaded.device
            self._weights_sha256, self._untrained = loaded.weights_sha256, loaded.untrained
        return self._loaded
