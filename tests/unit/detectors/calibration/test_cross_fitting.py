"""A calibration is chosen and measured on identities that it was not fitted on."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from detectors.calibration import Method, fit_curve, logit, sigmoid
from detectors.calibration.cross_fitting import (
    FittedCalibration,
    LabelledScore,
    MethodLoss,
    SharedIdentities,
    TooLittleToFit,
    _folds,
    _Scores,
    data_sha256_of,
    fit_best,
    simplest,
)

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def people(n: int, *, scale: float = 3.0, shift: float = 1.5, copies: int = 1, seed: int = 2, split: str = ""):
    """Both classes of each person, with raw scores that claim too much and lean to one side."""
    random = np.random.default_rng(seed)
    return [
        LabelledScore(
            raw=sigmoid(scale * random.normal(0.8 if manipulated else -0.8, 1.2) + shift),
            manipulated=manipulated,
            group=f"person {split}{number}",
            split=split,
        )
        for number in range(n)
        for manipulated in (False, True)
        for _ in range(copies)
    ]


def fitted(items: Sequence[LabelledScore], method: Method | None = None) -> FittedCalibration:
    return fit_best(items, name="f", fitted_on="made-up people", at=NOW, method=method, rounds=50)


def test_people_left_out_are_told_more_honestly_after_than_before():
    found = fitted(people(60))
    assert found.after["ece"].value < 0.6 * found.before["ece"].value
    assert found.after["log_loss"].value < found.before["log_loss"].value
    assert found.after["brier"].value < found.before["brier"].value
    limits = found.after["log_loss"].limits
    assert limits is not None
    assert limits[0] < found.after["log_loss"].value < limits[1]


def test_nobody_is_predicted_by_a_fit_on_the_same_person():
    scores = _Scores.of(people(12, copies=3))
    predicted = []
    for fit, left_out in _folds(scores, seed=0):
        assert not set(scores.groups[fit]) & set(scores.groups[left_out])
        predicted += left_out.tolist()
    assert sorted(predicted) == list(range(72))


def test_what_is_reported_and_limited_on_comes_from_curves_that_did_not_see_it():
    items = people(12, copies=2)
    found = fitted(items, "platt")
    scores = _Scores.of(items)
    for others, left_out in _folds(scores, seed=0):
        curve = fit_curve("platt", scores.x[others], scores.truths[others])
        unseen = curve.logits(scores.x[left_out]) - logit(float(scores.truths[others].mean()))
        expected = np.clip(unseen, *found.calibration.claims)
        assert found.log_likelihood_ratios[left_out] == pytest.approx(expected)
    seen = found.calibration.log_likelihood_ratios(scores.x)
    assert np.abs(found.log_likelihood_ratios - seen).max() > 0.01


def test_the_simplest_method_within_one_standard_error_wins():
    def loss(method: Method, worse_by: float, standard_error: float) -> MethodLoss:
        return MethodLoss(method=method, log_loss=0.3, worse_by=worse_by, standard_error=standard_error)

    none, platt, beta = loss("none", 0.1, 0.02), loss("platt", 0.003, 0.004), loss("beta", 0.0, 0.0)
    assert simplest([none, platt, beta]) == "platt"
    assert simplest([none, beta]) == "beta"


def test_honest_scores_are_left_as_they_are():
    random = np.random.default_rng(4)
    x = random.normal(0.0, 1.5, 400)
    truths = random.uniform(size=400) < [sigmoid(one) for one in x]
    items = [
        LabelledScore(raw=sigmoid(one), manipulated=bool(truth), group=str(number))
        for number, (one, truth) in enumerate(zip(x.tolist(), truths, strict=True))
    ]
    assert fitted(items).calibration.method in ("none", "temperature")


def test_isotonic_takes_part_from_a_thousand_items_on():
    assert "isotonic" not in [one.method for one in fitted(people(20)).compared]
    assert "isotonic" in _Scores.of(people(500)).offered
    with pytest.raises(TooLittleToFit, match="isotonic needs 1000 items, 40 are there"):
        fitted(people(20), "isotonic")


def test_a_split_is_reported_on_and_not_fitted_on():
    fit, report = people(30, split="calibrate"), people(15, seed=9, split="test")
    learned = people(5, seed=11, split="train")
    found = fitted([*fit, *report, *learned])
    assert found.held_out == tuple(report)
    assert found.calibration.n_items == len(fit)
    assert found.calibration.data_sha256 == data_sha256_of(fit)
    assert "split test: 30 items of 15 identities" in found.reported_on


def test_one_person_cannot_be_on_both_sides():
    both = [*people(10, split="calibrate"), *people(10, seed=3, split="test")]
    shared = [
        LabelledScore(raw=item.raw, manipulated=item.manipulated, group=item.group[-1], split=item.split)
        for item in both
    ]
    with pytest.raises(SharedIdentities, match="10 identities are to be fitted on"):
        fitted(shared)


def test_the_record_counts_items_and_identities_of_each_class():
    items = [item for item in people(30, copies=2) if item.manipulated or int(item.group[7:]) < 20]
    fit = fitted(items, "platt").calibration
    assert (fit.n_genuine, fit.n_manipulated) == (40, 60)
    assert (fit.genuine_identities, fit.manipulated_identities) == (20, 30)
    assert fit.prior == pytest.approx(0.6)
    assert fit.expires_at - fit.fitted_at == timedelta(days=365)


@pytest.mark.parametrize(
    ("items", "told"),
    [
        ([item for item in people(20) if item.manipulated], "10 more genuine items"),
        (people(7), "3 more genuine items.*3 more manipulated items"),
        (people(3, copies=5), "1 more identities of genuine items"),
    ],
)
def test_too_few_items_are_refused_with_what_is_missing(items: list[LabelledScore], told: str):
    with pytest.raises(TooLittleToFit, match=told):
        fitted(items)


def test_the_hash_of_the_data_does_not_depend_on_their_order():
    items = people(5)
    assert data_sha256_of(items) == data_sha256_of(items[::-1])
    assert data_sha256_of(items) != data_sha256_of(items[1:])


def test_the_hash_of_the_data_tells_files_apart_that_score_alike():
    items = people(5)
    assert data_sha256_of(items) != data_sha256_of([replace(items[0], file="ab" * 32), *items[1:]])
