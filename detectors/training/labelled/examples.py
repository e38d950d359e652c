"""Labelled media with their crops in, single examples out: views through the same capture chains as those of pairs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from contracts.clips import Pixels
from detectors.training.capture_chain import cut_out_square, draw_chain
from detectors.training.configuration import Pairs
from detectors.training.faces import LocatedFace, mirrored, scaled
from detectors.training.families.face_regions import unevenly_focused
from detectors.training.framing import Framing, framed_view
from detectors.training.labelled.crop_cache import Crops
from detectors.training.labelled.media import LabelledMedia
from detectors.training.pairs import turned

_MOST_GROWTH = 2.5
_LEAST_CAPTURED_PX = 40.0
# Keeps the draws of examples apart from those of pairs, which are seeded by (seed, number).
_STREAM = 0x1ABE1


@dataclass(frozen=True, eq=False, slots=True)
class Example:
    """One square RGB view with its truth; ``family`` is the kind of manipulation where the collection names it."""

    view: Pixels
    manipulated: bool
    identity: str
    family: str | None


class ExampleSource(Protocol):
    """Anything that gives labelled examples by number; ``manipulated_share`` of them are manipulated."""

    @property
    def manipulated_share(self) -> float: ...

    def example(self, index: int) -> Example: ...


@dataclass(frozen=True, slots=True)
class FoundMedia:
    """One file with at least one face."""

    media: LabelledMedia
    crops: Crops


class LabelledFaces:
    """Gives example number ``index``; the same seed and number always give the same example.

    A file is drawn first, then one of its faces, so that long videos do not count more. ``balanced`` examples are
    genuine for even and manipulated for odd numbers; otherwise classes come in the share of their files.
    """

    def __init__(self, found: Sequence[FoundMedia], rules: Pairs, *, seed: int, balanced: bool = True) -> None:
        """Raises ``ValueError`` when there is nothing to draw from: no file, or balanced with one class missing."""
        self._all, self._rules, self._seed, self._balanced = tuple(found), rules, seed, balanced
        self._classes = tuple(tuple(one for one in found if one.media.manipulated == truth) for truth in (False, True))
        if not all(self._classes if balanced else (self._all,)):
            raise ValueError("there are no faces of genuine or of manipulated media to draw from")

    @property
    def manipulated_share(self) -> float:
        """How many of the examples are manipulated, in the long run."""
        return 0.5 if self._balanced else len(self._classes[1]) / len(self._all)

    def example(self, index: int) -> Example:
        """Example ``index``, side ``input_px`` of the rules. Raises ``FileNotFoundError`` for a crop that is gone."""
        rng = np.random.default_rng((self._seed, index, _STREAM))
        pool = self._classes[index % 2] if self._balanced else self._all
        one = pool[int(rng.integers(len(pool)))]
        face = self._varied(one.crops.face(int(rng.integers(len(one.crops.lines)))), rng)
        view = self._finished(self._captured(face, rng), rng)
        return Example(view, one.media.manipulated, one.media.identity, one.media.family)

    def _varied(self, face: LocatedFace, rng: np.random.Generator) -> LocatedFace:
        low, high = np.log(self._rules.least_face_px), np.log(self._rules.most_face_px)
        aim_px = min(float(np.exp(rng.uniform(low, high))), _MOST_GROWTH * face.size_px)
        face = scaled(face, aim_px / face.size_px)
        face = mirrored(face) if rng.random() < 0.5 else face
        face = turned(face, float(rng.uniform(-12.0, 12.0))) if rng.random() < 0.3 else face
        if self._rules.uneven_focus_share and rng.random() < self._rules.uneven_focus_share:
            return face.with_pixels(unevenly_focused(face, rng))
        return face

    def _captured(self, face: LocatedFace, rng: np.random.Generator) -> Pixels:
        rules, least_scale = self._rules, min(1.0, max(0.4, _LEAST_CAPTURED_PX / face.size_px))
        chain = draw_chain(rng, least_scale=least_scale, harshness=rules.harshness, hevc_share=rules.hevc_share)
        captured = chain(face.pixels)
        by = captured.shape[1] / face.pixels.shape[1]
        shift_x, shift_y = rng.uniform(-0.05, 0.05, 2)
        margin = rules.margin + float(rng.uniform(-0.08, 0.08))
        framing = Framing(margin, (float(shift_x), float(shift_y)), float(rng.uniform(0.93, 1.08)))
        return framed_view(captured, face.box * by, framing, size_px=rules.input_px)

    def _finished(self, view: Pixels, rng: np.random.Generator) -> Pixels:
        """The view, or the view with a square painted over."""
        if not self._rules.cut_out_share or rng.random() >= self._rules.cut_out_share:
            return view
        left, top = (float(value) for value in rng.uniform(-0.1, 0.9, 2).clip(0.0))
        size = float(rng.uniform(0.1, 0.35))
        return cut_out_square(view, left=left, top=top, size=size, grey=int(rng.integers(256)))
