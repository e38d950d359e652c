"""The networks of the system ``ntech`` by the names of their architectures; tensor names of efficientnet_pytorch.

The sequence network is an EfficientNet-B7 whose widening 1 x 1 convolutions also look one frame back and one ahead.
"""

from dataclasses import replace

from torch import Tensor, nn

from detectors.networks.efficientnet import efficientnet_pytorch, make_efficientnet
from detectors.networks.original import OriginalNetwork
from detectors.systems.ntech.sampling import SEQUENCE_FRAMES

_VARIANT = "b7"
_WIDENING = "conv_pw"
_LAST = "conv_pwl"  # only widening blocks have it; in the others ``conv_pw`` is the narrowing convolution
_REACH = 3
_RANDOM_GAIN = 1.7  # more makes random networks this deep chaotic, less hardly lets them tell pictures apart


class TemporalPointConvolution(nn.Module):
    """A 1 x 1 convolution over three neighbouring frames; beyond both ends of a sequence there are zeros.

    Takes and gives (sequences * ``frames``) x C x H x W, the frames of a sequence side by side.
    """

    def __init__(self, point: nn.Conv2d, *, frames: int) -> None:
        super().__init__()
        self.frames = frames
        channels = point.in_channels, point.out_channels
        self.conv = nn.Conv3d(*channels, kernel_size=(_REACH, 1, 1), padding=(_REACH // 2, 0, 0), bias=False)

    def forward(self, pictures: Tensor) -> Tensor:
        sequences = pictures.unflatten(0, (-1, self.frames)).transpose(1, 2)
        return self.conv(sequences).transpose(1, 2).flatten(0, 1)


def make_sequence_network() -> nn.Module:
    """Takes (7 * n) x 3 x 224 x 192 float32, the frames of a sequence side by side; gives one logit per frame."""
    network = make_efficientnet(_VARIANT, outputs=1, padding="nominal")
    widening = [block for block in network.modules() if hasattr(block, _LAST)]
    for block in widening:
        point = block.get_submodule(_WIDENING)
        assert isinstance(point, nn.Conv2d)
        block.add_module(_WIDENING, TemporalPointConvolution(point, frames=SEQUENCE_FRAMES))
    return network


_FRAME = efficientnet_pytorch(_VARIANT, outputs=1, padding="nominal")

NETWORKS: dict[str, OriginalNetwork] = {
    "efficientnet_b7_frame": replace(_FRAME, random_gain=_RANDOM_GAIN),
    "efficientnet_b7_sequence": replace(_FRAME, make=make_sequence_network, random_gain=_RANDOM_GAIN),
}
