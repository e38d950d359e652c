"""Face boxes of sampled frames in, the faces that stay out: when each is there, in which region, and its squares.

Boxes are painted into a volume of frames x rows x columns; what hangs together in it is one face.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import skimage.measure
from numpy.typing import NDArray

from detectors.systems.footage import Compat

FRAMES_APART = 10
LONGEST_CLIP = 100
SHORTEST_CLIP = 30
_SQUARE = 1.2  # side of the squares, by the 90th percentile of the widths and heights of a face
_PERCENTILE = 90
_STEPS = 10  # squares from one sampled frame to the next, both included

Box = Sequence[float]  # left, top, right, bottom
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class FaceThroughTime:
    """One face in the pixels of the full frames.

    ``frames``: the first frame and the one behind the last; ``rows``, ``columns``: the first and the last one of the
    region that holds the face at all times; ``squares``: n x 4 integers, left, top, right, bottom (right and bottom
    exclusive) for frame after frame from the first on; they end at the last sampled frame.
    """

    frames: tuple[int, int]
    rows: tuple[int, int]
    columns: tuple[int, int]
    squares: Ints


def faces_through_time(
    boxes: Sequence[Sequence[Box] | None],
    probabilities: Sequence[Sequence[float | None] | None],
    *,
    rows: int,
    columns: int,
    enlargement: float,
    frames_apart: int = FRAMES_APART,
    compat: Compat = "corrected",
) -> list[FaceThroughTime]:
    """The faces that stay for at least ``SHORTEST_CLIP`` frames, the most certain first.

    ``boxes`` and their ``probabilities`` are those of every ``frames_apart``-th frame, in pictures of ``rows`` x
    ``columns``; ``enlargement`` is how much larger the full frames are.

    As published ("original"), a box that begins left of or above the picture is lost, the last frame of a face is left
    out, and a square larger than the picture reaches out of it.
    """
    volume, certainty = _painted(boxes, probabilities, (len(boxes), rows, columns), compat)
    _fill_gaps(volume)
    parts = np.asarray(skimage.measure.label(volume))
    labels = np.arange(1, parts.max(initial=0) + 1)
    means = [np.mean(certainty[parts == label]) for label in labels]
    faces = []
    for label in labels[np.argsort(means)[::-1]]:
        face = _face(parts == label, frames_apart, enlargement, compat)
        if face.frames[1] - face.frames[0] >= SHORTEST_CLIP:
            faces.append(face)
    return faces


def _painted(
    boxes: Sequence[Sequence[Box] | None],
    probabilities: Sequence[Sequence[float | None] | None],
    shape: tuple[int, int, int],
    compat: Compat,
) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
    volume, certainty = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=np.float32)
    for at, (found, sure) in enumerate(zip(boxes, probabilities, strict=True)):
        for box, probability in zip(found or (), (sure or ()) if found else (), strict=True):
            edges = [int(edge) for edge in box]
            # A negative edge counts from the far side of the picture, which is how the published code loses such boxes.
            left, top, right, bottom = edges if compat == "original" else [max(edge, 0) for edge in edges]
            volume[at, top:bottom, left:right] = True
            certainty[at, top:bottom, left:right] = 0.0 if probability is None else probability
    return volume, certainty


def _fill_gaps(volume: NDArray[np.bool_]) -> None:
    """An empty sampled frame between two others gets what these two share."""
    for at in range(1, len(volume) - 1):
        if not volume[at].any():
            volume[at] = volume[at - 1] & volume[at + 1]


def _face(mask: NDArray[np.bool_], frames_apart: int, enlargement: float, compat: Compat) -> FaceThroughTime:
    times = np.flatnonzero(mask.any(axis=(1, 2)))
    first, last = int(times[0]), int(times[-1])
    begin, end = first * frames_apart, (last + 1) * frames_apart - (compat == "original")
    end = min(end, begin + LONGEST_CLIP)
    seen = mask[first : end // frames_apart + 1]
    # The masks of a face follow each other without a gap: that is how they hang together.
    places = np.array([_extent(picture, compat) for picture in seen if picture.any()])
    squares = squares_along(places, rows=mask.shape[1], columns=mask.shape[2], compat=compat)
    return FaceThroughTime(
        frames=(begin, end),
        rows=_enlarged(mask, 1, enlargement),
        columns=_enlarged(mask, 2, enlargement),
        squares=(squares * enlargement).astype(np.int64),
    )


def _enlarged(mask: NDArray[np.bool_], axis: int, enlargement: float) -> tuple[int, int]:
    places = np.nonzero(mask)[axis]
    return int(places.min() * enlargement), int(places.max() * enlargement)


def _extent(picture: NDArray[np.bool_], compat: Compat) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of what is painted, all included; as published, of its first and its last pixel."""
    rows, columns = np.nonzero(picture)
    if compat == "original":
        return int(columns[0]), int(rows[0]), int(columns[-1]), int(rows[-1])
    return int(columns.min()), int(rows.min()), int(columns.max()), int(rows.max())


def squares_along(places: Ints, *, rows: int, columns: int, compat: Compat = "corrected") -> Ints:
    """Squares of one size around a face on its way from place to place, pushed back into a picture.

    ``places``: k x 4 (left, top, right, bottom, all included) of the sampled frames. Gives 10 (k - 1) x 4: ten per
    step, whose first and last are the places themselves, so that each place in between comes twice.
    """
    middles = (places[:, :2] + places[:, 2:]) / 2
    ways = [np.linspace(middles[at], middles[at + 1], _STEPS) for at in range(len(middles) - 1)]
    centres = np.concatenate(ways).astype(np.int64) if ways else np.zeros((0, 2), dtype=np.int64)
    half = max(square_side(places) // 2, 0 if compat == "original" else 1)
    return np.concatenate(_pushed_inside(centres - half, centres + half, np.array([columns, rows]), compat), axis=1)


def square_side(places: Ints) -> int:
    """The side of the squares around a face: 1.2 times the 90th percentile of its widths and heights (k x 4 places)."""
    sides = np.concatenate([places[:, 2] - places[:, 0], places[:, 3] - places[:, 1]])
    return int(np.percentile(sides, _PERCENTILE) * _SQUARE)


def _pushed_inside(low: Ints, high: Ints, size: Ints, compat: Compat) -> tuple[Ints, Ints]:
    high = high - np.minimum(low, 0)
    low = np.maximum(low, 0)
    low = low - np.maximum(high - size, 0)
    high = np.minimum(high, size)
    return (low, high) if compat == "original" else (np.maximum(low, 0), high)
