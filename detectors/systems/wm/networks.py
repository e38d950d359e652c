"""The three networks of the system ``wm`` by name; tensors are named as in the published checkpoints."""

from functools import partial

import timm
from torch import nn

from detectors.networks.efficientnet import key_map, make_efficientnet
from detectors.networks.original import OriginalNetwork
from detectors.networks.wsdan import WsDan

_OUTPUTS = 2  # genuine, manipulated
_XCEPTION_CHANNELS = 2048
_B3_CHANNELS = 1536
_IMAGENET_CLASSES = 1000
_BODY = "body."

_key_of_b3 = key_map("b3")


def _xception(*, outputs: int = _OUTPUTS) -> nn.Module:
    return timm.create_model("legacy_xception", num_classes=outputs)


def _wsdan_xception() -> nn.Module:
    return WsDan(_xception(outputs=0), channels=_XCEPTION_CHANNELS, outputs=_OUTPUTS)


def _wsdan_efficientnet_b3() -> nn.Module:
    body = make_efficientnet("b3", outputs=0, padding="nominal")
    return WsDan(body, channels=_B3_CHANNELS, outputs=_OUTPUTS)


def _key_of_xception(key: str) -> str:
    return key.replace("fc.", "last_linear.", 1) if key.startswith("fc.") else key


def _key_of_wsdan(key: str, *, body: str) -> str:
    if not key.startswith(_BODY):
        return key
    inner = key.removeprefix(_BODY)
    return f"features.{inner}" if body == "xception" else f"EFN.{_key_of_b3(inner)}"


NETWORKS: dict[str, OriginalNetwork] = {
    "xception": OriginalNetwork(make=_xception, original_key=_key_of_xception),
    "wsdan_xception": OriginalNetwork(make=_wsdan_xception, original_key=partial(_key_of_wsdan, body="xception")),
    "wsdan_efficientnet_b3": OriginalNetwork(
        make=_wsdan_efficientnet_b3,
        original_key=partial(_key_of_wsdan, body="efficientnet"),
        carried={"EFN._fc.weight": (_IMAGENET_CLASSES, _B3_CHANNELS), "EFN._fc.bias": (_IMAGENET_CLASSES,)},
    ),
}
