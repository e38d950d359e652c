"""The detector ``selimsef``: seven EfficientNet-B7 look at each face, the score is their mean probability."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from contracts.clips import FaceBox, FaceCrop, Pixels
from detectors.cards import DetectorCard
from detectors.preprocessing import IMAGENET_MEAN, IMAGENET_STD, Floats, batch_of
from detectors.runtime import Runtime
from detectors.systems.frame_ensemble import FrameEnsemble
from detectors.systems.member_networks import placed_members
from detectors.systems.selimsef.crops import cut_out, letterboxed


def make(card: DetectorCard, *, folder: Path | None, runtime: Runtime) -> FrameEnsemble:
    """The detector with the weights in ``folder``, or with seeded random ones. Raises ``WrongWeights``."""
    return FrameEnsemble(
        card,
        [*placed_members(card, folder=folder, runtime=runtime).values()],
        batch=_batch,
        probability=_manipulated,
        folder=folder,
        runtime=runtime,
    )


def view_of(crop: FaceCrop) -> Pixels:
    """The face with its thirds on the black canvas; what would leave the crop is cut off, as at a frame's border.

    The whole crop where no pixel of that is left.
    """
    face = cut_out(crop.pixels, _whole(crop.box))
    return letterboxed(crop.pixels if face is None else face)


def _whole(box: FaceBox) -> tuple[int, int, int, int]:
    return int(box.left), int(box.top), int(box.right), int(box.bottom)


def _batch(crops: Sequence[FaceCrop]) -> Floats:
    return batch_of([view_of(crop) for crop in crops], mean=IMAGENET_MEAN, std=IMAGENET_STD)


def _manipulated(logits: Tensor) -> Tensor:
    return torch.sigmoid(logits[:, 0])
