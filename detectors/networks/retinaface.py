"""Pictures in, for every anchor a box, the chance of a face and five landmarks out: RetinaFace on two bodies.

Source: Deng et al. 2019, "RetinaFace: Single-stage dense face localisation in the wild", arXiv:1905.00641, with the
context modules of Najibi et al. 2017, "SSH: Single stage headless face detector", arXiv:1708.03979. The tensor names
are those of the public PyTorch checkpoints (RetinaFace-Resnet50 and mobilenet0.25).
"""

from collections.abc import Sequence

import timm
import torch
from torch import Tensor, nn
from torch.nn import functional

from detectors.networks.original import OriginalNetwork

ANCHORS_PER_CELL = 2
_CLASSES, _EDGES, _LANDMARKS = 2, 4, 10
_NARROW = 64  # networks of at most this width let a tenth of what is negative through


def retinaface_resnet50() -> OriginalNetwork:
    """RetinaFace on ResNet-50; see :class:`RetinaFace` for what goes in and out."""
    return OriginalNetwork(make=_on_resnet50)


def retinaface_mobilenet025() -> OriginalNetwork:
    """RetinaFace on a quarter of MobileNetV1; see :class:`RetinaFace` for what goes in and out."""
    return OriginalNetwork(make=_on_mobilenet025)


def _on_resnet50() -> nn.Module:
    body = timm.create_model("resnet50", features_only=True, out_indices=(2, 3, 4))
    return RetinaFace(body, widths=(512, 1024, 2048), width=256)


def _on_mobilenet025() -> nn.Module:
    return RetinaFace(_QuarterMobileNet(), widths=(64, 128, 256), width=64)


class RetinaFace(nn.Module):
    """Float pictures n x 3 x H x W (BGR, 0..255 less 104, 117, 123) in; n x anchors x 16 out.

    The anchors are those of strides 8, 16 and 32, row by row, two per cell. Their numbers are four of the box and the
    chances of no face and of a face (softmax), then ten of the landmarks; boxes and landmarks are still to be decoded.
    """

    def __init__(self, body: nn.Module, *, widths: Sequence[int], width: int) -> None:
        super().__init__()
        self.body = body
        self.fpn = _Pyramid(widths, width)
        self.ssh1, self.ssh2, self.ssh3 = (_Context(width) for _ in widths)
        self.ClassHead = _heads(width, _CLASSES)
        self.BboxHead = _heads(width, _EDGES)
        self.LandmarkHead = _heads(width, _LANDMARKS)

    def forward(self, pictures: Tensor) -> Tensor:
        levels = self.fpn(self.body(pictures))
        levels = [ssh(level) for ssh, level in zip((self.ssh1, self.ssh2, self.ssh3), levels, strict=True)]
        boxes, classes, landmarks = (
            torch.cat([head(level) for head, level in zip(heads, levels, strict=True)], dim=1)
            for heads in (self.BboxHead, self.ClassHead, self.LandmarkHead)
        )
        return torch.cat([boxes, classes.softmax(dim=2), landmarks], dim=2)


class _Pyramid(nn.Module):
    """Three levels, the finest first, brought to one width; coarser ones are added to the finer."""

    def __init__(self, widths: Sequence[int], width: int) -> None:
        super().__init__()
        leak = _leak(width)
        self.output1, self.output2, self.output3 = (_normed(wide, width, kernel=1, leak=leak) for wide in widths)
        self.merge1 = _normed(width, width, leak=leak)
        self.merge2 = _normed(width, width, leak=leak)

    def forward(self, levels: Sequence[Tensor]) -> list[Tensor]:
        fine, middle, coarse = levels
        fine, middle, coarse = self.output1(fine), self.output2(middle), self.output3(coarse)
        middle = self.merge2(middle + functional.interpolate(coarse, size=middle.shape[2:], mode="nearest"))
        fine = self.merge1(fine + functional.interpolate(middle, size=fine.shape[2:], mode="nearest"))
        return [fine, middle, coarse]


class _Context(nn.Module):
    """Surroundings of 3, 5 and 7 cells, the wider ones by stacked convolutions of 3."""

    def __init__(self, width: int) -> None:
        super().__init__()
        half, quarter, leak = width // 2, width // 4, _leak(width)
        self.conv3X3 = _normed(width, half, leak=None)
        self.conv5X5_1 = _normed(width, quarter, leak=leak)
        self.conv5X5_2 = _normed(quarter, quarter, leak=None)
        self.conv7X7_2 = _normed(quarter, quarter, leak=leak)
        self.conv7x7_3 = _normed(quarter, quarter, leak=None)

    def forward(self, level: Tensor) -> Tensor:
        shared = self.conv5X5_1(level)
        wide = self.conv7x7_3(self.conv7X7_2(shared))
        return torch.cat([self.conv3X3(level), self.conv5X5_2(shared), wide], dim=1).relu()


class _Head(nn.Module):
    """``values`` numbers for each anchor of each cell, cells row by row."""

    def __init__(self, width: int, values: int) -> None:
        super().__init__()
        self.values = values
        self.conv1x1 = nn.Conv2d(width, ANCHORS_PER_CELL * values, 1)

    def forward(self, level: Tensor) -> Tensor:
        return self.conv1x1(level).permute(0, 2, 3, 1).flatten(1).unflatten(1, (-1, self.values))


class _QuarterMobileNet(nn.Module):
    """A quarter of MobileNetV1 (Howard et al. 2017, arXiv:1704.04861) up to stride 32; three levels out."""

    def __init__(self) -> None:
        super().__init__()
        self.stage1 = nn.Sequential(
            _normed(3, 8, stride=2, leak=0.1),
            *(_separable(*step) for step in ((8, 16, 1), (16, 32, 2), (32, 32, 1), (32, 64, 2), (64, 64, 1))),
        )
        self.stage2 = nn.Sequential(_separable(64, 128, 2), *(_separable(128, 128, 1) for _ in range(5)))
        self.stage3 = nn.Sequential(_separable(128, 256, 2), _separable(256, 256, 1))

    def forward(self, pictures: Tensor) -> list[Tensor]:
        fine = self.stage1(pictures)
        middle = self.stage2(fine)
        return [fine, middle, self.stage3(middle)]


def _heads(width: int, values: int) -> nn.ModuleList:
    return nn.ModuleList(_Head(width, values) for _ in range(3))


def _leak(width: int) -> float:
    return 0.1 if width <= _NARROW else 0.0


def _normed(before: int, after: int, *, kernel: int = 3, stride: int = 1, leak: float | None) -> nn.Sequential:
    """A convolution, its norm, and a rectifier that lets ``leak`` of the negative through (``None``: no rectifier)."""
    convolution = nn.Conv2d(before, after, kernel, stride, kernel // 2, bias=False)
    if leak is None:
        return nn.Sequential(convolution, nn.BatchNorm2d(after))
    return nn.Sequential(convolution, nn.BatchNorm2d(after), nn.LeakyReLU(leak))


def _separable(before: int, after: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(before, before, 3, stride, 1, groups=before, bias=False),
        nn.BatchNorm2d(before),
        nn.LeakyReLU(0.1),
        nn.Conv2d(before, after, 1, bias=False),
        nn.BatchNorm2d(after),
        nn.LeakyReLU(0.1),
    )
