"""Aligned faces in, what each of wm's three networks reads out."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from contracts.clips import Pixels

_XCEPTION_PX = 299
_B3_PX = 300
_MEAN = (0.4479, 0.3744, 0.3473)
_STD = (0.2537, 0.2502, 0.2424)


def inputs_of(faces: Sequence[Pixels]) -> dict[str, Tensor]:
    """The batch of each member, by its name, for n faces of 320 x 320 x 3 uint8 RGB.

    Xception sees them at 299 px and within -1 to 1, WS-DAN on Xception as they are, WS-DAN on EfficientNet-B3 at
    300 px; for these two each colour is centred and scaled, before the size changes.
    """
    pictures = torch.from_numpy(np.stack(faces)).permute(0, 3, 1, 2).float() / 255.0
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (_MEAN, _STD))
    normalised = (pictures - mean) / std
    return {
        "xception": (_resized(pictures, _XCEPTION_PX) - 0.5) * 2.0,
        "wsdan_xception": normalised,
        "wsdan_efficientnet_b3": _resized(normalised, _B3_PX),
    }


def _resized(pictures: Tensor, size_px: int) -> Tensor:
    return functional.interpolate(pictures, size=(size_px, size_px), mode="bilinear", align_corners=False)
