"""Located faces in, pairs of square views out: one genuine, one manipulated, through the same capture chain."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

import cv2
import numpy as np

from contracts.clips import Pixels
from detectors.training.capture_chain import CaptureChain, Step, cut_out_square, draw_chain
from detectors.training.configuration import Family, Pairs
from detectors.training.face_store import ClipFaces, PortraitFaces
from detectors.training.faces import LocatedFace, mirrored, scaled
from detectors.training.families.face_regions import unevenly_focused
from detectors.training.families.face_swapping import swap_face
from detectors.training.families.mouth_replacement import replace_mouth
from detectors.training.families.rerendering import rerender
from detectors.training.families.resampling import resample
from detectors.training.families.self_blending import self_blend
from detectors.training.framing import Framing, framed_view

Forge = Callable[[LocatedFace, LocatedFace, np.random.Generator], Pixels]

FAMILIES: dict[Family, Forge] = {
    "self_blend": self_blend,
    "face_swap": swap_face,
    "mouth": replace_mouth,
    "resample": resample,
    "rerender": rerender,
}
_DONORS = 4
_MOST_GROWTH = 2.5
_LEAST_CAPTURED_PX = 40.0
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

    def make(self, index: int, *, family: Family | None = None, chain: CaptureChain | None = None) -> Pair:
        """Pair ``index``; a given family or capture chain takes the place of the drawn one."""
        rng = np.random.default_rng((self._seed, index))
        drawn: Family = self._families[int(rng.choice(len(self._families), p=self._shares))]
        face = self._drawn_face(rng)
        if self._rules.uneven_focus_share and rng.random() < self._rules.uneven_focus_share:
            face = face.with_pixels(unevenly_focused(face, rng))
        donor = self._drawn_donor(face, rng)
        forged = self._forged(FAMILIES[family or drawn], face, donor, rng)
        capture = self._drawn_chain(face, rng)
        framing = self._drawn_framing(rng)
        finish = self._drawn_finish(rng)
        views = [finish(self._view(chain or capture, face, pixels, framing)) for pixels in (face.pixels, forged)]
        return Pair(views[0], views[1], family or drawn, face.person)

    def _forged(self, forge: Forge, face: LocatedFace, donor: LocatedFace, rng: np.random.Generator) -> Pixels:
        """Drawn again while nobody could see a change; after a few tries the most visible one is taken."""
        tries = [forge(face, donor, rng)]
        while visible_change(face, tries[-1]) < self._rules.least_difference and len(tries) < _TRIES:
            tries.append(forge(face, donor, rng))
        return max(tries, key=partial(visible_change, face))

    def _drawn_chain(self, face: LocatedFace, rng: np.random.Generator) -> CaptureChain:
        least_scale = min(1.0, max(0.4, _LEAST_CAPTURED_PX / face.size_px))
        rules = self._rules
        return draw_chain(rng, least_scale=least_scale, harshness=rules.harshness, hevc_share=rules.hevc_share)

    def _drawn_finish(self, rng: np.random.Generator) -> Step:
        """What is done to both views at last: nothing, or a square painted over."""
        if not self._rules.cut_out_share or rng.random() >= self._rules.cut_out_share:
            return _untouched
        left, top = (float(value) for value in rng.uniform(-0.1, 0.9, 2).clip(0.0))
        size = float(rng.uniform(0.1, 0.35))
        return partial(cut_out_square, left=left, top=top, size=size, grey=int(rng.integers(256)))

    def _drawn_face(self, rng: np.random.Generator) -> LocatedFace:
        face = self._from_footage(rng) or self._portraits[int(rng.integers(len(self._portraits)))]
        low, high = np.log(self._rules.least_face_px), np.log(self._rules.most_face_px)
        aim_px = min(float(np.exp(rng.uniform(low, high))), _MOST_GROWTH * face.size_px)
        face = scaled(face, aim_px / face.size_px)
        face = mirrored(face) if rng.random() < 0.5 else face
        return turned(face, float(rng.uniform(-12.0, 12.0))) if rng.random() < 0.3 else face

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

    def _drawn_framing(self, rng: np.random.Generator) -> Framing:
        shift_x, shift_y = rng.uniform(-0.05, 0.05, 2)
        margin = self._rules.margin + float(rng.uniform(-0.08, 0.08))
        return Framing(margin, (float(shift_x), float(shift_y)), float(rng.uniform(0.93, 1.08)))

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


def _untouched(pixels: Pixels) -> Pixels:
    return pixels


def turned(face: LocatedFace, degrees: float) -> LocatedFace:
    """The face turned around the middle of its box, which stays where it is."""
    height, width = face.pixels.shape[:2]
    middle = ((face.box[0] + face.box[2]) / 2.0, (face.box[1] + face.box[3]) / 2.0)
    matrix = cv2.getRotationMatrix2D((float(middle[0]), float(middle[1])), degrees, 1.0)
    pixels = cv2.warpAffine(face.pixels, matrix, (width, height), borderMode=cv2.BORDER_REFLECT_101).astype(np.uint8)
    points = face.landmarks @ matrix[:, :2].T.astype(np.float32) + matrix[:, 2].astype(np.float32)
    return replace(face, pixels=pixels, landmarks=points)
