"""The tensors of a published checkpoint in, a network of ours that computes the same numbers out."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn

from detectors.weights import require_same_shapes, shapes_of

_SEED = 7
_COUNTER = "num_batches_tracked"
USUAL_GAIN = 2.0

Shapes = dict[str, tuple[int, ...]]


def same(key: str) -> str:
    """The key itself: for networks whose tensors are named as in the original."""
    return key


@dataclass(frozen=True, kw_only=True)
class OriginalNetwork:
    """A network built from today's libraries that loads the state dict of an original, key by key.

    Args:
        make: makes the network without weights worth keeping; cheap under ``torch.device("meta")``.
        original_key: a key of its state dict in, the original's key out; no two give the same.
        carried: keys and shapes of tensors that the original file holds and nobody reads.
        counters_may_be_missing: the file may lack all batch counters (``num_batches_tracked``), which nobody needs.
    """

    make: Callable[[], nn.Module]
    original_key: Callable[[str], str] = same
    carried: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    counters_may_be_missing: bool = False
    random_gain: float = USUAL_GAIN

    def shapes(self) -> Shapes:
        """The original's keys with the shapes that they must have."""
        with torch.device("meta"):
            ours = shapes_of(self.make().state_dict())
        named = {self.original_key(key): shape for key, shape in ours.items()}
        if len(named) != len(ours):
            raise ValueError("two tensors of one network have the same original key")
        return {**named, **self.carried}

    def require_fitting(self, got: Shapes, what: str) -> None:
        """Raise ``WrongWeights`` with the original keys that ``what`` lacks, has too many, or has in another shape."""
        wanted = self.shapes()
        if self.counters_may_be_missing and not any(key.endswith(_COUNTER) for key in got):
            wanted = {key: shape for key, shape in wanted.items() if not key.endswith(_COUNTER)}
        require_same_shapes(wanted, got, what)

    def load(self, tensors: Mapping[str, Tensor], what: str) -> nn.Module:
        """The network with these tensors (original keys; half precision is widened), ready to score.

        Raises:
            WrongWeights: tensors are missing, left over, or of another shape; the message lists their original keys.
        """
        self.require_fitting(shapes_of(tensors), what)
        network = self.make()
        state = network.state_dict()
        for key, tensor in state.items():
            given = tensors.get(self.original_key(key))
            if given is not None:
                state[key] = given.to(tensor.dtype)
        network.load_state_dict(state, strict=True)
        return _ready(network)

    def random(self) -> nn.Module:
        """The network with the same random weights each time, ready to score."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(_SEED)
            network = self.make()
            randomise(network, gain=self.random_gain)
        return _ready(network)


def loaded(network: OriginalNetwork, path: Path | None) -> nn.Module:
    """The network with the tensors of a safetensors file of original keys, or with seeded random ones for ``None``.

    Raises:
        WrongWeights: the tensors of the file do not fit the network.
    """
    if path is None:
        return network.random()
    from safetensors.torch import load_file

    return network.load(load_file(path), path.name)


def randomise(network: nn.Module, *, gain: float = USUAL_GAIN) -> None:
    """Random weights that keep a signal's size from layer to layer, so that pictures still get unlike scores.

    They are normal with a variance of ``gain`` over the number of inputs of a unit.

    Source: He et al. 2015, "Delving deep into rectifiers", for weights; the usual beginnings of torch let the signal
    die away in networks whose batch norms have seen nothing yet.
    """
    for tensor in network.parameters():
        if tensor.dim() > 1:
            nn.init.normal_(tensor, std=math.sqrt(gain / math.prod(tensor.shape[1:])))


def _ready(network: nn.Module) -> nn.Module:
    return network.eval().requires_grad_(requires_grad=False)
