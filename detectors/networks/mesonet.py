"""Pictures of faces in, one number per picture out: the two small networks of MesoNet.

Source: Afchar, Nozick, Yamagishi, Echizen, "MesoNet: a compact facial video forgery detection network", WIFS 2018,
figures 4 and 5. Layer constants are those of the authors' Keras code: batch norm epsilon 1e-3, leaky slope 0.1.
"""

import torch
from torch import Tensor, nn

INPUT_PX = 256
_EPSILON = 1e-3
_LEAK = 0.1
_SAME_5 = 2


class _Tail(nn.Module):
    """16 x 8 x 8 features in, one logit out; the features are read row by row with the channels last."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = nn.Linear(16 * 8 * 8, 16)
        self.output = nn.Linear(16, 1)

    def forward(self, features: Tensor) -> Tensor:
        flat = features.permute(0, 2, 3, 1).flatten(1)
        return self.output(nn.functional.leaky_relu(self.hidden(flat), _LEAK)).squeeze(1)


class _Block(nn.Module):
    """A convolution, its rectifier, its batch norm and a maximum over squares of ``pool`` pixels."""

    def __init__(self, convolution: nn.Module, channels: int, *, pool: int) -> None:
        super().__init__()
        self.convolution = convolution
        self.norm = nn.BatchNorm2d(channels, eps=_EPSILON)
        self.pool = pool

    def forward(self, features: Tensor) -> Tensor:
        return nn.functional.max_pool2d(self.norm(torch.relu(self.convolution(features))), self.pool)


class Meso4(nn.Module):
    """Four convolutions and two dense layers, 27 977 trained numbers.

    Takes n x 3 x 256 x 256 float RGB in [0, 1]; gives n logits of *genuine*, as the authors trained it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.block1 = _Block(nn.Conv2d(3, 8, 3, padding=1), 8, pool=2)
        self.block2 = _Block(nn.Conv2d(8, 8, 5, padding=_SAME_5), 8, pool=2)
        self.block3 = _Block(nn.Conv2d(8, 16, 5, padding=_SAME_5), 16, pool=2)
        self.block4 = _Block(nn.Conv2d(16, 16, 5, padding=_SAME_5), 16, pool=4)
        self.tail = _Tail()

    def forward(self, pictures: Tensor) -> Tensor:
        return self.tail(self.block4(self.block3(self.block2(self.block1(pictures)))))


class _Inception(nn.Module):
    """Four views of the same features side by side: single pixels, and 3 x 3 neighbourhoods one, two, three apart."""

    def __init__(self, channels: int, widths: tuple[int, int, int, int]) -> None:
        super().__init__()
        a, b, c, d = widths
        self.point = nn.Conv2d(channels, a, 1)
        self.near_in, self.near = nn.Conv2d(channels, b, 1), nn.Conv2d(b, b, 3, padding=1)
        self.mid_in, self.mid = nn.Conv2d(channels, c, 1), nn.Conv2d(c, c, 3, padding=2, dilation=2)
        self.far_in, self.far = nn.Conv2d(channels, d, 1), nn.Conv2d(d, d, 3, padding=3, dilation=3)

    def forward(self, features: Tensor) -> Tensor:
        near = self.near(torch.relu(self.near_in(features)))
        mid = self.mid(torch.relu(self.mid_in(features)))
        far = self.far(torch.relu(self.far_in(features)))
        return torch.cat([self.point(features), near, mid, far], dim=1)


class MesoInception4(nn.Module):
    """Meso4 with inception layers in place of its first two convolutions, 28 615 trained numbers.

    Takes n x 3 x 256 x 256 float RGB in [0, 1]; gives n logits of *genuine*, as the authors trained it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.block1 = _Block(_Inception(3, (1, 4, 4, 2)), 11, pool=2)
        self.block2 = _Block(_Inception(11, (2, 4, 4, 2)), 12, pool=2)
        self.block3 = _Block(nn.Conv2d(12, 16, 5, padding=_SAME_5), 16, pool=2)
        self.block4 = _Block(nn.Conv2d(16, 16, 5, padding=_SAME_5), 16, pool=4)
        self.tail = _Tail()

    def forward(self, pictures: Tensor) -> Tensor:
        return self.tail(self.block4(self.block3(self.block2(self.block1(pictures)))))
