"""Pictures in, for every prior a box and the chance of a face out: DSFD on ResNet-152.

Source: Li et al. 2019, "DSFD: Dual shot face detector", arXiv:1810.10220. The tensor names are those of the public
WIDER FACE checkpoint.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision.models import resnet152

from detectors.networks.original import OriginalNetwork

_LEVEL_WIDTHS = (256, 512, 1024, 2048, 512, 256)
_ENHANCED = 512
# The heads were made for more numbers than anyone reads.
_BOX_OUTPUTS = (4, 8, 12, 12, 12, 12)
_CLASS_OUTPUTS = (4, 6, 8, 8, 8, 8)
_READ = 4


def dsfd_resnet152() -> OriginalNetwork:
    """DSFD on ResNet-152; see :class:`Dsfd` for what goes in and out. Published copies may lack the batch counters."""
    return OriginalNetwork(make=Dsfd, counters_may_be_missing=True)


class Dsfd(nn.Module):
    """Float pictures n x 3 x H x W (BGR, 0..255 less 104, 117, 123) in; n x priors x 6 out.

    The priors are those of strides 4 to 128, row by row, one per cell. Their numbers are four of the box, still to be
    decoded, and the chances of no face and of a face (softmax).
    """

    def __init__(self) -> None:
        super().__init__()
        body = resnet152()
        self.layer1 = nn.Sequential(body.conv1, body.bn1, body.relu, body.maxpool, body.layer1)
        self.layer2, self.layer3, self.layer4 = (nn.Sequential(of) for of in (body.layer2, body.layer3, body.layer4))
        self.layer5 = _halving(2048, 512, 512)
        self.layer6 = _halving(512, 128, 256)
        self.latlayer3, self.latlayer2, self.latlayer1 = (nn.Conv2d(2 * n, n, 1) for n in (1024, 512, 256))
        self.smooth3, self.smooth2, self.smooth1 = (nn.Conv2d(n, n, 1) for n in (1024, 512, 256))
        self.cpm3_3, self.cpm4_3, self.cpm5_3, self.cpm7, self.cpm6_2, self.cpm7_2 = map(_Enhancement, _LEVEL_WIDTHS)
        self.loc = nn.ModuleList(map(_Head, _BOX_OUTPUTS))
        self.conf = nn.ModuleList(map(_Head, _CLASS_OUTPUTS))

    def forward(self, pictures: Tensor) -> Tensor:
        enhancements = (self.cpm3_3, self.cpm4_3, self.cpm5_3, self.cpm7, self.cpm6_2, self.cpm7_2)
        levels = [enhance(level) for enhance, level in zip(enhancements, self._levels(pictures), strict=True)]
        boxes = [_by_cell(head(level)) for head, level in zip(self.loc, levels, strict=True)]
        classes = [_classes(head(level), at) for at, (head, level) in enumerate(zip(self.conf, levels, strict=True))]
        return torch.cat([torch.cat(boxes, dim=1), torch.cat(classes, dim=1).softmax(dim=2)], dim=2)

    def _levels(self, pictures: Tensor) -> Sequence[Tensor]:
        """Six levels, strides 4 to 128, the three finest multiplied by what the coarser ones see."""
        first = self.layer1(pictures)
        second = self.layer2(first)
        third = self.layer3(second)
        fourth = self.layer4(third)
        fifth = self.layer5(fourth)
        third = _enlarged_times(self.latlayer3(fourth), self.smooth3(third))
        second = _enlarged_times(self.latlayer2(third), self.smooth2(second))
        first = _enlarged_times(self.latlayer1(second), self.smooth1(first))
        return first, second, third, fourth, fifth, self.layer6(fifth)


class _Enhancement(nn.Module):
    """Plain and dilated convolutions of 3, one to three in a row, side by side: 512 channels."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.cpm1 = nn.Conv2d(width, 256, 3, padding=1)
        self.cpm2 = nn.Conv2d(width, 256, 3, padding=2, dilation=2)
        self.cpm3 = nn.Conv2d(256, 128, 3, padding=1)
        self.cpm4 = nn.Conv2d(256, 128, 3, padding=2, dilation=2)
        self.cpm5 = nn.Conv2d(128, 128, 3, padding=1)

    def forward(self, level: Tensor) -> Tensor:
        wide = self.cpm2(level).relu()
        wider = self.cpm4(wide).relu()
        return torch.cat([self.cpm1(level).relu(), self.cpm3(wide).relu(), self.cpm5(wider).relu()], dim=1)


class _Head(nn.Module):
    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(_ENHANCED, 256, 3, padding=1)
        self.conv2 = nn.Conv2d(256, 256, 3, padding=1)
        self.conv3 = nn.Conv2d(256, 256, 3, padding=1)
        self.conv4 = nn.Conv2d(256, outputs, 1)

    def forward(self, level: Tensor) -> Tensor:
        for convolution in (self.conv1, self.conv2, self.conv3):
            level = convolution(level).relu()
        return self.conv4(level)


def _halving(before: int, between: int, after: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(before, between, 1),
        nn.BatchNorm2d(between),
        nn.ReLU(),
        nn.Conv2d(between, after, 3, 2, 1),
        nn.BatchNorm2d(after),
        nn.ReLU(),
    )


def _enlarged_times(coarse: Tensor, fine: Tensor) -> Tensor:
    return functional.interpolate(coarse, size=fine.shape[2:], mode="bilinear", align_corners=False) * fine


def _by_cell(values: Tensor) -> Tensor:
    """The four numbers that are read of each cell, n x cells x 4, row by row."""
    return values[:, :_READ].flatten(2).transpose(1, 2)


def _classes(values: Tensor, level: int) -> Tensor:
    """No face and face, n x cells x 2: the finest level has three numbers for no face, every other three for a face."""
    three, one = _by_cell(values)[..., :3].amax(dim=2), _by_cell(values)[..., 3]
    return torch.stack([three, one] if level == 0 else [one, three], dim=2)
