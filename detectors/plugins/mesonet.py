"""The detector ``mesonet``: both networks of MesoNet look at each face, the mean of their logits is the score."""

from functools import partial
from pathlib import Path

import torch
from torch import nn

from detectors.cards import DetectorCard
from detectors.frame_detector import FrameDetector
from detectors.networks.mesonet import Meso4, MesoInception4
from detectors.networks.original import OriginalNetwork, loaded
from detectors.preprocessing import square_view
from detectors.runtime import Placed, Runtime

# The authors cut a square of 2.86 times the larger of eye distance and eye-mouth distance around the nose. Against
# MTCNN boxes that is the longer side of the box (ratio 1.00 in the median), one tenth of it further down.
_MARGIN = 0.0
_SHIFT_DOWN = 0.1
_MEMBERS: tuple[tuple[str, type[nn.Module]], ...] = (
    ("meso4.safetensors", Meso4),
    ("mesoinception4.safetensors", MesoInception4),
)


def make(card: DetectorCard, *, folder: Path | None, runtime: Runtime) -> FrameDetector:
    """The detector with the weights in ``folder``, or with seeded random ones. Raises ``WrongWeights``."""
    networks = [loaded(OriginalNetwork(make=kind), folder and folder / file) for file, kind in _MEMBERS]
    view = partial(square_view, margin=_MARGIN, size_px=card.spec.input_px, shift_down=_SHIFT_DOWN)
    return FrameDetector(
        card,
        [_manipulated(runtime.placed(network)) for network in networks],
        view=view,
        mean=(0.0, 0.0, 0.0),
        std=(1.0, 1.0, 1.0),
        folder=folder,
        runtime=runtime,
    )


def _manipulated(network: Placed) -> Placed:
    # The networks were trained to say how genuine a face is; the project counts the other way.
    return lambda pictures: torch.neg(network(pictures))
