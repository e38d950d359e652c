"""Clips in, raw scores out: what all detectors share, whatever their networks look at."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

from contracts.clips import FaceClip
from detectors.cards import DetectorCard
from detectors.detector import DetectorSpec, UnfitClip
from detectors.runtime import Runtime
from detectors.weights import identity_of, version_of


class ClipDetector(ABC):
    """A detector that knows who it is and lets nothing but fitting clips through to ``_scores``.

    ``folder`` holds the verified weights of the card; ``None`` makes the detector ``untrained``.
    """

    def __init__(self, card: DetectorCard, *, folder: Path | None, runtime: Runtime) -> None:
        self.spec: DetectorSpec = card.spec
        self.version = version_of(card, folder)
        self.weights_sha256 = None if folder is None else identity_of(card, folder)
        self.untrained = folder is None
        self.device = runtime.device

    def score(self, clips: Sequence[FaceClip]) -> list[float]:
        """Raw scores, 0 (genuine) to 1 (manipulated): one per clip, in the order of the clips; none for none.

        Raises:
            UnfitClip: something among ``clips`` is no clip, or has more or fewer crops than the demand allows.
        """
        for clip in clips:
            require_fitting(self.spec, clip)
        return self._scores(clips) if clips else []

    @abstractmethod
    def _scores(self, clips: Sequence[FaceClip]) -> list[float]:
        """One raw score per clip; ``clips`` holds at least one and only fitting ones."""


def require_fitting(spec: DetectorSpec, clip: object) -> None:
    """Raise ``UnfitClip`` unless this is a face clip of a length that the demand of ``spec`` allows."""
    demand = spec.demand
    if not isinstance(clip, FaceClip):
        raise UnfitClip(f"detector {spec.name!r} scores face clips, not {type(clip).__name__}")
    if not demand.least_crops <= len(clip.crops) <= demand.clip_length:
        wanted = f"{demand.least_crops} to {demand.clip_length}"
        raise UnfitClip(f"detector {spec.name!r} scores clips of {wanted} crops, not of {len(clip.crops)}")
