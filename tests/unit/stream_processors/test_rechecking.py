"""Faces near a word are scored again after mild re-encoding; clear ones cost nothing."""

import numpy as np
import pytest

from contracts.clips import FaceBox, FaceClip, FaceCrop
from stream_processors.rechecking import Recheck, recheck_of
from stream_processors.reencoding import filmed, scaled
from tests.support.cases import a_member
from tests.support.detectors import FakeDetector
from tests.support.media import astronaut

FACE = astronaut()[20:221, 120:321]


def a_crop(at: int = 0, *, track: int = 0, brightness: float = 1.0) -> FaceCrop:
    side = 200 - 2 * (at % 3)  # crops of one face differ in size
    pixels = (FACE[:side, :side] * brightness).astype(np.uint8)
    return FaceCrop(pixels, FaceBox(40, 40, 160, 160, 1.0), track, float(at), at)


def clips_of(count: int, *, track: int = 0, brightness: float = 1.0) -> list[FaceClip]:
    return [FaceClip("item", at, (a_crop(at, track=track, brightness=brightness),)) for at in range(count)]


def test_a_film_keeps_size_place_and_look_but_not_the_pixels():
    crops = [a_crop(at) for at in range(4)]
    after = filmed(crops)
    assert [crop.pixels.shape for crop in after] == [crop.pixels.shape for crop in crops]
    assert [(crop.box, crop.pts_s) for crop in after] == [(crop.box, crop.pts_s) for crop in crops]
    for before, now in zip(crops, after, strict=True):
        apart = np.abs(before.pixels.astype(int) - now.pixels).mean()
        assert 0.2 < apart < 8.0


def test_scaling_takes_the_box_along():
    (after,) = scaled([a_crop()])
    assert after.pixels.shape == (150, 150, 3)
    assert (after.box.left, after.box.bottom) == (pytest.approx(30), pytest.approx(120))


def test_some_clips_of_each_face_near_a_word_are_scored_again():
    recheck, detector = Recheck(member=a_member(), most_clips=3), FakeDetector()
    clips = [*clips_of(7), *clips_of(2, track=1)]
    again = recheck.scores(detector, clips, [0.9] * 7 + [0.001] * 2)
    assert sorted(again) == [0, 3, 6]
    assert detector.passes == [6]
    raw = detector.score(clips)
    for position, scores in again.items():
        assert scores == pytest.approx((raw[position], raw[position]), abs=0.02)


def test_clear_faces_cost_nothing():
    detector = FakeDetector()
    assert Recheck(member=a_member(), most_clips=3).scores(detector, clips_of(4), [0.01] * 4) == {}
    assert detector.passes == []


def test_only_calibrated_detectors_of_single_pictures_are_asked_again():
    assert recheck_of("telltale", 4) is not None
    assert recheck_of("telltale", 0) is None
    assert recheck_of("ntech", 4) is None
    assert recheck_of("nobody", 4) is None
