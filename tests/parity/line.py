"""What one comparison says: its name, how far off it is, and how far off it may be."""

import math
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

RELATIVE = 1e-4


@dataclass(frozen=True)
class Line:
    """One comparison with a golden fixture; ``error`` is the largest absolute difference."""

    name: str
    error: float
    allowed: float

    @property
    def ok(self) -> bool:
        return self.error <= self.allowed

    def __str__(self) -> str:
        return f"{'ok  ' if self.ok else 'FAIL'} {self.name}: error {self.error:.2e}, allowed {self.allowed:.2e}"


def compared(name: str, got: ArrayLike, wanted: ArrayLike, *, relative: float = RELATIVE) -> Line:
    """Numbers against numbers: max |a - b| against ``relative`` times the larger of 1 and max |b|.

    Another shape, or a number that is not finite, is an infinite error. What has no one shape (parts of several) is
    compared as one flat row.
    """
    ours, theirs = _numbers(got), _numbers(wanted)
    allowed = relative * max(1.0, float(np.abs(theirs).max(initial=0.0)))
    if ours.shape != theirs.shape or not np.isfinite(ours).all():
        return Line(name, math.inf, allowed)
    return Line(name, float(np.abs(ours - theirs).max(initial=0.0)), allowed)


def _numbers(values: object) -> NDArray[np.float64]:
    try:
        return np.asarray(values, dtype=np.float64)
    except ValueError:
        return np.concatenate([_numbers(part).ravel() for part in cast("list", values)])


def equal(name: str, got: object, wanted: object) -> Line:
    """Things that must be the same: no error, or an infinite one."""
    return Line(name, 0.0 if got == wanted else math.inf, 0.0)
