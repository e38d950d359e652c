"""Raw scores become probabilities by one fitted line; pooling comes first."""

import math
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from detectors.calibration import Calibration, fit_platt, logit, pooled, sigmoid


def a_calibration(method: str = "platt", a: float = 1.0, b: float = 0.0) -> Calibration:
    return Calibration.model_validate(
        {
            "id": "c1",
            "method": method,
            "a": a,
            "b": b,
            "prior": 0.5,
            "fitted_on": "made-up scores",
            "fitted_at": datetime(2026, 1, 1, tzinfo=UTC),
            "expires_at": datetime(2027, 1, 1, tzinfo=UTC),
            "n_items": 60_000_000,
        }
    )


def test_the_line_lies_on_the_logit_scale():
    assert a_calibration(a=2.0, b=-1.0).probability(0.8) == pytest.approx(sigmoid(2.0 * math.log(4.0) - 1.0))


def test_without_calibration_a_score_stays_what_it_is():
    assert a_calibration("none").probability(0.3) == pytest.approx(0.3)


@pytest.mark.parametrize("raw", [0.0, 1.0])
def test_certain_scores_stay_finite(raw: float):
    assert abs(logit(raw)) == pytest.approx(math.log(999_999.0))
    assert 0.0 < a_calibration(a=2.0).probability(raw) < 1.0


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0), st.floats(0.0, 5.0), st.floats(-5.0, 5.0))
def test_order_is_kept(one: float, other: float, a: float, b: float):
    low, high = sorted((one, other))
    calibration = a_calibration(a=a, b=b)
    assert calibration.probability(low) <= calibration.probability(high)


@pytest.mark.parametrize(
    ("method", "a", "b"),
    [("temperature", 1.0, 0.5), ("none", 2.0, 0.0), ("platt", -1.0, 0.0), ("platt", math.nan, 0.0)],
)
def test_numbers_that_the_method_does_not_have_are_refused(method: str, a: float, b: float):
    with pytest.raises(ValidationError):
        a_calibration(method, a, b)


def test_a_track_is_the_mean_of_its_clips_on_the_logit_scale():
    assert pooled([0.9]) == pytest.approx(0.9)
    assert pooled([0.2, 0.8]) == pytest.approx(0.5)
    assert pooled([0.99, 0.5]) == pytest.approx(sigmoid(math.log(99.0) / 2.0))


def test_nothing_is_pooled_from_nothing():
    with pytest.raises(ValueError, match="without scored clips"):
        pooled([])


def test_a_fit_finds_the_line_that_made_the_labels():
    random = np.random.default_rng(3)
    raws = random.uniform(0.001, 0.999, 20_000)
    truth = [sigmoid(0.7 * logit(raw) - 0.4) for raw in raws]
    a, b = fit_platt(list(raws), list(random.uniform(size=len(raws)) < truth))
    assert a == pytest.approx(0.7, abs=0.03)
    assert b == pytest.approx(-0.4, abs=0.05)


def test_a_few_perfectly_separated_items_do_not_give_certainty():
    a, b = fit_platt([0.01, 0.02, 0.98, 0.99], [False, False, True, True])
    assert 0.7 < sigmoid(a * logit(0.99) + b) < 0.9


def test_scores_that_rank_the_wrong_way_round_say_nothing():
    a, b = fit_platt([0.9, 0.8, 0.7, 0.1, 0.2, 0.3], [False, False, False, True, True, True])
    assert a == 0.0
    assert sigmoid(b) == pytest.approx(0.5)


@pytest.mark.parametrize(("raws", "labels"), [([0.1, 0.2], [True, True]), ([], []), ([0.1], [True, False])])
def test_a_fit_needs_both_classes(raws: list[float], labels: list[bool]):
    with pytest.raises(ValueError):
        fit_platt(raws, labels)
