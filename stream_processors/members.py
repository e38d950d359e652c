"""Detector names in, members of the ensemble out: what the judgement must know of each detector, read from its card."""

import hashlib
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import detectors
from contracts.messages import DetectorScore
from detectors.calibration import Calibration, logit
from detectors.calibration.stored import card_in_force
from detectors.pooling import Pooling, pool
from detectors.weights import base_version

Floats = NDArray[np.float64] | np.float64


@dataclass(frozen=True, kw_only=True)
class Member:
    """One detector as the judgement sees it; without ``calibration`` it is named but never counted.

    ``calibration`` belongs to ``version``, and to the weights that it names; ``thresholds`` are the card's (lower,
    upper) limits on the calibrated probability; ``pooling`` makes one raw score of a track's clip scores;
    ``least_face_px`` repeats its demand on the crops.
    """

    name: str
    version: str
    calibration: Calibration | None
    weight: float = 1.0
    may_call_alone: bool = False
    thresholds: tuple[float, float] | None = None
    least_face_px: int = 0
    pooling: Pooling = "mean_logit"

    @property
    def calibration_sha256(self) -> str | None:
        """Names the numbers of ``calibration`` themselves: the SHA-256 of its JSON with sorted names."""
        if self.calibration is None:
            return None
        said = json.dumps(self.calibration.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(said.encode()).hexdigest()

    def is_calibrated_for(self, score: DetectorScore) -> bool:
        """Whether ``calibration`` was fitted on the version, and where it names them the weights, that gave a score."""
        if self.calibration is None or base_version(score.detector_version) != self.version:
            return False
        return self.calibration.weights_sha256 in (None, score.weights_sha256)

    def pooled_logit(self, raw: Sequence[float]) -> float:
        """The logit of the one raw score that clips of a track make together. Raises ``ValueError`` without any."""
        if self.pooling == "mean_logit" and len(raw):
            return math.fsum(map(logit, raw)) / len(raw)  # without the way there and back through a raw score
        return logit(pool(raw, self.pooling))

    def log_likelihood_ratio(self, pooled_logit: float) -> float:
        """The one number of ``log_likelihood_ratios``."""
        return float(self.log_likelihood_ratios(np.float64(pooled_logit)))

    def log_likelihood_ratios(self, pooled_logits: Floats) -> Floats:
        """How much more likely the evidence is if the face is manipulated, as natural logarithms.

        ``pooled_logits``: logits of pooled raw scores of a track's clips, any shape. The result is the calibrated
        logit without the calibration set's prior, held within what that set can support
        (:attr:`detectors.calibration.Calibration.claims`).

        Raises:
            ValueError: the member has no calibration.
        """
        if self.calibration is None:
            raise ValueError(f"{self.name} has no calibration")
        return self.calibration.log_likelihood_ratios(pooled_logits)


def members_of(names: Iterable[str], weights: Path | None = None) -> tuple[Member, ...]:
    """The members with these detector names, in that order. Raises ``detectors.UnknownDetector``.

    ``weights``: folder of fetched weights, where the calibrations of this machine lie too; without it the cards' count.
    """
    cards = [detectors.card(name) for name in names]
    return tuple(_member(card_in_force(card, weights) if weights else card) for card in cards)


def _member(card: detectors.DetectorCard) -> Member:
    spec = card.spec
    return Member(
        name=spec.name,
        version=spec.version,
        calibration=card.calibration,
        weight=spec.fusion_weight,
        may_call_alone=spec.may_call_alone,
        thresholds=(card.thresholds.lower, card.thresholds.upper) if card.thresholds else None,
        least_face_px=spec.demand.min_face_px,
        pooling=spec.pooling,
    )
