"""Score face clips: the registered detectors by name, their cards, and the loaded thing itself."""

from pathlib import Path

from detectors import probe
from detectors.across_devices import AcrossDevices
from detectors.calibration import Calibration
from detectors.cards import DetectorCard
from detectors.detector import Detector, DetectorSpec
from detectors.devices import resolved
from detectors.registry import REGISTRY, UnknownDetector
from detectors.runtime import Precision, Runtime
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


def create(
    name: str,
    *,
    weights: Path,
    device: str = "cpu",
    precision: Precision = "fp32",
    compiled: bool = False,
    channels_last: bool = True,
    allow_untrained: bool = False,
) -> Detector:
    """Load a detector, ready to score, once for each device of the wish ``device``.

    Without its weights ``allow_untrained`` gives seeded random ones and marks the detector ``untrained``.

    Raises:
        UnknownDetector: no detector has this name.
        DetectorUnavailable: its weights are missing or wrong, or the device is; the message says how to mend it.
    """
    runtimes = [
        Runtime(device=one, precision=precision, compiled=compiled, channels_last=channels_last)
        for one in resolved(device)
    ]
    made = [
        REGISTRY.create(name, weights=weights, runtime=runtime, allow_untrained=allow_untrained) for runtime in runtimes
    ]
    return made[0] if len(made) == 1 else AcrossDevices(made)
