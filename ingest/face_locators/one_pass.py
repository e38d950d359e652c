"""What the networks that see a whole picture at once share: pictures as they want them, and the locator on top of them.

A network enters as a function and is not known here; see :data:`Predict`.
"""

import threading
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from contracts.clips import FaceBox, Pixels
from ingest.face_locator import clipped
from ingest.face_regions import Region
from ingest.face_tracks import overlap

# Float pictures n x 3 x H x W (BGR less the mean) in, n x priors x 6 and more out: four numbers of the box, the chances
# of no face and of a face, and landmarks where there are any.
Predict = Callable[[NDArray[np.float32]], NDArray]
# Pictures of one shape in, for each its faces out.
Find = Callable[[Sequence[Pixels]], list[list[FaceBox]]]

MIN_FACE_PX = 10
PASS_PIXELS = 2**21
_MEAN_BGR = np.array([104, 117, 123], dtype=np.float32)
_SAME_PLACE_OVERLAP = 0.25


class PriorsDoNotFit(ValueError):
    """A network has given numbers for another count of priors than the picture has."""


class OnePassFaceLocator:
    """A face locator on a network that sees the whole picture at once; for any number of threads, one at a time.

    Args:
        find: the faces of pictures of one shape, in the pictures' own pixels; may leave the pictures.
        least_confidence: what a face must have to be believed.
        min_face_px: faces whose longer side is less are not named.
        pass_pixels: about as many pixels go through the network together.
    """

    def __init__(
        self, find: Find, *, least_confidence: float, min_face_px: int = MIN_FACE_PX, pass_pixels: int = PASS_PIXELS
    ) -> None:
        self.least_confidence = least_confidence
        self._find = find
        self._min_face_px = min_face_px
        self._pass_pixels = pass_pixels
        self._lock = threading.Lock()

    def locate(self, pictures: Sequence[Pixels], *, min_face_px: int | None = None) -> list[list[FaceBox]]:
        """For each picture (H x W x 3 uint8 RGB) its faces, the largest first, cut off where the picture ends."""
        least_px = max(self._min_face_px, min_face_px or 0)
        with self._lock:
            found = in_passes(pictures, self._find, most_pixels=self._pass_pixels)
        return [_shown(picture, boxes, least_px) for picture, boxes in zip(pictures, found, strict=True)]

    def confirm(self, pictures: Sequence[Pixels], expected: Sequence[FaceBox]) -> list[FaceBox | None]:
        """A look at the surroundings of each box alone; of what is found there, the face that lies most like it."""
        answers: list[FaceBox | None] = [None for _ in pictures]
        inside = [i for i, (picture, box) in enumerate(zip(pictures, expected, strict=True)) if _part(box, picture)]
        regions = [Region.around(expected[i], 0.0) for i in inside]
        cut = [region.cut(pictures[i]) for region, i in zip(regions, inside, strict=True)]
        with self._lock:
            found = in_passes(cut, self._find, most_pixels=self._pass_pixels)
        for i, region, boxes in zip(inside, regions, found, strict=True):
            back = [_part(region.back(box), pictures[i]) for box in boxes if box.confidence >= self.least_confidence]
            answers[i] = _most_like(expected[i], [box for box in back if box])
        return answers


def _shown(picture: Pixels, boxes: Sequence[FaceBox], least_px: int) -> list[FaceBox]:
    parts = [part for box in boxes if (part := _part(box, picture))]
    large = [box for box in parts if max(box.width_px, box.height_px) >= least_px]
    return sorted(large, key=lambda box: -box.width_px * box.height_px)


def _part(box: FaceBox, picture: Pixels) -> FaceBox | None:
    height, width = picture.shape[:2]
    return clipped(box, width, height)


def _most_like(expected: FaceBox, boxes: Sequence[FaceBox]) -> FaceBox | None:
    best = max(boxes, key=lambda box: overlap(expected, box), default=None)
    return best if best and overlap(expected, best) >= _SAME_PLACE_OVERLAP else None


def in_passes(pictures: Sequence[Pixels], find: Find, *, most_pixels: int = PASS_PIXELS) -> list[list[FaceBox]]:
    """The faces of pictures of any shape: those of one shape together, about ``most_pixels`` at a time."""
    answers: list[list[FaceBox]] = [[] for _ in pictures]
    for positions in _passes(pictures, most_pixels):
        for i, boxes in zip(positions, find([pictures[i] for i in positions]), strict=True):
            answers[i] = boxes
    return answers


def _passes(pictures: Sequence[Pixels], most_pixels: int) -> Iterator[list[int]]:
    by_shape: dict[tuple[int, ...], list[int]] = {}
    for i, picture in enumerate(pictures):
        by_shape.setdefault(picture.shape, []).append(i)
    for (height, width, _), positions in by_shape.items():
        together = max(1, most_pixels // (height * width))
        yield from (positions[at : at + together] for at in range(0, len(positions), together))


def less_mean(picture: Pixels) -> NDArray[np.float32]:
    """An RGB picture as H x W x 3 float32 in the order BGR, less the mean that these networks were trained with."""
    return picture[..., ::-1].astype(np.float32) - _MEAN_BGR


def channels_first(pictures: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Pictures H x W x 3 of one shape as one batch n x 3 x H x W."""
    return np.ascontiguousarray(np.stack(pictures).transpose(0, 3, 1, 2))


def face_boxes(edges_px: NDArray, chances: NDArray, landmarks_px: NDArray | None = None) -> list[FaceBox]:
    """Rows of left, top, right, bottom as face boxes, in their order; without those that are empty or not finite."""
    points: list[list[list[float]]] = [[]] * len(edges_px) if landmarks_px is None else landmarks_px.tolist()
    finite = np.asarray(np.isfinite(edges_px).all(axis=1))
    return [
        FaceBox(left, top, right, bottom, chance, tuple((x, y) for x, y in marks))
        for (left, top, right, bottom), chance, marks, good in zip(
            edges_px.tolist(), chances.tolist(), points, finite, strict=True
        )
        if good and right > left and bottom > top
    ]
