"""Tensors in, torch files out in the forms in which detectors were published; cards of files that nobody has pinned."""

import warnings
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from detectors.cards import WeightsFile

Tensors = Mapping[str, Tensor]


class Foreign(nn.Module):
    """A module of a class that nobody but its maker has."""


def as_module(tensors: Tensors) -> nn.Module:
    """A module whose state dict has these names and values."""
    root = Foreign()
    for key, tensor in tensors.items():
        *path, name = key.split(".")
        place = root
        for part in path:
            if part not in place._modules:
                place.add_module(part, Foreign())
            place = place._modules[part]
        if tensor.is_floating_point() and not name.startswith("running_"):
            place.register_parameter(name, nn.Parameter(tensor))
        else:
            place.register_buffer(name, tensor)
    return root


def prefixed(tensors: Tensors, prefix: str) -> dict[str, Tensor]:
    return {f"{prefix}{key}": tensor for key, tensor in tensors.items()}


FORMS: dict[str, Callable[[Tensors], object]] = {
    "bare": dict,
    "prefixed": lambda tensors: prefixed(tensors, "module."),
    "half": lambda tensors: {key: tensor.half() for key, tensor in tensors.items()},
    "numpy_scalar": lambda tensors: {
        "epoch": 3,
        "state_dict": prefixed(tensors, "module."),
        "bce_best": np.float64(0.1),
    },
    "numpy_logs": lambda tensors: {
        "logs": {"loss": np.arange(5.0), "names": np.array(["a", "bc"])},
        "state_dict": dict(tensors),
        "feature_center": torch.zeros(2, 8),
    },
    "module_beside": lambda tensors: {
        "model": as_module(tensors),
        "state_dict": dict(tensors),
        "optimizer": torch.optim.SGD([torch.zeros(1)], lr=0.1).state_dict(),
    },
    "snapshot": lambda tensors: {"network_state": prefixed(tensors, "module."), "optimizer_state": {}, "epoch": 1},
    "model_state": lambda tensors: {"model_state": dict(tensors), "device": torch.device("cpu")},
    "model_state_dict": lambda tensors: {"model_state_dict": dict(tensors), "args": Foreign()},
    "module": as_module,
    "parallel_module": lambda tensors: nn.DataParallel(as_module(tensors)),
    "arrays": lambda tensors: {"state_dict": {key: tensor.numpy() for key, tensor in tensors.items()}},
}


def write_checkpoint(path: Path, content: object, *, legacy: bool = False) -> Path:
    """What ``torch.save`` writes, today or before its files became archives."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the old form looks for the source of every class that it writes
        torch.save(content, path, _use_new_zipfile_serialization=not legacy)
    return path


def unpinned(*names: str, optional: tuple[str, ...] = ()) -> tuple[WeightsFile, ...]:
    return tuple(WeightsFile(file=name, optional=name in optional) for name in names)
