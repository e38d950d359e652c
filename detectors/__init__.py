"""Score face clips: the registered detectors by name, their cards, and the loaded thing itself."""

from pathlib import Path

from detectors import probe
from detectors.calibration import Calibration
from detectors.cards import DetectorCard
from detectors.detector import Detector, DetectorSpec
from detectors.devices import resolved
from detectors.registry import REGISTRY, UnknownDetector
from detectors.runtime import Runtime
from detectors.weights import Availability, availability_of

__all__ = [
    "Availability",
    "Calibration",
    "Detector",
    "DetectorCard",
    "DetectorSpec",
    "UnknownDetector",
    "availability",
    "card",
    "create",
    "names",
    "probe",
    "spec",
]


def names() -> tuple[str, ...]:
    """The names of all registered detectors."""
    return REGISTRY.names()


def card(name: str) -> DetectorCard:
    """What is known of a detector. Raises ``UnknownDetector``."""
    return REGISTRY.card(name)


def spec(name: str) -> DetectorSpec:
    """What a detector needs and looks for. Raises ``UnknownDetector``."""
    return REGISTRY.card(name).spec


def availability(name: str, weights: Path) -> Availability:
    """Whether a detector can run with what lies in the folder ``weights``. Raises ``UnknownDetector``."""
    return availability_of(REGISTRY.card(name), weights)


def create(name: str, *, weights: Path, device: str = "cpu", allow_untrained: bool = False) -> Detector:
    """Load a detector once, ready to score.

    Without its weights ``allow_untrained`` gives seeded random ones and marks the detector ``untrained``.

    Raises:
        UnknownDetector: no detector has this name.
        DetectorUnavailable: its weights are missing or wrong; the message names the command that mends it.
    """
    return REGISTRY.create(
        name, weights=weights, runtime=Runtime(device=resolved(device)), allow_untrained=allow_untrained
    )
