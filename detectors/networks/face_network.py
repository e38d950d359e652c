"""Pictures of faces in, one logit of *manipulated* per picture out: MobileNetV2, with other views of the picture added.

Every part is optional and starts as if it were not there: the branches add zeros, the weighted mean weighs all places
alike. Without parts the tensors have the names, and the network the function, of ``MobileNetV2``.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from torch import Tensor, nn

from detectors.networks.gwap import GlobalWeightedAveragePooling
from detectors.networks.mobilenet_v2 import MobileNetV2
from detectors.networks.residual_branch import ResidualBranch
from detectors.networks.spectrum_branch import SpectrumBranch

RESIDUALS, SPECTRA, POOLING = "residuals.", "spectra.", "pooling."
_PART_PREFIXES = (RESIDUALS, SPECTRA, POOLING)
_RESIDUALS_JOIN, _RESIDUALS_CHANNELS = 2, 24  # the first block of the trunk with a quarter of the side
_SPECTRA_JOIN, _SPECTRA_CHANNELS = 4, 32  # the first block with an eighth
_FEATURES = 1280


@dataclass(frozen=True, slots=True)
class Parts:
    """What is built around MobileNetV2."""

    srm: bool = False
    frequency: bool = False
    pooling: Literal["mean", "weighted"] = "mean"

    @property
    def prefixes(self) -> tuple[str, ...]:
        """The beginnings of the keys of all tensors that these parts add."""
        chosen = (self.srm, self.frequency, self.pooling == "weighted")
        return tuple(prefix for prefix, there in zip(_PART_PREFIXES, chosen, strict=True) if there)


def parts_in(keys: Iterable[str]) -> Parts:
    """The parts of the network whose tensors have these keys."""
    there = {prefix for key in keys for prefix in _PART_PREFIXES if key.startswith(prefix)}
    return Parts(RESIDUALS in there, SPECTRA in there, "weighted" if POOLING in there else "mean")


class FaceNetwork(MobileNetV2):
    """Takes n x 3 x side x side float RGB in [-1, 1]; gives n logits."""

    def __init__(self, parts: Parts | None = None) -> None:
        super().__init__()
        self.parts = parts or Parts()
        self.residuals = ResidualBranch(_RESIDUALS_CHANNELS) if self.parts.srm else None
        self.spectra = SpectrumBranch(_SPECTRA_CHANNELS) if self.parts.frequency else None
        self.pooling = _even_pooling() if self.parts.pooling == "weighted" else None

    def forward(self, pictures: Tensor) -> Tensor:
        features = self.features(pictures)
        pooled = _mean(features) if self.pooling is None else self.pooling(features)
        return self.backbone.classifier(pooled).squeeze(1)

    def features(self, pictures: Tensor) -> Tensor:
        """n x 1280 x side/32 x side/32: what is pooled."""
        joining = {_RESIDUALS_JOIN: self.residuals, _SPECTRA_JOIN: self.spectra}
        features = pictures
        for at, block in enumerate(self.backbone.features):
            features = block(features)
            if (branch := joining.get(at)) is not None:
                features = features + branch(pictures)
        return features


def _mean(features: Tensor) -> Tensor:
    return nn.functional.adaptive_avg_pool2d(features, (1, 1)).flatten(1)


def _even_pooling() -> GlobalWeightedAveragePooling:
    pooling = GlobalWeightedAveragePooling(_FEATURES)
    nn.init.zeros_(pooling.conv.weight)
    return pooling
