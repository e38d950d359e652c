"""The golden fixture of a network in, one line per seed (and one for its tensor names) out."""

from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

import numpy as np
import torch
from torch import Tensor, nn

from detectors.networks.original import OriginalNetwork
from detectors.systems.catalogue import original_network
from tests.parity.line import Line, compared, equal
from tests.parity.recipe import USUAL_GAIN, input_of, tensor_of

Forward = Callable[[nn.Module, Tensor, dict], Tensor | np.ndarray]


def lines_of_network(fixture: dict) -> Iterator[Line]:
    """Compare tensor names and shapes, then the outputs for every seed of the fixture.

    Raises:
        KeyError: no network of ours has this name.
    """
    name = f"{fixture['system']}/{fixture['network']}"
    network = original_network(name)
    wanted = {key: tuple(shape) for key, (shape, _) in fixture["keys"].items()}
    yield equal(f"{name} tensor names and shapes", network.shapes(), wanted)
    for seed, outputs in fixture["outputs"].items():
        got = outputs_of(network, {**fixture, "seed": int(seed)})
        yield compared(f"{name} seed {seed}", got, outputs)


def outputs_of(network: OriginalNetwork, fixture: dict) -> np.ndarray:
    """What our network makes of the fixture's weights and input, in the form of the fixture's outputs."""
    return forwarded(network.load(tensors_of(fixture), f"the fixture of {fixture['network']}"), fixture)


def forwarded(module: nn.Module, fixture: dict) -> np.ndarray:
    """What a loaded network makes of the fixture's input, in the form of the fixture's outputs."""
    batch = torch.from_numpy(input_of(fixture["input_shape"], seed=fixture["seed"]))
    forward = _of_system(fixture["system"], "FORWARDS").get(fixture["network"], _plain)
    with torch.inference_mode():
        return np.asarray(forward(module, batch, fixture))


def tensors_of(fixture: dict) -> dict[str, Tensor]:
    """The state dict of a fixture under the original's keys; ``seed`` says which."""
    fixed = _of_system(fixture["system"], "FIXED")
    gain, seed = fixture.get("gain", USUAL_GAIN), fixture["seed"]
    tensors = {}
    for key, (shape, dtype) in fixture["keys"].items():
        if key in fixture.get("fixed_keys", {}):
            values = fixed[key](fixture)
        else:
            values = tensor_of(key, shape, dtype, seed=seed, gain=gain)
        tensors[key] = torch.from_numpy(values)
    return tensors


def _plain(module: nn.Module, batch: Tensor, _fixture: dict) -> Tensor:
    return module(batch)


def _of_system(system: str, table: str) -> dict:
    """What the modules of ``tests.parity.systems`` say about a system; the face finders have one of their own."""
    found: dict = {}
    for name in (system, "face_finders"):
        found |= getattr(module_of(name), table, {})
    return found


def module_of(name: str) -> ModuleType | None:
    """The module of this name in ``tests.parity.systems``, if there is one."""
    full = f"tests.parity.systems.{name}"
    return import_module(full) if name.isidentifier() and find_spec(full) else None
