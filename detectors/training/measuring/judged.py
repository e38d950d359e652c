"""Our weights, or a registered detector, in; one thing that gives logits, probabilities and words out of faces.

``likely_manipulated`` is what a probability at or above the upper limit is called, as far as one detector decides it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import detectors
from contracts.errors import DetectorUnavailable
from detectors.calibration import Calibration
from detectors.registry import REGISTRY
from detectors.training.fitting import probabilities
from detectors.training.measuring.face_logits import FaceLogits, of_detector

POLICY_LIMITS = {"lower": 0.35, "upper": 0.8}  # those of the verdict policy where a card recommends none


@dataclass(frozen=True, eq=False, kw_only=True)
class Judged:
    """A detector whose clips are counted: its calibration and the limits on its probability."""

    name: str
    face_logits: FaceLogits
    calibration: Calibration
    limits: dict[str, float]
    limits_from: str

    def probabilities(self, logits: Sequence[float]) -> list[float]:
        return probabilities(self.calibration, logits)


def registered(name: str, weights: Path) -> Judged:
    """A registered detector of single frames as its own card calibrates and limits it.

    Raises:
        DetectorUnavailable: its weights are not in ``weights``, or its card calibrates nothing.
    """
    card = REGISTRY.card(name)
    if card.calibration is None:
        raise DetectorUnavailable(f"the card of {name} holds no calibration")
    stated = card.thresholds
    return Judged(
        name=name,
        face_logits=of_detector(detectors.create(name, weights=weights)),
        calibration=card.calibration,
        limits={"lower": stated.lower, "upper": stated.upper} if stated else dict(POLICY_LIMITS),
        limits_from="its card" if stated else "the verdict policy, its card recommends none",
    )
