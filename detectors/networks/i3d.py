"""Clips in, two logits per clip out: the inflated Inception network (I3D) with the padding that TensorFlow gives it.

Source: Carreira and Zisserman 2017, "Quo vadis, action recognition?", arXiv:1705.07750: Inception-v1 with every kernel
grown by a dimension of time. Tensor names are those of the common PyTorch port, whose checkpoints it loads.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

SHORTEST_CLIP = 9  # below it fewer than the two steps of time that the last average takes are left
SIDE_PX = 224  # 32 times the 7 x 7 places of the last average
_EPSILON = 1e-3
_MOMENTUM = 0.01
_LAST_AVERAGE = (2, 7, 7)
_DROPOUT = 0.5

Triple = tuple[int, int, int]


class _Widths(NamedTuple):
    """Channels inside one mixed module, in the order of its branches."""

    point: int
    narrow: int
    wide: int
    slim: int
    broad: int
    pooled: int

    @property
    def out(self) -> int:
        return self.point + self.wide + self.broad + self.pooled


_MIXED: dict[str, _Widths] = {
    "Mixed_3b": _Widths(64, 96, 128, 16, 32, 32),
    "Mixed_3c": _Widths(128, 128, 192, 32, 96, 64),
    "Mixed_4b": _Widths(192, 96, 208, 16, 48, 64),
    "Mixed_4c": _Widths(160, 112, 224, 24, 64, 64),
    "Mixed_4d": _Widths(128, 128, 256, 24, 64, 64),
    "Mixed_4e": _Widths(112, 144, 288, 32, 64, 64),
    "Mixed_4f": _Widths(256, 160, 320, 32, 128, 128),
    "Mixed_5b": _Widths(256, 160, 320, 32, 128, 128),
    "Mixed_5c": _Widths(384, 192, 384, 48, 128, 128),
}
# Kernel and stride of the maximum that comes before a layer.
_POOL_BEFORE: dict[str, tuple[Triple, Triple]] = {
    "Conv3d_2b_1x1": ((1, 3, 3), (1, 2, 2)),
    "Mixed_3b": ((1, 3, 3), (1, 2, 2)),
    "Mixed_4b": ((3, 3, 3), (2, 2, 2)),
    "Mixed_5b": ((2, 2, 2), (2, 2, 2)),
}


def padded_same(clips: Tensor, kernel: Sequence[int], stride: Sequence[int]) -> Tensor:
    """Zeros around time, rows and columns as TensorFlow's SAME: by the real size, the smaller half in front."""
    around: list[int] = []
    for size, reach, step in zip(reversed(clips.shape[2:]), reversed(kernel), reversed(stride), strict=True):
        total = max(reach - (size % step or step), 0)
        around += [total // 2, total - total // 2]
    return functional.pad(clips, around) if any(around) else clips


class SameMaxPool3d(nn.Module):
    """A maximum over ``kernel`` every ``stride``, over a clip padded with zeros like a convolution's."""

    def __init__(self, kernel: Triple, stride: Triple) -> None:
        super().__init__()
        self.kernel, self.stride = kernel, stride

    def forward(self, clips: Tensor) -> Tensor:
        return functional.max_pool3d(padded_same(clips, self.kernel, self.stride), self.kernel, self.stride)


class Unit3d(nn.Module):
    """A convolution with SAME padding; with ``norm`` a batch norm and a rectifier behind it, else a bias."""

    def __init__(self, channels: int, out: int, *, kernel: int = 1, stride: int = 1, norm: bool = True) -> None:
        super().__init__()
        self.conv3d = nn.Conv3d(channels, out, kernel, stride=stride, bias=not norm)
        self.bn = nn.BatchNorm3d(out, eps=_EPSILON, momentum=_MOMENTUM) if norm else None

    def forward(self, clips: Tensor) -> Tensor:
        kernel, stride = self.conv3d.kernel_size, self.conv3d.stride
        features = self.conv3d(padded_same(clips, kernel, stride))
        return features if self.bn is None else torch.relu(self.bn(features))


class Mixed(nn.Module):
    """Four views of the same features side by side: points, two sizes of neighbourhood, and a maximum."""

    def __init__(self, channels: int, widths: _Widths) -> None:
        super().__init__()
        self.b0 = Unit3d(channels, widths.point)
        self.b1a, self.b1b = Unit3d(channels, widths.narrow), Unit3d(widths.narrow, widths.wide, kernel=3)
        self.b2a, self.b2b = Unit3d(channels, widths.slim), Unit3d(widths.slim, widths.broad, kernel=3)
        self.b3a, self.b3b = SameMaxPool3d((3, 3, 3), (1, 1, 1)), Unit3d(channels, widths.pooled)

    def forward(self, clips: Tensor) -> Tensor:
        branches = (
            self.b0(clips),
            self.b1b(self.b1a(clips)),
            self.b2b(self.b2a(clips)),
            self.b3b(self.b3a(clips)),
        )
        return torch.cat(branches, dim=1)


class InceptionI3d(nn.Module):
    """12 289 314 trained numbers with two outputs.

    ``forward`` takes B x 3 x T x 224 x 224 float32, T from ``SHORTEST_CLIP`` on, and gives B x ``outputs`` logits: the
    mean over time.
    """

    def __init__(self, outputs: int = 2) -> None:
        super().__init__()
        self.body = nn.ModuleDict()
        self._add("Conv3d_1a_7x7", Unit3d(3, 64, kernel=7, stride=2))
        self._add("Conv3d_2b_1x1", Unit3d(64, 64))
        self._add("Conv3d_2c_3x3", Unit3d(64, 192, kernel=3))
        channels = 192
        for name, widths in _MIXED.items():
            self._add(name, Mixed(channels, widths))
            channels = widths.out
        self.dropout = nn.Dropout(_DROPOUT)
        self.logits = Unit3d(channels, outputs, norm=False)

    def _add(self, name: str, layer: nn.Module) -> None:
        pool = _POOL_BEFORE.get(name)
        if pool:
            self.body[f"before_{name}"] = SameMaxPool3d(*pool)
        self.body[name] = layer

    def forward(self, clips: Tensor) -> Tensor:
        features = clips
        for layer in self.body.values():
            features = layer(features)
        features = functional.avg_pool3d(features, _LAST_AVERAGE, stride=1)
        return self.logits(self.dropout(features)).squeeze((3, 4)).mean(dim=2)


def original_key(key: str) -> str:
    """The name of a tensor in the checkpoints: they know no ``body``."""
    return key.removeprefix("body.")
