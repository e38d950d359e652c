"""What a published checkpoint holds in, the tensors of its network by their names out; nothing is guessed."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from detectors.inert_pickle import Inert

# In this order: a file that has a state dict and the whole module beside it means the state dict.
ENTRIES = (
    "state_dict",
    "model_state_dict",
    "network_state",
    "model_state",
    "net_state_dict",
    "weights",
    "params",
    "model",
    "network",
    "net",
    "module",
)


class NotACheckpoint(ValueError):
    """What a file holds is no state dict; the message says what it is instead."""


def state_dict_of(found: object) -> dict[str, Tensor]:
    """The tensors of a bare state dict, of a dict with one in a known entry, or of a whole module.

    Arrays stand for tensors. Raises ``NotACheckpoint``.
    """
    for part in _parts_of(found):
        tensors = _tensors_in(part)
        if tensors:
            return tensors
    raise NotACheckpoint(f"it holds no state dict but {_told(found)}")


def without_prefix(tensors: Mapping[str, Tensor], prefixes: Sequence[str]) -> dict[str, Tensor]:
    """The tensors without the first of ``prefixes`` that all their names begin with; as they are where none is."""
    for prefix in prefixes:
        if all(key.startswith(prefix) for key in tensors):
            return {key.removeprefix(prefix): tensor for key, tensor in tensors.items()}
    return dict(tensors)


def _parts_of(found: object) -> Iterator[object]:
    if isinstance(found, Mapping):
        yield from (found[entry] for entry in ENTRIES if entry in found)
    yield found


def _tensors_in(part: object) -> dict[str, Tensor]:
    """The tensors of one part; empty where it is neither a state dict nor a module."""
    if isinstance(part, Inert):
        return dict(_of_module(part, ""))
    if not isinstance(part, Mapping) or not any(_is_tensor(value) for value in part.values()):
        return {}
    strange = [f"{key} ({type(value).__name__})" for key, value in part.items() if not _is_tensor(value)]
    if strange and len(strange) < len(part) / 2:
        raise NotACheckpoint(f"its state dict holds what is no tensor: {', '.join(map(str, strange))}")
    return {} if strange else {str(key): _plain(value, str(key)) for key, value in part.items()}


def _of_module(module: Inert, prefix: str) -> Iterator[tuple[str, Tensor]]:
    """In the order of ``Module.state_dict``: own parameters, own buffers, then the modules inside."""
    state = module.state if isinstance(module.state, Mapping) else {}
    unsaved = state.get("_non_persistent_buffers_set") or ()
    for kind in ("_parameters", "_buffers"):
        for name, tensor in _entries(state.get(kind)):
            if _is_tensor(tensor) and not (kind == "_buffers" and name in unsaved):
                yield f"{prefix}{name}", _plain(tensor, f"{prefix}{name}")
    for name, inside in _entries(state.get("_modules")):
        if isinstance(inside, Inert):
            yield from _of_module(inside, f"{prefix}{name}.")


def _entries(group: object) -> Sequence[tuple[object, object]]:
    if isinstance(group, Inert):
        group = group.entries
    return tuple(group.items()) if isinstance(group, Mapping) else ()


def _is_tensor(value: object) -> bool:
    return isinstance(value, Tensor) or (isinstance(value, np.ndarray) and value.dtype.kind in "fiub")


def _plain(value: object, key: str) -> Tensor:
    """A dense tensor with memory of its own."""
    if isinstance(value, np.ndarray):
        return torch.from_numpy(np.array(value, dtype=value.dtype.newbyteorder("="), order="C"))
    if not isinstance(value, Tensor) or value.layout is not torch.strided or value.is_quantized:
        raise NotACheckpoint(f"{key} is no dense tensor")
    return value.detach().contiguous().clone()


def _told(found: object) -> str:
    if isinstance(found, Mapping):
        kinds = [f"{key} ({_kind_of(value)})" for key, value in list(found.items())[:12]]
        return f"a dict of {', '.join(kinds) or 'nothing'}"
    return f"an object of {_kind_of(found)}"


def _kind_of(value: object) -> str:
    return value.origin if isinstance(value, Inert) else type(value).__name__
