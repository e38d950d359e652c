"""Golden fixtures of selimsef: its inner features, and the cases of sampling, letterbox, strategy and odd videos."""

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from numpy.typing import ArrayLike
from timm.models import EfficientNet
from torch import Tensor

from contracts.clips import FaceBox, Pixels
from detectors.pooling import confident
from detectors.systems.footage import PublishedScore
from detectors.systems.selimsef.crops import letterbox_of, letterboxed
from detectors.systems.selimsef.networks import MEMBERS
from detectors.systems.selimsef.published import published_score
from detectors.systems.selimsef.sampling import read_frames, wanted_frames
from tests.parity.line import RELATIVE, Line, compared, equal

_SAME = 1e-9
_SINGLE_PRECISION = 1e-6
_FRAME_PX = 60


def _forward(module: EfficientNet, batch: Tensor, fixture: dict) -> Tensor:
    """The logits; the features on the way must have the statistics that the fixture states."""
    features = module.forward_features(batch)
    stated = fixture.get("checks", {}).get(str(fixture["seed"]), {})
    for name, wanted in stated.items():
        line = compared(name, _FEATURE[name](features), wanted)
        if not line.ok:
            raise ValueError(str(line))
    return module.forward_head(features)


_FEATURE: dict[str, Callable[[Tensor], ArrayLike]] = {
    "encoder_features_shape": lambda features: list(features.shape),
    "encoder_features_mean": lambda features: float(features.mean()),
    "encoder_features_std": lambda features: float(features.std()),
    "pooled_first8_row0": lambda features: features.mean(dim=(2, 3))[0, :8].tolist(),
}
FORWARDS = {"efficientnet_b7": _forward}


def _strategy(cases: Sequence[dict]) -> Iterator[Line]:
    for at, case in enumerate(cases):
        if case["preds"]:
            yield compared(f"confident strategy {at}", confident(case["preds"]), case["score"], relative=_SAME)
        else:  # the original's mean of nothing is not a number; ours refuses
            yield equal(
                f"confident strategy {at}, of nothing", case["score"] is None or math.isnan(case["score"]), True
            )


def _letterbox(cases: Sequence[dict]) -> Iterator[Line]:
    for case in cases:
        height, width = case["crop_hw"]
        place = letterbox_of(height, width)
        ours = [place.height_px, place.width_px], place.top, place.left, place.interpolation
        theirs = case["resized_hw"], case["top"], case["left"], case["interpolation"]
        yield equal(f"letterbox of {height} x {width}", ours, theirs)
        yield equal(f"letterbox of {height} x {width}, drawn", _drawn(height, width), theirs[:3])


def _drawn(height: int, width: int) -> tuple[list[int], int, int]:
    """Size, top and left of what a white crop covers of the canvas."""
    rows, columns = np.nonzero(letterboxed(np.full((height, width, 3), 255, np.uint8)).all(axis=2))
    top, left = int(rows.min()), int(columns.min())
    return [int(rows.max()) + 1 - top, int(columns.max()) + 1 - left], top, left


def _frames(cases: Sequence[dict]) -> Iterator[Line]:
    for case in cases:
        count = case["frame_count"]
        yield equal(f"frames wanted of {count}", wanted_frames(count), case["wanted"] or [])
        yield equal(f"frames read of {count}", read_frames(count, compat="original"), case["actually_read"] or [])


class _Footage:
    """Grey frames, enough of them that every wanted one is another."""

    frame_count = 64
    frames_per_second = 25.0

    def frame(self, index: int) -> Pixels:
        return np.full((_FRAME_PX, _FRAME_PX, 3), index, np.uint8)


def _edges(cases: dict[str, dict]) -> Iterator[Line]:
    for name, case in cases.items():
        result = _constant_video(int(name.removeprefix("faces=")), case["constant_logit"])
        value = math.nan if result.value is None else result.value
        yield compared(f"video of {name}", value, case["score"], relative=_SINGLE_PRECISION)
        yield equal(f"video of {name}, faces scored", result.faces, case["faces_fed"])


def _constant_video(faces: int, logit: float) -> PublishedScore:
    """What the published pipeline says of so many faces, all in the first frame, when every logit is the same."""
    box = FaceBox(5.0, 5.0, 20.0, 20.0, 1.0)
    per_frame = iter([[box] * faces])
    networks: dict[str, Callable[[Tensor], Tensor]] = {}
    for member in MEMBERS:
        networks[member] = lambda batch: torch.full((len(batch), 1), logit)
    return published_score(
        _Footage(), lambda pictures: [next(per_frame, []) for _ in pictures], networks, compat="original"
    )


_PARTS: dict[str, Callable] = {
    "confident_strategy": _strategy,
    "letterbox": _letterbox,
    "frame_indices": _frames,
    "edge_cases": _edges,
}


def _aggregation(fixture: dict) -> Iterator[Line]:
    """Every part of the file; a part that we do not know is a failed line, not a silent one."""
    for name, part in fixture.items():
        if name in _PARTS:
            yield from _PARTS[name](part)
        elif isinstance(part, (list, dict)):
            yield Line(f"unknown part {name}", math.inf, RELATIVE)


CASES = {"selimsef_aggregation": _aggregation}
