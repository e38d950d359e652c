"""How the clip scores of a track become one raw score."""

import pytest

from detectors.calibration import pooled
from detectors.pooling import confident, pool


def test_mean_logit_is_what_calibration_pools():
    scores = [0.99, 0.5, 0.2]
    assert pool(scores, "mean_logit") == pooled(scores)


def test_mean_is_the_plain_mean():
    assert pool([0.9, 0.5, 0.1, 0.1], "mean") == pytest.approx(0.4)


def test_confident_is_the_confident_strategy():
    assert pool([0.9] * 12 + [0.5] * 4, "confident") == pytest.approx(0.9)


@pytest.mark.parametrize("how", ["mean_logit", "mean", "confident"])
def test_one_score_stays_as_it_is(how):
    assert pool([0.3], how) == pytest.approx(0.3)


@pytest.mark.parametrize("how", ["mean_logit", "mean", "confident"])
def test_nothing_is_pooled_from_nothing(how):
    with pytest.raises(ValueError, match="no pooled score"):
        pool([], how)


@pytest.mark.parametrize(
    ("probabilities", "score"),
    [
        ([0.9] * 12 + [0.5] * 4, 0.9),  # twelve sure ones, more than floor(16 / 2.5) = 6
        ([0.9] * 11 + [0.5] * 4, (9.9 + 2.0) / 15),  # eleven are too few
        ([0.9] * 12 + [0.5] * 20, (10.8 + 10.0) / 32),  # floor(32 / 2.5) = 12 is not fewer than 12
        ([0.9] * 13 + [0.5] * 20, (11.7 + 10.0) / 33),  # floor(33 / 2.5) = 13 is not fewer than 13
        ([0.9] * 13 + [0.5] * 19, 0.9),  # 12 is
        ([0.8] * 20, 0.8),  # 0.8 itself is not sure, and the mean is the same
        ([0.9] * 12 + [0.8] * 4, 0.9),
        ([0.1] * 19 + [1.0], 0.1),  # nineteen of twenty are more than nine tenths
        ([0.1] * 18 + [1.0] * 2, (1.8 + 2.0) / 20),  # eighteen are not
        ([0.2] * 19 + [0.0], 0.19),  # 0.2 itself is not sure
    ],
)
def test_the_sure_ones_speak_alone_when_there_are_enough(probabilities, score):
    assert confident(probabilities) == pytest.approx(score)


def test_the_sure_of_nothing_are_refused():
    with pytest.raises(ValueError, match="no probabilities"):
        confident([])
