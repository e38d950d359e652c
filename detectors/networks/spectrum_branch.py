"""Pictures in, maps of what the spectra of their 8 x 8 blocks look like out: a fixed cosine transform, two layers.

Source of the idea (block-wise cosine spectra as a second view of a face): Qian, Yin, Sheng, Chen, Shao, "Thinking in
Frequency: Face Forgery Detection by Mining Frequency-aware Clues", ECCV 2020. The layers here are fewer and smaller.
"""

import math

import torch
from torch import Tensor, nn

from detectors.networks.full_precision import in_full_precision
from detectors.networks.residual_branch import GREY_LEVELS, joint

BLOCK_PX = 8
_LUMA = (0.299, 0.587, 0.114)
_USUAL_LOG = 4.0  # brings the logarithms of 0 to 2040 grey levels to about 0 to 2


def cosine_kernels() -> Tensor:
    """64 x 1 x 8 x 8: the orthonormal two-dimensional DCT-II, the frequency along a column first."""
    at = torch.arange(BLOCK_PX, dtype=torch.float64)
    waves = torch.cos(math.pi / BLOCK_PX * at[:, None] * (at[None, :] + 0.5)) * math.sqrt(2 / BLOCK_PX)
    waves[0] *= math.sqrt(0.5)
    return torch.einsum("uy,vx->uvyx", waves, waves).reshape(BLOCK_PX**2, 1, BLOCK_PX, BLOCK_PX).float()


class SpectrumBranch(nn.Module):
    """n x 3 x side x side in [-1, 1] in, n x ``channels`` x side/8 x side/8 out (rounded up); zeros at the start."""

    luma: Tensor
    kernels: Tensor

    def __init__(self, channels: int, *, width: int = 32) -> None:
        super().__init__()
        self.register_buffer("luma", (torch.tensor(_LUMA) * GREY_LEVELS).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("kernels", cosine_kernels(), persistent=False)
        self.layers = nn.Sequential(
            nn.Conv2d(BLOCK_PX**2, width, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, width, 3, padding=1),
            nn.ReLU(inplace=True),
        )
        self.join = joint(width, channels)

    def forward(self, pictures: Tensor) -> Tensor:
        return self.join(self.layers(self.spectra(pictures)))

    def spectra(self, pictures: Tensor) -> Tensor:
        """n x 64 x side/8 x side/8: log(1 + magnitude in grey levels) / 4 of every frequency of every block of luma.

        A side that is no multiple of 8 is filled up with its last row or column.
        """
        with in_full_precision(pictures):
            grey = nn.functional.conv2d(pictures.float(), self.luma)
            right, low = (-size % BLOCK_PX for size in (grey.shape[3], grey.shape[2]))
            grey = nn.functional.pad(grey, (0, right, 0, low), mode="replicate")
            waves = nn.functional.conv2d(grey, self.kernels, stride=BLOCK_PX)
            return torch.log1p(waves.abs()) / _USUAL_LOG
