"""The crop batches of a scan in, the detectors' answers out; each detector is in memory no longer than it has to be."""

import gc
from collections.abc import Callable, Sequence
from functools import partial
from itertools import groupby
from pathlib import Path

import psutil

import detectors
from contracts.errors import DetectorUnavailable
from contracts.messages import CropBatch, DetectorScore
from contracts.settings import DetectSettings
from contracts.vocabulary import DetectorStatus
from detectors import Detector
from stream_processors.rechecking import Recheck
from stream_processors.scorer import Bundles, Scorer, unscored
from stream_processors.serving import created

Load = Callable[[str], Detector]

_PARAMETER_BYTES = 4
_SHARE_OF_FREE_MEMORY = 0.5  # the rest is for crops, for activations and for everybody else


class ScanDetectors:
    """Detectors by name, loaded when the first batch asks for them.

    Args:
        load: gives a loaded detector or raises ``DetectorUnavailable``.
        bundles: where the crops of the batches lie.
        clips_per_pass: most clips that a detector is given at once.
        one_at_a_time: let go of each detector before the next one is loaded.
        recheck: what to score again of a detector after mild re-encoding; by default nothing.
    """

    def __init__(
        self,
        load: Load,
        bundles: Bundles,
        *,
        clips_per_pass: int,
        one_at_a_time: bool,
        recheck: Callable[[str], Recheck | None] = lambda _name: None,
    ) -> None:
        self._load = load
        self._bundles = bundles
        self._clips_per_pass = clips_per_pass
        self._recheck = recheck
        self.one_at_a_time = one_at_a_time
        self._kept: dict[str, Scorer | DetectorUnavailable] = {}

    def answers(
        self, batches: Sequence[CropBatch], *, tell: Callable[[str], None] = lambda _detector: None
    ) -> list[DetectorScore]:
        """One answer per batch, all of one detector together; ``tell`` hears which detector is at work."""
        by_detector = groupby(sorted(batches, key=lambda batch: batch.detector), key=lambda batch: batch.detector)
        scores: list[DetectorScore] = []
        for name, some in by_detector:
            tell(name)
            scores += self._answered(name, list(some))
            if self.one_at_a_time:
                self._let_go(name)
        return scores

    def _answered(self, name: str, batches: Sequence[CropBatch]) -> list[DetectorScore]:
        scorer = self._scorer(name)
        if isinstance(scorer, Scorer):
            return [scorer.answer([batch])[0].score for batch in batches]
        version = detectors.spec(name).version
        return [unscored(batch, DetectorStatus.UNAVAILABLE, str(scorer), version=version) for batch in batches]

    def _scorer(self, name: str) -> Scorer | DetectorUnavailable:
        if name not in self._kept:
            try:
                self._kept[name] = Scorer(
                    self._load(name),
                    self._bundles,
                    clips_per_pass=self._clips_per_pass,
                    recheck=self._recheck(name),
                )
            except DetectorUnavailable as why:
                self._kept[name] = why
        return self._kept[name]

    def _let_go(self, name: str) -> None:
        if isinstance(self._kept[name], Scorer):
            del self._kept[name]
            gc.collect()  # networks are full of cycles, and the next one wants the memory now


def loader(weights: Path, settings: DetectSettings) -> Load:
    """Loads detectors with what lies in the folder ``weights``, as the settings say."""

    return partial(created, weights=weights, settings=settings)


def fit_together(names: Sequence[str], free_bytes: int | None = None) -> bool:
    """Whether all these detectors at once take no more than half of the memory that is free (by default: now)."""
    needed = sum(detectors.card(name).cost.parameters * _PARAMETER_BYTES for name in names)
    free = psutil.virtual_memory().available if free_bytes is None else free_bytes
    return needed <= _SHARE_OF_FREE_MEMORY * free
