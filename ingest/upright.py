"""A picture as stored and its display matrix in, the picture as a viewer sees it out."""

import math
from dataclasses import dataclass

import numpy as np

from contracts.clips import Pixels


@dataclass(frozen=True)
class Turn:
    """Quarter turns clockwise, after a mirroring from left to right where ``mirrored``."""

    quarters: int = 0
    mirrored: bool = False

    @property
    def degrees(self) -> int:
        return self.quarters * 90

    def size(self, width_px: int, height_px: int) -> tuple[int, int]:
        """Width and height after the turn."""
        return (height_px, width_px) if self.quarters % 2 else (width_px, height_px)

    def apply(self, pixels: Pixels) -> Pixels:
        """The turned picture; the same array where nothing is to be done."""
        if not self.quarters and not self.mirrored:
            return pixels
        facing = pixels[:, ::-1] if self.mirrored else pixels
        return np.ascontiguousarray(np.rot90(facing, -self.quarters))


UPRIGHT = Turn()


def turn_of_matrix(matrix: bytes) -> Turn:
    """The turn in a display matrix: nine 32-bit integers as in ISO/IEC 14496-12, the first four of them used.

    Angles between the quarters are rounded to the nearest one; a matrix of zeros changes nothing.
    """
    a, b, _, c, d = np.frombuffer(matrix, dtype=np.int32, count=5).astype(float)
    mirrored = a * d - b * c < 0
    if mirrored:
        a, b = -a, -b
    return Turn(quarters=round(math.degrees(math.atan2(b, a)) / 90) % 4, mirrored=mirrored)
