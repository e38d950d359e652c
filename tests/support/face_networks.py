"""The networks of the one-pass face locators on seeded random weights, with chances that are neither 0 nor 1."""

import math
from functools import cache

import torch
from numpy.typing import NDArray

from detectors.runtime import Runtime
from detectors.systems.face_finders.networks import NETWORKS
from ingest.face_locators.one_pass import Predict
from stream_processors.face_locators import SYSTEMS

# What keeps the signal's size in each body, and what brings the heads' numbers down to about 1.
_GAINS = {"retinaface_resnet50": 1.0, "retinaface_mobilenet025": 2.0, "dsfd_resnet152": 0.6}
_HEADS = {"retinaface_resnet50": 0.1, "retinaface_mobilenet025": 0.03, "dsfd_resnet152": 5e-4}
_LAST_LAYERS = ("conv1x1.weight", "conv4.weight")


@cache
def random_predictor(name: str) -> Predict:
    """The network ``name`` of a face locator as the function that the locator wants."""
    module = NETWORKS[f"{SYSTEMS[name]}/{name}"].random()
    with torch.no_grad():
        for key, tensor in module.named_parameters():
            if tensor.dim() > 1:
                tensor *= math.sqrt(_GAINS[name] / 2) * (_HEADS[name] if key.endswith(_LAST_LAYERS) else 1.0)
    placed = Runtime().placed(module)

    def predict(batch: NDArray) -> NDArray:
        return placed(torch.from_numpy(batch)).numpy()

    return predict
