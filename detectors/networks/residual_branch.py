"""Pictures in, maps of what their noise residuals look like out: three fixed filters and two small convolutions.

Source of the idea (a second stream over SRM residuals): Zhou, Han, Morariu, Davis, "Learning Rich Features for Image
Manipulation Detection", CVPR 2018. Theirs is a whole network of its own; this one is small and joins the first early.
"""

import torch
from torch import Tensor, nn

from detectors.networks.full_precision import in_full_precision
from detectors.networks.srm import RESIDUALS, SrmFilters

GREY_LEVELS = 127.5  # one unit of network input, which runs from -1 to 1
_USUAL_FACTORS = (1 / 2, 1 / 4, 1 / 12)  # of the rich model: they bring the residuals to one scale
_HALF_WAY = 4.0  # grey levels at which a residual counts half: sensor noise is smaller, edges are larger


class ResidualBranch(nn.Module):
    """n x 3 x side x side in [-1, 1] in, n x ``channels`` x side/4 x side/4 out (rounded up); zeros at the start.

    It has no batch norm: what it reads is bounded by itself, and how strong the noise is must stay visible.
    """

    factors: Tensor

    def __init__(self, channels: int, *, width: int = 16) -> None:
        super().__init__()
        self.filters = SrmFilters(1)
        factors = torch.tensor(_USUAL_FACTORS) * GREY_LEVELS / (3 * _HALF_WAY)
        self.register_buffer("factors", factors.view(1, RESIDUALS, 1, 1), persistent=False)
        self.layers = nn.Sequential(
            nn.Conv2d(RESIDUALS, width, 3, stride=2, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, width, 3, stride=2, padding=1),
            nn.ReLU(inplace=True),
        )
        self.join = joint(width, channels)

    def forward(self, pictures: Tensor) -> Tensor:
        return self.join(self.layers(self.residuals(pictures)))

    def residuals(self, pictures: Tensor) -> Tensor:
        """n x 3 x side x side: residuals of the mean colour, in (-1, 1); one half stands for four grey levels."""
        with in_full_precision(pictures):
            # the filters take all colours alike, so their sum may be taken first: a third of the work
            grey = pictures.float().sum(dim=1, keepdim=True)
            return nn.functional.softsign(self.filters(grey) * self.factors)


def joint(width: int, channels: int) -> nn.Conv2d:
    """What adds a branch to the trunk: all zeros, so that training starts from the function without the branch."""
    layer = nn.Conv2d(width, channels, 1)
    nn.init.zeros_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer
