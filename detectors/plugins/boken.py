"""The detector ``boken``: EfficientNet-B0, B1 and B2 look at each face, the score is their mean probability."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from contracts.clips import FaceCrop, Pixels
from detectors.cards import DetectorCard
from detectors.preprocessing import Floats
from detectors.runtime import Runtime
from detectors.systems.boken.crops import INPUT_PX, batch_of, face_of
from detectors.systems.frame_ensemble import FrameEnsemble
from detectors.systems.member_networks import placed_members


def make(card: DetectorCard, *, folder: Path | None, runtime: Runtime) -> FrameEnsemble:
    """The detector with the weights in ``folder``, or with seeded random ones. Raises ``WrongWeights``.

    The published score of a video ends at 0.01 and 0.99; the scores of single faces here do not, so that very sure
    ones stay apart.
    """
    return FrameEnsemble(
        card,
        [*placed_members(card, folder=folder, runtime=runtime).values()],
        batch=_batch,
        probability=_manipulated,
        folder=folder,
        runtime=runtime,
    )


def view_of(crop: FaceCrop) -> Pixels:
    """The published square around the face box, within the crop; the whole crop where no pixel of it is left."""
    face = face_of(crop.pixels, crop.box)
    return np.asarray(cv2.resize(crop.pixels, (INPUT_PX, INPUT_PX)), dtype=np.uint8) if face is None else face


def _batch(crops: Sequence[FaceCrop]) -> Floats:
    return batch_of([view_of(crop) for crop in crops])


def _manipulated(logits: Tensor) -> Tensor:
    return torch.softmax(logits, dim=1)[:, 1]
