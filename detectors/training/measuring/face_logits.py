"""Weights or a registered detector in, a function from located faces to logits out, so that both are asked alike."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from safetensors import safe_open
from torch import nn

from contracts.clips import FaceClip, Pixels
from detectors.calibration import logit
from detectors.detector import Detector
from detectors.networks.face_network import FaceNetwork, parts_in
from detectors.training.faces import LocatedFace
from detectors.training.framing import Framing, framed_view
from detectors.training.measuring.areas import Logits, logits_of
from detectors.weights import load_strictly

LogitsOf = Callable[[Sequence[Pixels]], Logits]
FaceLogits = Callable[[Sequence[LocatedFace]], Logits]


def trained_network(weights: Path) -> FaceNetwork:
    """The network that these tensors belong to, its parts told by their names, in evaluation mode.

    Raises:
        FileNotFoundError: there is no such file.
        WrongWeights: the tensors are not those of such a network.
    """
    with safe_open(weights, framework="pt") as file:
        network = FaceNetwork(parts_in(file.keys()))
    load_strictly(network, weights)
    return network.eval()


def view_of(face: LocatedFace, *, margin: float, size_px: int) -> Pixels:
    """The square that our network sees of a face whose box is taken as it was found."""
    return framed_view(face.pixels, face.box, Framing(margin), size_px=size_px)


def of_network(view_logits: LogitsOf, *, margin: float, size_px: int) -> FaceLogits:
    """Faces cut to views of ``size_px``, then through the network."""
    return lambda faces: view_logits([view_of(face, margin=margin, size_px=size_px) for face in faces])


def of_views(network: nn.Module) -> LogitsOf:
    """One logit of *manipulated* per square view."""
    return partial(logits_of, network)


def of_detector(detector: Detector) -> FaceLogits:
    """Faces as clips of one crop, as the pipeline gives them to a detector of single frames; logits of raw scores."""

    def logits(faces: Sequence[LocatedFace]) -> Logits:
        clips = [FaceClip(face.person, at, (face.as_crop(),)) for at, face in enumerate(faces)]
        return np.array([logit(raw) for raw in detector.score(clips)])

    return logits
