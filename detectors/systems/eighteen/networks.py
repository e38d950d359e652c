"""The networks of the system ``eighteen`` by the names of its members' architectures; published tensor names."""

from functools import partial

import timm
from torch import nn
from torchvision.models import resnet34

from detectors.networks.efficientnet import efficientnet_pytorch
from detectors.networks.original import OriginalNetwork
from detectors.networks.slowfast import SlowFast50

_OUTPUTS = 2  # genuine, manipulated


def _xception() -> nn.Module:
    return timm.create_model("legacy_xception", num_classes=_OUTPUTS)


# The EfficientNets see 299 px and pad by the nominal size of their variant all the same: so they were trained.
NETWORKS: dict[str, OriginalNetwork] = {
    "resnet34": OriginalNetwork(make=partial(resnet34, num_classes=_OUTPUTS)),
    "xception": OriginalNetwork(make=_xception),
    **{
        f"efficientnet_{variant}": efficientnet_pytorch(variant, outputs=_OUTPUTS, padding="nominal")
        for variant in ("b0", "b1", "b3")
    },
    "slowfast50": OriginalNetwork(make=partial(SlowFast50, outputs=_OUTPUTS)),
}
