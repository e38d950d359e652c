"""The networks of boken: EfficientNet-B0, B1 and B2 with two logits (genuine, manipulated) for 224 x 224 pictures."""

from collections.abc import Mapping
from typing import Literal

from detectors.networks.efficientnet import efficientnet_pytorch
from detectors.networks.original import OriginalNetwork

Padding = Literal["nominal", "symmetric", "propagated"]

VARIANTS = ("b0", "b1", "b2")
MEMBERS = tuple(f"efficientnet_{variant}" for variant in VARIANTS)
# Nobody recorded with which release of efficientnet_pytorch the networks were trained, and the weights do not tell.
# This is the padding of release 0.6.3, which the container that published the scores has.
PADDING: Padding = "nominal"
_SUFFIX: Mapping[Padding, str] = {"nominal": "_ep063", "symmetric": "_ep070", "propagated": ""}

NETWORKS: dict[str, OriginalNetwork] = {
    f"efficientnet_{variant}{suffix}": efficientnet_pytorch(variant, outputs=2, padding=padding)
    for variant in VARIANTS
    for padding, suffix in _SUFFIX.items()
}


def member_networks(padding: Padding = PADDING) -> dict[str, OriginalNetwork]:
    """The three networks by their member names, with the padding of one release of efficientnet_pytorch.

    ``nominal`` is that of 0.6.3, ``symmetric`` of 0.7.0, ``propagated`` of 0.7.1; the tensors are the same.
    """
    return {member: NETWORKS[member + _SUFFIX[padding]] for member in MEMBERS}
