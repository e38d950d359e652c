"""The networks of DeepfakeStream by name; tensors are named as in its own state dicts.

As written, most of them cannot run. These are its graphs with the least repair: the three high-pass filters are summed
over the colours, and what is pooled already is not pooled again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import timm
import torch
from torch import Tensor, nn
from torchvision.models import resnet50

from detectors.networks.gwap import GlobalWeightedAveragePooling
from detectors.networks.original import OriginalNetwork
from detectors.networks.srm import SrmFilters

_OUTPUTS = 2  # assumed: genuine, manipulated
_B2_CHANNELS = 1408
_RESNET_CHANNELS = 2048
_DROPOUT = 0.5
_DAMPED = 0.1
_IMAGENET_CLASSES = 1000
_SRM_WEIGHT = "srm.weight"
_ORIGINAL_SRM_WEIGHT = "srm_conv.conv.weight"


class SrmEfficientNet(nn.Module):
    """n x 3 x H x W float RGB (0 to 255) in, n x 2 logits out: high-pass filters, an EfficientNet, three layers."""

    def __init__(self, encoder: str) -> None:
        super().__init__()
        self.srm = SrmFilters()
        self.encoder = timm.create_model(encoder, num_classes=0)
        self.dropout = nn.Dropout(_DROPOUT)
        self.dense1 = nn.Linear(_B2_CHANNELS, 64)
        self.dense2 = nn.Linear(64, 32)
        self.dense3 = nn.Linear(32, _OUTPUTS)

    def forward(self, pictures: Tensor) -> Tensor:
        pooled = self.dropout(self.encoder(self.srm(pictures)))
        return self.dense3(torch.relu(self.dense2(torch.relu(self.dense1(pooled)))))


class GwapEfficientNet(nn.Module):
    """n x 3 x H x W float RGB in, n x 1 logits out: an EfficientNet whose features are pooled where it looks."""

    encoder: Any

    def __init__(self, encoder: str) -> None:
        super().__init__()
        self.encoder = timm.create_model(encoder, num_classes=0)
        self.globalpool1 = GlobalWeightedAveragePooling(_B2_CHANNELS)
        self.batchnorm1 = nn.BatchNorm1d(_B2_CHANNELS)
        self.dropout = nn.Dropout(_DROPOUT)
        self.dense1 = nn.Linear(_B2_CHANNELS, 64)
        self.dense2 = nn.Linear(64, 1)

    def forward(self, pictures: Tensor) -> Tensor:
        pooled = self.globalpool1(self.encoder.forward_features(pictures))
        return self.dense2(torch.relu(self.dense1(self.dropout(self.batchnorm1(pooled)))))


class DistilledResNet50(nn.Module):
    """n x 3 x H x W float RGB in, n x 2 logits out: high-pass filters, torchvision's ResNet-50, two halving layers."""

    def __init__(self) -> None:
        super().__init__()
        self.srm = SrmFilters()
        self.encoder = resnet50(weights=None)
        self.encoder.add_module("fc", nn.Identity())
        self.dense_block1 = _halving(_RESNET_CHANNELS)
        self.dense_block2 = _halving(_RESNET_CHANNELS // 2)
        self.dropout = nn.Dropout(_DROPOUT)
        self.proj_head = nn.Linear(_RESNET_CHANNELS // 4, _OUTPUTS, bias=False)

    def forward(self, pictures: Tensor) -> Tensor:
        features = self.dense_block2(self.dense_block1(self.encoder(self.srm(pictures))))
        return self.proj_head(self.dropout(features))


def _halving(width: int) -> nn.Sequential:
    half = width // 2
    return nn.Sequential(nn.Dropout(_DROPOUT), nn.Linear(width, half), nn.BatchNorm1d(half), nn.ReLU())


@dataclass(frozen=True, kw_only=True)
class SrmNetwork(OriginalNetwork):
    """An original network behind high-pass filters, which leave large numbers of pictures in 0 to 255.

    Trained batch norms know how large. Random ones pass them on until every score is 0 or 1 and hangs on rounding; the
    first layer behind the filters is damped then.
    """

    def random(self) -> nn.Module:
        network = super().random()
        network.get_parameter("encoder.conv_stem.weight").mul_(_DAMPED)
        return network


def _original_key(key: str) -> str:
    return _ORIGINAL_SRM_WEIGHT if key == _SRM_WEIGHT else key


_UNUSED_CLASSIFIER: Mapping[str, tuple[int, ...]] = {
    "encoder.classifier.weight": (_IMAGENET_CLASSES, _B2_CHANNELS),
    "encoder.classifier.bias": (_IMAGENET_CLASSES,),
}

NETWORKS: dict[str, OriginalNetwork] = {
    **{
        f"srm_{encoder}": SrmNetwork(
            make=partial(SrmEfficientNet, encoder), original_key=_original_key, carried=_UNUSED_CLASSIFIER
        )
        for encoder in ("tf_efficientnet_b2", "tf_efficientnetv2_b2")
    },
    "gwap_tf_efficientnetv2_b2": OriginalNetwork(
        make=partial(GwapEfficientNet, "tf_efficientnetv2_b2"), carried=_UNUSED_CLASSIFIER
    ),
    "distil_resnet50": OriginalNetwork(make=DistilledResNet50, original_key=_original_key),
}
