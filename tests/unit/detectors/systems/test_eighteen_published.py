"""The published pipeline of eighteen from footage to score, with stand-ins for finder and networks."""

import math
from collections.abc import Sequence

import numpy as np
import pytest

from contracts.clips import FaceBox, Pixels
from detectors.systems.eighteen.published import FINDER, published_score
from detectors.systems.footage import Compat
from tests.support.eighteen import BrightnessNetworks


class FlatFootage:
    """Frames of 80 x 60 px, each of one brightness; ``None`` cannot be decoded."""

    frames_per_second = 25.0

    def __init__(self, levels: Sequence[int | None]) -> None:
        self.levels = levels
        self.read: list[int] = []

    @property
    def frame_count(self) -> int:
        return len(self.levels)

    def frame(self, index: int) -> Pixels | None:
        self.read.append(index)
        level = self.levels[index]
        return None if level is None else np.full((60, 80, 3), level, dtype=np.uint8)


def one_face(pictures: Sequence[Pixels]) -> list[list[FaceBox]]:
    """A face in every picture that is not black."""
    assert 1 <= len(pictures) <= 8
    return [[FaceBox(20.5, 10.5, 50.5, 45.5, 0.99)] if picture.any() else [] for picture in pictures]


def brightness_score(level: float) -> float:
    return 1.0 / (1.0 + math.exp(-4.0 * (level / 255.0 - 0.5)))


def test_a_video_of_one_face_gets_the_score_of_its_brightness():
    got = published_score(FlatFootage([153] * 6), one_face, BrightnessNetworks())
    assert got.value == pytest.approx(brightness_score(153), abs=1e-5)
    assert got.faces == 6


def test_long_videos_are_read_in_even_steps():
    footage = FlatFootage([0] * 161)
    published_score(footage, one_face, BrightnessNetworks())
    assert footage.read == list(range(0, 161, 2))


def test_frames_without_the_face_show_the_nearest_frame_that_has_it():
    networks = BrightnessNetworks()
    got = published_score(FlatFootage([153, 0, 153, 153, 0, 153, 153]), one_face, networks)
    assert networks.shapes["sf"] == [(1, 3, 7, 256, 256)]
    assert got.value == pytest.approx(brightness_score(153), abs=1e-5)


@pytest.mark.parametrize(("compat", "frames"), [("corrected", 6), ("original", 5)])
def test_broken_frames_are_left_out_where_the_original_stops_at_the_first(compat: Compat, frames: int):
    networks = BrightnessNetworks()
    published_score(FlatFootage([153] * 5 + [None, 153]), one_face, networks, compat=compat)
    assert networks.shapes["sf"] == [(1, 3, frames, 256, 256)]


@pytest.mark.parametrize(("compat", "asked"), [("corrected", 11), ("original", 4)])
def test_short_videos_are_scored_by_all_networks_where_the_original_asks_only_four(compat: Compat, asked: int):
    networks = BrightnessNetworks()
    got = published_score(FlatFootage([153] * 3), one_face, networks, compat=compat)
    assert got.value == pytest.approx(brightness_score(153), abs=1e-5)
    assert sum(bool(shapes) for shapes in networks.shapes.values()) == asked


@pytest.mark.parametrize(
    ("levels", "why"), [([], "no frame"), ([None] * 9, "no frame"), ([0] * 9, "no face")]
)  # fmt: skip
def test_what_cannot_be_assessed_has_no_score_where_the_original_says_one_half(levels: list[int | None], why: str):
    got = published_score(FlatFootage(levels), one_face, BrightnessNetworks())
    assert got.value is None
    assert why in got.detail
    assert published_score(FlatFootage(levels), one_face, BrightnessNetworks(), compat="original").value == 0.5


def test_a_face_that_is_hidden_half_of_the_time_is_only_missed_by_the_original():
    footage = FlatFootage([0, 0, 0, 153, 153])
    assert published_score(footage, one_face, BrightnessNetworks()).value is not None
    original = published_score(footage, one_face, BrightnessNetworks(), compat="original")
    assert (original.value, original.faces) == (0.5, 0)


def test_the_finder_is_the_small_retinaface():
    assert FINDER.name == "retinaface_mobilenet025"
