"""The authors' Keras weights files of MesoNet in, arrays with the names and axes of our networks out; no torch.

Keras numbers the layers of a kind in the order in which the authors' code makes them; the numbers differ from file to
file, their order does not.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from detectors.weights import require_same_keys

Arrays = dict[str, NDArray]

_INCEPTION = ("point", "near_in", "near", "mid_in", "mid", "far_in", "far")
_MESO4 = tuple(f"block{number}.convolution" for number in (1, 2, 3, 4))
_MESO_INCEPTION4 = (
    *(f"block{number}.convolution.{part}" for number in (1, 2) for part in _INCEPTION),
    "block3.convolution",
    "block4.convolution",
)
_NORMS = tuple(f"block{number}.norm" for number in (1, 2, 3, 4))
_DENSE = ("tail.hidden", "tail.output")

_TENSORS = {
    "kernel": "weight",
    "bias": "bias",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}
_AXES = {4: (3, 2, 0, 1), 2: (1, 0), 1: (0,)}


def meso4(source: Path) -> Arrays:
    """The tensors of :class:`detectors.networks.mesonet.Meso4` from a Keras file; raises ``WrongWeights``."""
    return _converted(source, _MESO4)


def meso_inception4(source: Path) -> Arrays:
    """The tensors of :class:`detectors.networks.mesonet.MesoInception4` from a Keras file; raises ``WrongWeights``."""
    return _converted(source, _MESO_INCEPTION4)


def _converted(source: Path, convolutions: tuple[str, ...]) -> Arrays:
    names = {"conv2d": convolutions, "batch_normalization": _NORMS, "dense": _DENSE}
    with h5py.File(source, "r") as file:
        got = {_key(names, kind, place, part): array for kind, place, part, array in _parts(file)}
    require_same_keys(_wanted(names), got.keys(), source.name)
    ours = {key: np.ascontiguousarray(array.transpose(_AXES[array.ndim])) for key, array in got.items()}
    return ours | {f"{norm}.num_batches_tracked": np.zeros((), dtype=np.int64) for norm in _NORMS}


def _parts(file: h5py.File) -> Iterator[tuple[str, int, str, NDArray[np.float32]]]:
    """Each stored array with its layer's kind, its place among the layers of that kind, and its own name."""
    stored = {layer: _names(file[layer], "weight_names") for layer in _names(file, "layer_names")}
    with_weights = sorted((layer for layer in stored if stored[layer]), key=_number)
    places: Counter[str] = Counter()
    for layer in with_weights:
        kind = layer.rpartition("_")[0]
        for path in stored[layer]:
            yield kind, places[kind], path.rpartition("/")[2].removesuffix(":0"), np.asarray(file[f"{layer}/{path}"])
        places[kind] += 1


def _names(group: Any, attribute: str) -> list[str]:
    return [str(name) for name in np.asarray(group.attrs[attribute]).astype(str)]  # older files hold bytes


def _number(layer: str) -> int:
    number = layer.rpartition("_")[2]
    return int(number) if number.isdigit() else 0


def _key(names: dict[str, tuple[str, ...]], kind: str, place: int, part: str) -> str:
    known = names.get(kind, ())
    layer = known[place] if place < len(known) else f"{kind} number {place + 1}"
    return f"{layer}.{_TENSORS.get(part, part)}"


def _wanted(names: dict[str, tuple[str, ...]]) -> set[str]:
    plain = {f"{layer}.{part}" for kind in ("conv2d", "dense") for layer in names[kind] for part in ("weight", "bias")}
    parts = ("weight", "bias", "running_mean", "running_var")
    return plain | {f"{layer}.{part}" for layer in names["batch_normalization"] for part in parts}
