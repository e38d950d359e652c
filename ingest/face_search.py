"""Sampled frames in, the same frames with their face boxes out: full searches now and then, following in between."""

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from contracts.clips import FaceBox, Pixels
from ingest.decoded import SampledFrame
from ingest.face_locator import FaceLocator, clipped, moved, shrunken
from ingest.face_regions import REGION_PX, Region
from ingest.face_tracks import match, overlap
from ingest.sampling import TOLERANCE_S
from ingest.shot_cuts import is_cut, thumbnail

_LEAST_FACE_IN_REGION_PX = 28
_PLAIN_FACE_PX = 24  # in the shrunken copy
_ANCHOR_SLACK = 2.0  # faces move farther from anchor to anchor than from frame to frame
_GAP_BYTES = 256 * 2**20
_SAME_FACE_OVERLAP = 0.5
_SECOND_LOOK = 2.5  # times the long side, when a search found nothing


@dataclass(frozen=True)
class SearchRules:
    """How closely frames are looked at: every ``every``-th in full, shrunken to ``long_side_px``.

    Densely sampled frames resemble each other: full searches are at least ``apart_s`` seconds of media apart.
    """

    long_side_px: int
    every: int
    max_faces: int
    apart_s: float = 0.5


@dataclass(frozen=True, eq=False)
class LocatedFrame:
    """A frame, its faces (largest first, in its own pixels) and how they were found."""

    frame: SampledFrame
    boxes: tuple[FaceBox, ...]
    searched: bool
    after_cut: bool
    faces_found: int


@dataclass(eq=False)
class _Held:
    frame: SampledFrame
    thumb: Pixels
    after_cut: bool = False
    boxes: list[FaceBox] | None = None
    searched: bool = False


@dataclass
class FaceSearch:
    """Locates faces over the frames of one media item, holding few of them at a time.

    Anchors are searched in full: every k-th frame, the frames on both sides of a shot cut, and the last one. Between
    two anchors each face is looked for only around the place that the anchors on both sides suggest; a face that is
    not found there makes the frame an anchor too.
    """

    locator: FaceLocator
    rules: SearchRules
    count: Callable[[str, int], None] = lambda _kind, _n: None
    _fruitless: int = field(default=0, init=False)
    _long_side_px: int = field(default=0, init=False)
    _found_any: bool = field(default=False, init=False)

    def located(self, frames: Iterable[SampledFrame]) -> Iterator[LocatedFrame]:
        """Every frame with its faces, in order; holds the frames from one anchor to the next."""
        self._long_side_px = self.rules.long_side_px
        gap: list[_Held] = []
        for frame in frames:
            held = _held(frame, gap[-1] if gap else None)
            if held.after_cut:
                yield from self._close(gap)
                gap = []
            gap.append(held)
            if len(gap) == 1:
                self._search(held)
            elif self._is_wide(gap) or _bytes(gap) > _GAP_BYTES:
                yield from self._close(gap, and_answer_last=False)
                gap = gap[-1:]
        yield from self._close(gap)

    def _is_wide(self, gap: Sequence[_Held]) -> bool:
        lasts_s = gap[-1].frame.pts_s - gap[0].frame.pts_s
        return len(gap) > self.rules.every and lasts_s >= self.rules.apart_s - TOLERANCE_S

    def _close(self, gap: Sequence[_Held], *, and_answer_last: bool = True) -> Iterator[LocatedFrame]:
        """Search the last frame of a gap, whose first one has been searched, and follow the faces in between."""
        if not gap:
            return
        anchors = [0, len(gap) - 1] if len(gap) > 1 else [0]
        if gap[-1].boxes is None:
            self._search(gap[-1])
        self._mend(gap, anchors)
        while halves := self._middles_of_change(gap, anchors):
            for middle in halves:
                self._search(gap[middle])
            anchors = sorted([*anchors, *halves])
            self._mend(gap, anchors)
        self._follow(gap, anchors)
        for held in gap if and_answer_last else gap[:-1]:
            if held.boxes is None:
                self._search(held)
            yield self._answer(held)

    def _search(self, held: _Held) -> None:
        self.count("full", 1)
        held.searched = True
        held.boxes = self._look(held, self._long_side_px)
        if held.boxes:
            self._found_any = True
        elif not self._found_any:
            self._look_again(held)

    def _look(self, held: _Held, long_side_px: int) -> list[FaceBox]:
        picture = shrunken(held.frame.pixels, long_side_px)
        return self._sure(_in_frame(self.locator.locate([picture])[0], picture, held.frame.pixels))

    def _sure(self, boxes: Sequence[FaceBox]) -> list[FaceBox]:
        return [box for box in boxes if box.confidence >= self.locator.least_confidence]

    def _scale(self, held: _Held) -> float:
        """How much smaller the copy is that is searched."""
        return min(1.0, self._long_side_px / max(held.frame.pixels.shape))

    def _look_again(self, held: _Held) -> None:
        """Small faces vanish in the shrunken copy: look closer at fruitless searches number 1, 2, 4, 8 and so on."""
        self._fruitless += 1
        closer_px = round(self.rules.long_side_px * _SECOND_LOOK)
        is_power_of_two = self._fruitless & (self._fruitless - 1) == 0
        if not is_power_of_two or max(held.frame.pixels.shape) <= self.rules.long_side_px:
            return
        self.count("full", 1)
        held.boxes = self._look(held, closer_px)
        if held.boxes:
            self._found_any = True
            self._long_side_px = closer_px

    def _follow(self, gap: Sequence[_Held], anchors: Sequence[int]) -> None:
        """Look at the expected places of all frames between anchors at once."""
        asked: list[_Asked] = []
        for held, expected in _expectations(gap, anchors):
            held.boxes = []
            asked += [_Asked(held, face) for face in expected]
        self._confirm(asked)
        self._look_around([one for one in asked if one.box is None])
        for one in asked:
            one.settle()
        for held in gap:
            held.boxes = held.boxes and _without_doubles(held.boxes)

    def _mend(self, gap: Sequence[_Held], anchors: Sequence[int]) -> None:
        """A face that one anchor shows and the next one lacks is often there, and was just missed by the search."""
        asked: list[_Asked] = []
        for one, other in itertools.pairwise(gap[i] for i in anchors):
            gone, new = _unpaired(one.boxes or [], other.boxes or [])
            asked += [_Asked(other, _Expected(box, 0.0, certain=False)) for box in gone]
            asked += [_Asked(one, _Expected(box, 0.0, certain=False)) for box in new]
        self._confirm(asked)
        for one in asked:
            one.settle()
        for held in {id(one.held): one.held for one in asked}.values():
            held.boxes = _without_doubles(held.boxes or [])

    def _middles_of_change(self, gap: Sequence[_Held], anchors: Sequence[int]) -> list[int]:
        """Where a face comes or goes between two anchors, the frame in the middle shows more: halve until it is met.

        Faces near the limit of what the search can see flicker; they are not worth it.
        """
        return [
            (begin + end) // 2
            for begin, end in itertools.pairwise(anchors)
            if end - begin > 1 and self._changes(gap[begin], gap[end])
        ]

    def _changes(self, one: _Held, other: _Held) -> bool:
        gone, new = _unpaired(one.boxes or [], other.boxes or [])
        return any(box.height_px * self._scale(one) >= _PLAIN_FACE_PX for box in gone + new)

    def _confirm(self, asked: Sequence["_Asked"]) -> None:
        if not asked:
            return
        self.count("followed", len(asked))
        pictures = [one.held.frame.pixels for one in asked]
        for one, found in zip(asked, self.locator.confirm(pictures, [one.face.box for one in asked]), strict=True):
            one.take(self._sure([] if found is None else [found]))

    def _look_around(self, asked: Sequence["_Asked"]) -> None:
        """Search the surroundings, unless these are more pixels than the whole (shrunken) frame has."""
        asked = [one for one in asked if one.face.certain or self._is_worth_a_region(one.held, asked)]
        if not asked:
            return
        self.count("followed", len(asked))
        regions = [Region.around(one.face.box, one.face.drift_px) for one in asked]
        cut = [region.cut(one.held.frame.pixels) for region, one in zip(regions, asked, strict=True)]
        answers = self.locator.locate(cut, min_face_px=_LEAST_FACE_IN_REGION_PX)
        for one, region, found in zip(asked, regions, answers, strict=True):
            one.take(self._sure([region.back(box) for box in found]))

    def _is_worth_a_region(self, held: _Held, asked: Sequence["_Asked"]) -> bool:
        height, width = held.frame.pixels.shape[:2]
        return sum(one.held is held for one in asked) * REGION_PX**2 <= height * width * self._scale(held) ** 2

    def _answer(self, held: _Held) -> LocatedFrame:
        boxes = sorted(held.boxes or [], key=lambda box: -box.width_px * box.height_px)
        return LocatedFrame(
            frame=held.frame,
            boxes=tuple(boxes[: self.rules.max_faces]),
            searched=held.searched,
            after_cut=held.after_cut,
            faces_found=len(boxes),
        )


def _held(frame: SampledFrame, before: _Held | None) -> _Held:
    thumb = thumbnail(frame.pixels)
    return _Held(frame, thumb, after_cut=before is not None and is_cut(before.thumb, thumb))


def _bytes(gap: Sequence[_Held]) -> int:
    return sum(held.frame.pixels.nbytes for held in gap)


@dataclass(frozen=True)
class _Expected:
    """Where a face should be; ``certain`` when the anchors on both sides show it."""

    box: FaceBox
    drift_px: float
    certain: bool


@dataclass(eq=False)
class _Asked:
    """One expected face of one frame, and the box that was found for it."""

    held: _Held
    face: _Expected
    box: FaceBox | None = None

    def take(self, found: Sequence[FaceBox]) -> None:
        """Keep the box that fits best, if any is sure and fits."""
        height, width = self.held.frame.pixels.shape[:2]
        inside = [box for one in found if (box := clipped(one, width, height)) is not None]
        best = match([self.face.box], inside)
        self.box = inside[best[0][1]] if best else None

    def settle(self) -> None:
        """Note the box; a followed face that is lost leaves the frame to a full search."""
        if self.box is None and self.face.certain:
            self.held.boxes = None
        elif self.box is not None and self.held.boxes is not None:
            self.held.boxes.append(self.box)


def _expectations(gap: Sequence[_Held], anchors: Sequence[int]) -> Iterator[tuple[_Held, list[_Expected]]]:
    for begin, end in itertools.pairwise(anchors):
        before, after = gap[begin].boxes or [], gap[end].boxes or []
        pairs = match(before, after, slack=math.inf)
        lone = _lone(before, {i for i, _ in pairs}) + _lone(after, {j for _, j in pairs})
        for k in range(begin + 1, end):
            share = _share_of_time(gap[begin], gap[k], gap[end])
            both = [_between(before[i], after[j], share) for i, j in pairs]
            yield gap[k], [*both, *(_Expected(box, 0.5 * box.width_px, certain=False) for box in lone)]


def _share_of_time(begin: _Held, between: _Held, end: _Held) -> float:
    """How much of the time between two frames has passed; sampling in bursts leaves uneven gaps."""
    whole_s = end.frame.pts_s - begin.frame.pts_s
    return (between.frame.pts_s - begin.frame.pts_s) / whole_s if whole_s > 0 else 0.5


def _unpaired(before: Sequence[FaceBox], after: Sequence[FaceBox]) -> tuple[list[FaceBox], list[FaceBox]]:
    pairs = match(before, after, slack=_ANCHOR_SLACK)
    return _lone(before, {i for i, _ in pairs}), _lone(after, {j for _, j in pairs})


def _lone(boxes: Sequence[FaceBox], paired: set[int]) -> list[FaceBox]:
    return [box for i, box in enumerate(boxes) if i not in paired]


def _between(one: FaceBox, other: FaceBox, share: float) -> _Expected:
    def mix(a: float, b: float) -> float:
        return a + (b - a) * share

    box = FaceBox(
        left=mix(one.left, other.left),
        top=mix(one.top, other.top),
        right=mix(one.right, other.right),
        bottom=mix(one.bottom, other.bottom),
        confidence=min(one.confidence, other.confidence),
    )
    drift_px = max(abs(one.left - other.left), abs(one.top - other.top)) / 2
    return _Expected(box, drift_px, certain=True)


def _in_frame(boxes: Sequence[FaceBox], picture: Pixels, pixels: Pixels) -> list[FaceBox]:
    height, width = pixels.shape[:2]
    scale = (width / picture.shape[1], height / picture.shape[0])
    grown = (clipped(moved(box, by=(0.0, 0.0), scale=scale), width, height) for box in boxes)
    return [box for box in grown if box is not None]


def _without_doubles(boxes: Sequence[FaceBox]) -> list[FaceBox]:
    """Two regions may show the same face: the surer box stays."""
    kept: list[FaceBox] = []
    for box in sorted(boxes, key=lambda b: -b.confidence):
        if all(overlap(box, other) < _SAME_FACE_OVERLAP for other in kept):
            kept.append(box)
    return kept
