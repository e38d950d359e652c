"""Tensor names and a seed in; the weights and inputs that the golden fixtures were made with out.

Every tensor has a generator of its own, seeded by the CRC-32 of ``<seed>:<key>``, so that the order of the tensors does
not matter. All numbers are drawn in double precision and then stored as float32.
"""

import math
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

USUAL_GAIN = 2.0


def tensor_of(key: str, shape: Sequence[int], dtype: str, *, seed: int, gain: float) -> NDArray:
    """The tensor of this name: float32, or int64 zeros for counters.

    Variances lie evenly in 0.5..1.5, scales (one-dimensional weights) in 0.8..1.2, means and biases are normal with a
    deviation of 0.05, and everything of two and more dimensions is normal with a deviation of sqrt(gain / fan-in).
    """
    if not any(word in dtype for word in ("float", "double", "half")):
        return np.zeros(shape, dtype=np.int64)
    draws = np.random.default_rng(zlib.crc32(f"{seed}:{key}".encode()))
    return np.asarray(_drawn(draws, key, tuple(shape), gain), dtype=np.float32)


def _drawn(draws: np.random.Generator, key: str, shape: tuple[int, ...], gain: float) -> NDArray | float:
    if key.endswith("running_var"):
        return draws.uniform(0.5, 1.5, size=shape)
    if key.endswith("running_mean"):
        return draws.normal(0.0, 0.05, size=shape)
    if len(shape) == 0 or (len(shape) == 1 and key.rpartition(".")[2] == "weight"):
        return draws.uniform(0.8, 1.2, size=shape)
    if len(shape) == 1:
        return draws.normal(0.0, 0.05, size=shape)
    return draws.normal(0.0, math.sqrt(gain / math.prod(shape[1:])), size=shape)


def input_of(shape: Sequence[int], *, seed: int) -> NDArray[np.float32]:
    """Standard normal numbers of this shape."""
    return np.random.default_rng(seed).standard_normal(tuple(shape)).astype(np.float32)
