"""The face boxes of each frame in, tubes of boxes that follow one face each out."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from contracts.clips import FaceBox
from detectors.systems.footage import Compat

LEAST_CONFIDENCE = 0.8
_MOST_TUBES = 2
_LEAST_OVERLAP = 0.5


@dataclass(frozen=True, slots=True)
class Box:
    """A face in whole pixels of its frame."""

    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A face of a tube: where it is, and in which of the sampled frames."""

    frame: int
    box: Box


Tube = list[Entry]


def whole(box: FaceBox) -> Box:
    """The box with its decimals cut off."""
    return Box(int(box.left), int(box.top), int(box.right), int(box.bottom))


def confident(boxes: Sequence[FaceBox]) -> list[Box]:
    """The boxes of a frame that the finder is sure of, in whole pixels, in their order."""
    return [whole(box) for box in boxes if box.confidence >= LEAST_CONFIDENCE]


def number_of_faces(frames: Sequence[Sequence[Box]], *, compat: Compat = "corrected") -> int:
    """How many faces most frames show; between equally frequent numbers the one that was met first.

    Frames without a face have no vote; in the published pipeline (``original``) they have, so that a face which is
    hidden half of the time counts as none.
    """
    counts = Counter(len(boxes) for boxes in frames if boxes or compat == "original")
    return counts.most_common(1)[0][0] if counts else 0


def overlap(one: Box, other: Box) -> float:
    """Intersection over union where the right and bottom pixels belong to a box."""
    width = min(one.right, other.right) - max(one.left, other.left) + 1
    height = min(one.bottom, other.bottom) - max(one.top, other.top) + 1
    both = max(0, width) * max(0, height)
    return both / max(1, _area(one) + _area(other) - both)


def _area(box: Box) -> int:
    return (box.right - box.left + 1) * (box.bottom - box.top + 1)


def tubes_of(frames: Sequence[Sequence[Box]]) -> list[Tube]:
    """All tubes in the order of their beginnings.

    A box goes on with the tube whose last box, however old, it overlaps most; with less than one half it begins a tube.
    A tube takes one box per frame: a second one that would join it is left out.
    """
    tubes: list[Tube] = []
    for frame, boxes in enumerate(frames):
        lasts = [tube[-1].box for tube in tubes]
        taken: set[int] = set()
        for box in boxes:
            best = _most_overlapped(box, lasts)
            if best is None:
                tubes.append([Entry(frame, box)])
            elif best not in taken:
                taken.add(best)
                tubes[best].append(Entry(frame, box))
    return tubes


def _most_overlapped(box: Box, lasts: Sequence[Box]) -> int | None:
    overlaps = [overlap(last, box) for last in lasts]
    best = max(overlaps, default=0.0)
    return overlaps.index(best) if best >= _LEAST_OVERLAP else None


def chosen_tubes(frames: Sequence[Sequence[Box]], *, compat: Compat = "corrected") -> list[Tube]:
    """The longest tubes, as many as there are faces (:func:`number_of_faces`) and at most two; none without a face."""
    longest = sorted(tubes_of(frames), key=len, reverse=True)
    return longest[: min(number_of_faces(frames, compat=compat), _MOST_TUBES)]


def at_every_frame(tube: Tube, frames: int) -> Tube:
    """For each of the ``frames`` sampled frames the entry of the tube nearest in time, the earlier one of two."""
    return [min(tube, key=lambda entry: abs(entry.frame - frame)) for frame in range(frames)]
