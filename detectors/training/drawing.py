"""Rules and a seeded generator in, what is drawn for one picture out: its face, capture chain, framing and finish.

The order of the draws is part of what a seed means: pairs and labelled examples draw by the same functions.
"""

from functools import partial

import numpy as np

from contracts.clips import Pixels
from detectors.training.capture_chain import CaptureChain, Step, cut_out_square, draw_chain
from detectors.training.configuration import Pairs
from detectors.training.faces import LocatedFace, mirrored, scaled, turned
from detectors.training.framing import Framing

_LEAST_CAPTURED_PX = 40.0


def varied(face: LocatedFace, rules: Pairs, rng: np.random.Generator) -> LocatedFace:
    """The face at a drawn size, now and then mirrored or turned."""
    low, high = np.log(rules.least_face_px), np.log(rules.most_face_px)
    aim_px = min(float(np.exp(rng.uniform(low, high))), rules.most_growth * face.size_px)
    face = scaled(face, aim_px / face.size_px)
    face = mirrored(face) if rng.random() < 0.5 else face
    return turned(face, float(rng.uniform(-12.0, 12.0))) if rng.random() < 0.3 else face


def drawn_chain(face: LocatedFace, rules: Pairs, rng: np.random.Generator) -> CaptureChain:
    """How the picture of ``face`` was taken and passed on; no chain makes the face smaller than can be judged."""
    least_scale = min(1.0, max(0.4, _LEAST_CAPTURED_PX / face.size_px))
    return draw_chain(rng, least_scale=least_scale, harshness=rules.harshness, hevc_share=rules.hevc_share)


def drawn_framing(rules: Pairs, rng: np.random.Generator) -> Framing:
    """A face box as a finder might have laid it."""
    shift_x, shift_y = rng.uniform(-0.05, 0.05, 2)
    margin = rules.margin + float(rng.uniform(-0.08, 0.08))
    return Framing(margin, (float(shift_x), float(shift_y)), float(rng.uniform(0.93, 1.08)))


def drawn_finish(rules: Pairs, rng: np.random.Generator) -> Step:
    """What is done to a view at last: nothing, or a square painted over."""
    if not rules.cut_out_share or rng.random() >= rules.cut_out_share:
        return _untouched
    left, top = (float(value) for value in rng.uniform(-0.1, 0.9, 2).clip(0.0))
    size = float(rng.uniform(0.1, 0.35))
    return partial(cut_out_square, left=left, top=top, size=size, grey=int(rng.integers(256)))


def _untouched(pixels: Pixels) -> Pixels:
    return pixels
