"""The five architectures of medics by name, each reading the tensors of its published checkpoints.

Class 0 of the networks over clips is *manipulated*, class 1 *genuine*; the one logit of ``se_resnext50`` is of
*manipulated*.
"""

from functools import partial

import timm
from torchvision.models.video import mc3_18, r2plus1d_18

from detectors.networks import i3d, resnet_3d
from detectors.networks.original import OriginalNetwork

_CLASSES = 2


def _key_of_picture_network(key: str) -> str:
    head, _, rest = key.partition(".")
    return f"fc.{rest}" if head == "last_linear" else f"backbone.{key}"


NETWORKS: dict[str, OriginalNetwork] = {
    "i3d": OriginalNetwork(make=i3d.InceptionI3d, original_key=i3d.original_key),
    "resnet34_3d": OriginalNetwork(make=resnet_3d.resnet34_3d, original_key=resnet_3d.original_key),
    "mc3_18": OriginalNetwork(make=partial(mc3_18, num_classes=_CLASSES)),
    "r2plus1d_18": OriginalNetwork(make=partial(r2plus1d_18, num_classes=_CLASSES)),
    "se_resnext50": OriginalNetwork(
        make=partial(timm.create_model, "legacy_seresnext50_32x4d", num_classes=1),
        original_key=_key_of_picture_network,
    ),
}
