"""Located faces in, pairs of square views out: one genuine, one manipulated, through the same capture chain."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import cv2
import numpy as np

from contracts.clips import Pixels
from detectors.training.capture_chain import CaptureChain
from detectors.training.configuration import Family, Pairs
from detectors.training.drawing import drawn_chain, drawn_finish, drawn_framing, varied
from detectors.training.face_store import ClipFaces, PortraitFaces
from detectors.training.faces import LocatedFace, scaled
from detectors.training.families.face_regions import unevenly_focused
from detectors.training.families.face_swapping import swap_face
from detectors.training.families.mouth_replacement import replace_mouth, reshape_mouth
from detectors.training.families.rerendering import rerender
from detectors.training.families.resampling import resample
from detectors.training.families.self_blending import self_blend
from detectors.training.framing import Framing, framed_view

Forge = Callable[[LocatedFace, LocatedFace, np.random.Generator], Pixels]

FAMILIES: dict[Family, Forge] = {
    "self_blend": self_blend,
    "face_swap": swap_face,
    "mouth": replace_mouth,
    "mouth_warp": reshape_mouth,
    "resample": resample,
    "rerender": rerender,
}
_DONORS = 4
_TRIES = 8


@dataclass(frozen=True, eq=False, slots=True)
class Pair:
    """Two square RGB views of one size, alike in all but the manipulation of ``family``; ``person`` is seen in both."""

    genuine: Pixels
    manipulated: Pixels
    family: Family
    person: str


class PairSource(Protocol):
    """Anything that gives pairs by number."""

    def make(self, index: int) -> Pair: ...


class PairMaker:
    """Makes pair number ``index``; the same seed and index always give the same pair."""

    def __init__(self, portraits: PortraitFaces, footage: ClipFaces, rules: Pairs, *, seed: int) -> None:
        self._portraits, self._footage, self._rules, self._seed = portraits, footage, rules, seed
        total = sum(rules.families.values())
        self._families = tuple(rules.families)
        self._shares = [share / total for share in rules.families.values()]

    def growing(self, most_growth: float) -> "PairMaker":
        """A maker of the same pairs from faces that are shown at most ``most_growth`` times as large as they were."""
        rules = self._rules.model_copy(update={"most_growth": most_growth})
        return PairMaker(self._portraits, self._footage, rules, seed=self._seed)

    def make(self, index: int, *, family: Family | None = None, chain: CaptureChain | None = None) -> Pair:
        """Pair ``index``; a given family or capture chain takes the place of the drawn one."""
        rng = np.random.default_rng((self._seed, index))
        drawn: Family = self._families[int(rng.choice(len(self._families), p=self._shares))]
        face = self._drawn_face(rng)
        if self._rules.uneven_focus_share and rng.random() < self._rules.uneven_focus_share:
            face = face.with_pixels(unevenly_focused(face, rng))
        donor = self._drawn_donor(face, rng)
        forged = self._forged(FAMILIES[family or drawn], face, donor, rng)
        capture = drawn_chain(face, self._rules, rng)
        framing = drawn_framing(self._rules, rng)
        finish = drawn_finish(self._rules, rng)
        views = [finish(self._view(chain or capture, face, pixels, framing)) for pixels in (face.pixels, forged)]
        return Pair(views[0], views[1], family or drawn, face.person)

    def _forged(self, forge: Forge, face: LocatedFace, donor: LocatedFace, rng: np.random.Generator) -> Pixels:
        """Drawn again while nobody could see a change; after a few tries the most visible one is taken."""
        tries = [forge(face, donor, rng)]
        while visible_change(face, tries[-1]) < self._rules.least_difference and len(tries) < _TRIES:
            tries.append(forge(face, donor, rng))
        return max(tries, key=partial(visible_change, face))

    def _drawn_face(self, rng: np.random.Generator) -> LocatedFace:
        face = self._from_footage(rng) or self._portraits[int(rng.integers(len(self._portraits)))]
        return varied(face, self._rules, rng)

    def _from_footage(self, rng: np.random.Generator) -> LocatedFace | None:
        if not self._footage.clips or rng.random() >= self._rules.footage_share:
            return None
        name = self._footage.clips[int(rng.integers(len(self._footage.clips)))]
        return self._footage.any_of(name, float(rng.random()))

    def _drawn_donor(self, face: LocatedFace, rng: np.random.Generator) -> LocatedFace:
        """Of a few other people the one whose pose is closest; at the size of ``face``."""
        among = rng.integers(len(self._portraits), size=_DONORS).tolist()
        best = self._portraits.closest_in_pose(face.landmarks, among, other_than=face.person)
        return scaled(best, face.size_px / best.size_px)

    def _view(self, chain: CaptureChain, face: LocatedFace, pixels: Pixels, framing: Framing) -> Pixels:
        captured = chain(pixels)
        by = captured.shape[1] / pixels.shape[1]
        return framed_view(captured, face.box * by, framing, size_px=self._rules.input_px)


def visible_change(face: LocatedFace, forged: Pixels) -> float:
    """Grey levels by which the most changed hundredth of the face differs: next to nothing cannot be seen."""
    left, top, right, bottom = (max(0, round(float(edge))) for edge in face.box)
    inside = (slice(top, bottom), slice(left, right))
    apart = cv2.absdiff(face.pixels[inside], forged[inside])
    return float(np.quantile(apart.max(axis=2), 0.99)) if apart.size else 0.0
