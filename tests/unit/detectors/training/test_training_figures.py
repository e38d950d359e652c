"""Figures mean what they say: areas, intervals, rates, tracks, thresholds."""

from datetime import UTC, datetime

import numpy as np
import pytest
import torch
from torch import nn

from detectors.calibration import sigmoid
from detectors.training.faces import LocatedFace
from detectors.training.fitting import fit_calibration, limit_for, probabilities
from detectors.training.measuring.areas import auc, auc_interval, log_loss, logits_of, share_at_or_above
from detectors.training.measuring.clip_scores import track_score, tracks_of
from detectors.training.measuring.forged_clips import forged
from tests.support.portraits import BOX, LANDMARKS, a_face

RANDOM = np.random.default_rng(0)


def test_the_area_counts_pairs_in_the_right_order():
    assert auc([0.0, 1.0], [2.0, 3.0]) == 1.0
    assert auc([0.0, 2.0], [1.0, 3.0]) == 0.75
    with pytest.raises(ValueError, match="both classes"):
        auc([], [1.0])


def test_the_interval_holds_the_area_and_is_wider_for_fewer_people():
    genuine, manipulated = RANDOM.normal(0.0, 1.0, 120), RANDOM.normal(1.0, 1.0, 120)
    many = auc_interval(genuine, manipulated, [str(at) for at in range(120)])
    few = auc_interval(genuine, manipulated, [str(at % 6) for at in range(120)])
    assert many[0] < auc(genuine, manipulated) < many[1]
    assert few[0] <= few[1]
    one = auc_interval(genuine, manipulated, ["same"] * 120)
    assert one[0] == one[1] == auc(genuine, manipulated)


def test_rates_count_the_limit_itself():
    assert share_at_or_above([0.1, 0.5, 0.9, 0.2], 0.5) == 0.5
    with pytest.raises(ValueError, match="no items"):
        share_at_or_above([], 0.5)


def test_saying_one_half_costs_the_logarithm_of_two():
    assert log_loss([0.5, 0.5], [True, False]) == pytest.approx(np.log(2.0))
    assert log_loss([0.0], [True]) < 14.0, "a certain mistake stays finite"


def test_logits_keep_the_order_over_several_passes():
    class Mean(nn.Module):
        def forward(self, pictures: torch.Tensor) -> torch.Tensor:
            return pictures.mean(dim=(1, 2, 3))

    views = [np.full((8, 8, 3), level, np.uint8) for level in range(0, 250, 5)]
    logits = logits_of(Mean().eval(), views)
    assert len(logits) == 50
    assert (np.diff(logits) > 0).all()
    assert len(logits_of(Mean().eval(), [])) == 0


def face_at(left: float, level: int) -> LocatedFace:
    return LocatedFace(np.full((130, 120, 3), level, np.uint8), BOX, LANDMARKS, corner=(int(left), 0))


def brightness(faces: list[LocatedFace]) -> np.ndarray:
    return np.array([float(face.pixels.mean()) for face in faces])


def test_faces_that_overlap_are_one_track():
    faces = [face_at(0, 10), face_at(300, 90), face_at(5, 20), face_at(310, 110)]
    assert tracks_of(faces) == [[0, 2], [1, 3]]


def test_the_highest_track_of_a_clip_counts_unless_it_is_a_flash():
    steady = [face_at(0, 50) for _ in range(10)]
    other = [face_at(300, 90) for _ in range(6)]
    flash = [face_at(700, 250)]
    faces = [*steady, *other, *flash]
    logit, count = track_score(faces, brightness(faces))
    assert (logit, count) == (pytest.approx(90.0), 6)
    with pytest.raises(ValueError, match="no score"):
        track_score([], np.zeros(0))


def test_a_forged_clip_is_forged_alike_in_every_frame_but_for_a_tremble():
    clip = [a_face(seed=1), a_face(seed=1)]
    one, two = (made.pixels.astype(int) for made in forged(clip, a_face(seed=2), "face_swap", seed=4))
    from_clip, apart = np.abs(one - clip[0].pixels).mean(), np.abs(one - two).mean()
    assert 0.0 < apart < 0.25 * from_clip


def test_calibration_finds_the_line_that_made_the_items():
    logits = RANDOM.normal(0.0, 3.0, 4000)
    manipulated = RANDOM.random(4000) < np.array([sigmoid(0.5 * value - 1.0) for value in logits])
    at = datetime(2026, 11, 21, tzinfo=UTC)
    line = fit_calibration(logits[~manipulated].tolist(), logits[manipulated].tolist(), name="x", fitted_on="y", at=at)
    assert line.a == pytest.approx(0.5, abs=0.06)
    assert line.b == pytest.approx(-1.0, abs=0.12)
    assert line.prior == pytest.approx(manipulated.mean(), abs=1e-3)
    assert (line.n_items, line.expires_at.year) == (4000, 2027)
    low, high = probabilities(line, [-4.0, 6.0])
    assert low < 0.1 < 0.8 < high


def test_a_limit_keeps_the_promised_rate():
    values = np.linspace(0.0, 1.0, 101).tolist()
    for rate in (0.1, 0.02):
        limit = limit_for(values, rate)
        assert share_at_or_above(values, limit) <= rate < share_at_or_above(values, limit - 0.02)
    assert limit_for([1.0, 1.0], 0.1) == 1.0
    with pytest.raises(ValueError, match="genuine items"):
        limit_for([], 0.1)
