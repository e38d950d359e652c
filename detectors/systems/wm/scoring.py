"""Aligned faces and wm's three networks in, one score per face out."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from contracts.clips import Pixels
from detectors.systems.member_networks import Networks
from detectors.systems.wm.aggregation import WEIGHTS, face_scores
from detectors.systems.wm.views import inputs_of


def scores_of(faces: Sequence[Pixels], networks: Networks, *, pass_pictures: int) -> NDArray[np.float64]:
    """The score of each face of 320 x 320 x 3 uint8 RGB; ``networks`` give two logits, the second *manipulated*.

    Raises:
        ValueError: ``networks`` are not exactly the members.
    """
    if set(networks) != set(WEIGHTS):
        raise ValueError(f"wm is the networks {', '.join(WEIGHTS)}, not {', '.join(sorted(networks))}")
    parts = [_pass(faces[at : at + pass_pictures], networks) for at in range(0, len(faces), pass_pictures)]
    return np.concatenate(parts) if parts else np.empty(0)


def _pass(faces: Sequence[Pixels], networks: Networks) -> NDArray[np.float64]:
    inputs = inputs_of(faces)
    return face_scores({name: _manipulated(networks[name](batch)) for name, batch in inputs.items()})


def _manipulated(logits: Tensor) -> NDArray[np.float64]:
    return torch.softmax(logits.double(), dim=1)[:, 1].numpy()
