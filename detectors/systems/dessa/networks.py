"""The networks of the system ``dessa``: torchvision's ResNet18 with one of two heads; published tensor names."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from torch import Tensor, nn
from torchvision.models import resnet18

from detectors.networks.original import OriginalNetwork, Shapes
from detectors.weights import shapes_of

_OUTPUTS = 2  # genuine, manipulated
_FEATURES = 512
_HIDDEN = 256
_DROPOUT = 0.75
_RANDOM_GAIN = 1.0  # more lets the logits of random networks grow until every probability is 0 or 1
_ONLY_HIDDEN = "fc.5.weight"


def _plain_head() -> nn.Module:
    return nn.Sequential(nn.Dropout(_DROPOUT), nn.Linear(_FEATURES, _OUTPUTS))


def _hidden_head() -> nn.Module:
    """The batch norm comes after the rectifier, as published."""
    first = (nn.Dropout(_DROPOUT), nn.Linear(_FEATURES, _HIDDEN), nn.ReLU(), nn.BatchNorm1d(_HIDDEN))
    return nn.Sequential(*first, nn.Dropout(_DROPOUT), nn.Linear(_HIDDEN, _OUTPUTS))


def make_resnet18(*, hidden: bool) -> nn.Module:
    """n x 3 x 224 x 224 float32 in, n x 2 logits (genuine, manipulated) out."""
    network = resnet18(weights=None)
    network.add_module("fc", _hidden_head() if hidden else _plain_head())
    return network


@dataclass(frozen=True, kw_only=True)
class EitherHead(OriginalNetwork):
    """The ResNet18 with the head that a checkpoint holds: the search that made the published one tried both.

    Without a checkpoint it is the plain one. Everything that fits neither head is refused as for the nearer one.
    """

    hidden: OriginalNetwork

    def require_fitting(self, got: Shapes, what: str) -> None:
        if _ONLY_HIDDEN in got:
            self.hidden.require_fitting(got, what)
        else:
            super().require_fitting(got, what)

    def load(self, tensors: Mapping[str, Tensor], what: str) -> nn.Module:
        if _ONLY_HIDDEN in shapes_of(tensors):
            return self.hidden.load(tensors, what)
        return super().load(tensors, what)


_PLAIN = OriginalNetwork(make=partial(make_resnet18, hidden=False), random_gain=_RANDOM_GAIN)
_WITH_HIDDEN = OriginalNetwork(make=partial(make_resnet18, hidden=True), random_gain=_RANDOM_GAIN)

NETWORKS: dict[str, OriginalNetwork] = {
    "resnet18": EitherHead(make=_PLAIN.make, hidden=_WITH_HIDDEN, random_gain=_RANDOM_GAIN),
    "resnet18_plain": _PLAIN,
    "resnet18_hidden": _WITH_HIDDEN,
}
