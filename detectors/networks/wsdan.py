"""Feature maps in, logits out: bilinear attention pooling of WS-DAN behind any convolutional body.

Source: Hu, Qi, Huang, Lu, "See Better Before Looking Closer: Weakly Supervised Data Augmentation Network for
Fine-Grained Visual Classification", arXiv:1901.09891.
"""

from typing import Any

import torch
from torch import Tensor, nn

ATTENTION_MAPS = 8
_EPSILON = 1e-3
_ROOT_OF_NOTHING = 1e-12
_SCALE = 100.0


class Attention(nn.Module):
    """n x channels x H x W features in, n x ``maps`` x H x W weights of at least 0 out."""

    def __init__(self, channels: int, *, maps: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, maps, 1, bias=False)
        self.bn = nn.BatchNorm2d(maps, eps=_EPSILON)

    def forward(self, features: Tensor) -> Tensor:
        return torch.relu(self.bn(self.conv(features)))


class WsDan(nn.Module):
    """n float pictures in, n x ``outputs`` logits out.

    ``body`` has a method ``forward_features`` that gives n x ``channels`` x H x W. Each attention map makes one
    weighted mean of the features; what these have to say is compressed, brought to one length, and read by one linear
    layer. The passes over attended crops, which belong to training, are left out.
    """

    body: Any

    def __init__(self, body: nn.Module, *, channels: int, outputs: int, maps: int = ATTENTION_MAPS) -> None:
        super().__init__()
        self.body = body
        self.attentions = Attention(channels, maps=maps)
        self.fc = nn.Linear(maps * channels, outputs, bias=False)

    def forward(self, pictures: Tensor) -> Tensor:
        features = self.body.forward_features(pictures)
        return self.logits(feature_matrix(features, self.attentions(features)))

    def logits(self, matrix: Tensor) -> Tensor:
        """n x ``outputs`` of the n feature matrices that :func:`feature_matrix` gives."""
        return self.fc((matrix * _SCALE).to(self.fc.weight.dtype))


def feature_matrix(features: Tensor, attention: Tensor) -> Tensor:
    """n x (maps * channels) numbers, map by map, of length 1: signed roots of the features' attended means.

    It is worked out in single precision at least: the products of half-precision features can exceed their range.
    """
    wide = torch.promote_types(features.dtype, torch.float32)
    pixels = features.shape[2] * features.shape[3]
    means = torch.einsum("nmhw,nchw->nmc", attention.to(wide), features.to(wide)).flatten(1) / pixels
    roots = torch.sign(means) * torch.sqrt(means.abs() + _ROOT_OF_NOTHING)
    return nn.functional.normalize(roots, dim=1)
