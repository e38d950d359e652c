"""Clips in, logits out: a ResNet-34 over space and time, torchvision's with the stem and the shortcuts of another kind.

Source: Hara, Kataoka, Satoh 2018, "Can spatiotemporal 3D CNNs retrace the history of 2D CNNs and ImageNet?",
arXiv:1711.09577; shortcut type A is that of He et al. 2015, arXiv:1512.03385, section 3.3.
"""

import re

from torch import Tensor, nn
from torch.nn import functional
from torchvision.models.video.resnet import BasicBlock, Conv3DSimple, VideoResNet

_BLOCKS = [3, 4, 6, 3]
_PLANES = (64, 128, 256, 512)
_IN_BLOCK = re.compile(r"(layer\d\.\d+)\.conv(\d)\.(\d)\.(.+)$")
_STEM = {"stem.0": "conv1", "stem.1": "bn1"}


class BareShortcut(nn.Module):
    """Shortcut type A, without a weight: every second place of time, rows and columns, and channels of zeros."""

    def __init__(self, more_channels: int) -> None:
        super().__init__()
        self.more_channels = more_channels

    def forward(self, features: Tensor) -> Tensor:
        return functional.pad(features[:, :, ::2, ::2, ::2], (0, 0, 0, 0, 0, 0, 0, self.more_channels))


def _stem() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv3d(3, _PLANES[0], 7, stride=(1, 2, 2), padding=3, bias=False),
        nn.BatchNorm3d(_PLANES[0]),
        nn.ReLU(inplace=True),
        nn.MaxPool3d(3, stride=2, padding=1),
    )


def resnet34_3d(outputs: int = 2) -> VideoResNet:
    """63 340 738 trained numbers with two outputs. Takes B x 3 x T x H x W float32, gives B x ``outputs`` logits."""
    network = VideoResNet(BasicBlock, [Conv3DSimple] * 4, _BLOCKS, _stem, num_classes=outputs)
    for at in range(1, len(_BLOCKS)):
        first = network.get_submodule(f"layer{at + 1}.0")
        first.downsample = BareShortcut(_PLANES[at] - _PLANES[at - 1])
    return network


def original_key(key: str) -> str:
    """The name of a tensor in the authors' checkpoints: convolutions and norms side by side, not in sequences."""
    found = _IN_BLOCK.match(key)
    if found:
        block, number, place, rest = found.groups()
        return f"{block}.{'conv' if place == '0' else 'bn'}{number}.{rest}"
    module, _, rest = key.rpartition(".")
    return f"{_STEM.get(module, module)}.{rest}"
