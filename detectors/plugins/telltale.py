"""The detector ``telltale``: one small network, trained by this project, looks at each face."""

from dataclasses import replace
from functools import partial
from pathlib import Path

from detectors.cards import DetectorCard
from detectors.domain import fitting_reference
from detectors.domain_features import LogitAndFeatures
from detectors.frame_detector import FrameDetector
from detectors.networks.mobilenet_v2 import INPUT_MEAN, INPUT_STD, MobileNetV2
from detectors.networks.original import OriginalNetwork, loaded
from detectors.preprocessing import square_view
from detectors.runtime import Runtime
from detectors.weights import identity_of

WEIGHTS = "telltale.safetensors"
VIEW_MARGIN = 0.15  # in the middle of what it learned from; the crops of its demand reach further, for the eye


def make(card: DetectorCard, *, folder: Path | None, runtime: Runtime) -> FrameDetector:
    """The detector with the weights in ``folder``, or with seeded random ones. Raises ``WrongWeights``."""
    network = loaded(OriginalNetwork(make=MobileNetV2), folder and folder / WEIGHTS)
    return FrameDetector(
        card,
        [runtime.placed(network)],
        view=partial(square_view, margin=VIEW_MARGIN, size_px=card.spec.input_px),
        mean=INPUT_MEAN,
        std=INPUT_STD,
        folder=folder,
        runtime=runtime,
        domain=folder and fitting_reference(folder, card.spec.name, identity_of(card, folder)),
        features=replace(runtime, compiled=False).placed(LogitAndFeatures(network)),
    )
