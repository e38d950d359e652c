"""Faces near a word are scored again after mild re-encoding; clear ones cost nothing."""

from pathlib import Path

import numpy as np
import pytest

import detectors
from contracts.clips import FaceBox, FaceClip, FaceCrop
from detectors.calibration import logit, sigmoid
from detectors.calibration.false_alarms import FalseAlarms
from detectors.calibration.stored import StoredCalibration, write
from detectors.cards import Thresholds
from stream_processors.gates import thresholds_of
from stream_processors.policy import DEFAULT_POLICY
from stream_processors.rechecking import Recheck, recheck_of
from stream_processors.reencoding import filmed, scaled
from stream_processors.reencoding_shift import reencoding_shift
from tests.support.cases import a_calibration, a_member
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


def test_what_counts_as_near_was_measured():
    shift = reencoding_shift()
    assert shift.command.startswith("python -m telltale.measure_stability")
    assert 0.0 < shift.p50 <= shift.p95 <= shift.p99
    lower, _ = thresholds_of([a_member()], DEFAULT_POLICY)
    edge = logit(lower) - shift.p95
    recheck = Recheck(member=a_member(calibration=a_calibration(n_items=10**6)), most_clips=1)
    for offset, tried in ((0.05, [0]), (-0.05, [])):
        raw = [float(sigmoid(edge + offset))]
        assert sorted(recheck.scores(FakeDetector(), clips_of(1), raw)) == tried


def test_the_calibration_of_this_machine_counts(tmp_path: Path):
    card = detectors.card("telltale")
    sha256 = detectors.create("telltale", weights=tmp_path).weights_sha256
    fit = a_calibration(a=0.5, b=1.0).model_copy(update={"weights_sha256": sha256})
    told = {"measured": 0.01, "bound": 0.04, "items": 100, "sources": 40, "effective_items": 60.0, "hits": 0.5}
    stored = StoredCalibration(
        detector="telltale",
        version=card.spec.version,
        calibration=fit,
        thresholds=Thresholds(lower=0.2, upper=0.9, chosen_by="false alarms"),
        lower=FalseAlarms(limit=0.2, wanted=0.1, **told),
        upper=FalseAlarms(limit=0.9, wanted=0.02, **told),
        reported_on="5 folds",
        honesty=(),
        command="telltale calibrate",
    )
    write(stored, tmp_path)
    here, of_card = recheck_of("telltale", 4, tmp_path), recheck_of("telltale", 4)
    assert here is not None
    assert of_card is not None
    assert (here.member.calibration, here.member.thresholds) == (fit, (0.2, 0.9))
    assert of_card.member.calibration != fit
