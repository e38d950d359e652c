"""Feature maps in, one weighted mean of each out, with weights that depend on the place: it learns where to look.

Source: Qiu, "Global Weighted Average Pooling Bridges Pixel-level Localization and Image-level Classification",
arXiv:1809.08264.
"""

import torch
from torch import Tensor, nn


class GlobalWeightedAveragePooling(nn.Module):
    """n x ``channels`` x H x W in, n x ``channels`` out; no place weighs more than e times as much as another."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, 1, 1, bias=False)

    def forward(self, features: Tensor) -> Tensor:
        weights = torch.softmax(torch.sigmoid(self.conv(features)).flatten(2), dim=2)
        return (features.flatten(2) * weights).sum(dim=2)
