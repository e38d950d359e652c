"""Labelled media with their crops in, single examples out: views through the same capture chains as those of pairs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from contracts.clips import Pixels
from detectors.training.configuration import Pairs
from detectors.training.drawing import drawn_chain, drawn_finish, drawn_framing, varied
from detectors.training.faces import LocatedFace
from detectors.training.families.face_regions import unevenly_focused
from detectors.training.framing import framed_view
from detectors.training.labelled.crop_cache import Crops
from detectors.training.labelled.media import LabelledMedia

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
        view = drawn_finish(self._rules, rng)(self._captured(face, rng))
        return Example(view, one.media.manipulated, one.media.identity, one.media.family)

    def _varied(self, face: LocatedFace, rng: np.random.Generator) -> LocatedFace:
        face = varied(face, self._rules, rng)
        if self._rules.uneven_focus_share and rng.random() < self._rules.uneven_focus_share:
            return face.with_pixels(unevenly_focused(face, rng))
        return face

    def _captured(self, face: LocatedFace, rng: np.random.Generator) -> Pixels:
        captured = drawn_chain(face, self._rules, rng)(face.pixels)
        by = captured.shape[1] / face.pixels.shape[1]
        return framed_view(captured, face.box * by, drawn_framing(self._rules, rng), size_px=self._rules.input_px)
