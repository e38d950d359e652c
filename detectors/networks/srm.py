"""Pictures in, what is left of them after three fixed high-pass filters out: noise residuals of steganalysis.

Source of the filters: Fridrich and Kodovsky, "Rich Models for Steganalysis of Digital Images", IEEE TIFS 2012; chosen
and used in front of a network by Zhou, Han, Morariu, Davis, "Learning Rich Features for Image Manipulation
Detection", CVPR 2018.
"""

import torch
from torch import Tensor, nn

RESIDUALS = 3
_SIDE = 5
_SECOND_DIFFERENCE = (1.0, -2.0, 1.0)
_SQUARE_3 = ((-1.0, 2.0, -1.0), (2.0, -4.0, 2.0), (-1.0, 2.0, -1.0))
_SQUARE_5 = (
    (-1.0, 2.0, -2.0, 2.0, -1.0),
    (2.0, -6.0, 8.0, -6.0, 2.0),
    (-2.0, 8.0, -12.0, 8.0, -2.0),
    (2.0, -6.0, 8.0, -6.0, 2.0),
    (-1.0, 2.0, -2.0, 2.0, -1.0),
)


def srm_kernels() -> Tensor:
    """3 x 5 x 5 whole numbers: the second difference along a row, and the two squares that predict their middle.

    The usual factors 1/2, 1/4 and 1/12 are left out: what reads the residuals learns its own.
    """
    kernels = torch.zeros(RESIDUALS, _SIDE, _SIDE)
    kernels[0, 2, 1:4] = torch.tensor(_SECOND_DIFFERENCE)
    kernels[1, 1:4, 1:4] = torch.tensor(_SQUARE_3)
    kernels[2] = torch.tensor(_SQUARE_5)
    return kernels


def srm_filters(channels: int) -> Tensor:
    """3 x ``channels`` x 5 x 5 weights of a convolution: each residual is summed over all channels."""
    return srm_kernels().unsqueeze(1).repeat(1, channels, 1, 1)


class SrmFilters(nn.Module):
    """n x ``channels`` x H x W in, n x 3 x H x W residuals out; zeros around the picture.

    The filters are stored with the network and never trained.
    """

    weight: Tensor

    def __init__(self, channels: int = 3) -> None:
        super().__init__()
        self.register_buffer("weight", srm_filters(channels))

    def forward(self, pictures: Tensor) -> Tensor:
        return nn.functional.conv2d(pictures, self.weight, padding=_SIDE // 2)
