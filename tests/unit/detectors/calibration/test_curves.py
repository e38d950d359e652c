"""Curves of every kind: they rise, stay finite, claim no more than their items allow, and survive a file."""

import json
import math
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

import detectors
from detectors.calibration import Calibration, Curve, Method, claim_of, fit_curve, logit, sigmoid
from detectors.calibration.fits import OneClassMissing

KINDS: tuple[Method, ...] = ("none", "temperature", "platt", "beta", "isotonic")


def calibrated(curve: Curve, **facts: object) -> Calibration:
    told = {"id": "c", "prior": 0.5, "fitted_on": "made-up scores", "n_items": 600}
    days = {"fitted_at": datetime(2026, 1, 1, tzinfo=UTC), "expires_at": datetime(2027, 1, 1, tzinfo=UTC)}
    return Calibration.model_validate({**curve.model_dump(), **told, **days, **facts})


def drawn(truth: Curve, n: int, *, seed: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Logits of raw scores, and truths as likely as the curve says."""
    random = np.random.default_rng(seed)
    x = random.normal(0.0, 2.0, n)
    p = [sigmoid(z) for z in truth.logits(x).tolist()]
    return x, random.uniform(size=n) < p


@pytest.mark.parametrize(
    "truth",
    [
        Curve(method="temperature", a=0.6),
        Curve(method="platt", a=1.4, b=-0.7),
        Curve(method="beta", a=0.5, b=0.3, c=1.5),
    ],
    ids=lambda curve: curve.method,
)
def test_a_fit_finds_the_curve_that_made_the_truths(truth: Curve):
    found = fit_curve(truth.method, *drawn(truth, 40_000))
    assert found.a == pytest.approx(truth.a, abs=0.06)
    assert found.b == pytest.approx(truth.b, abs=0.06)
    assert found.c is None if truth.c is None else found.c == pytest.approx(truth.c, abs=0.08)


def test_the_isotonic_fit_finds_a_curve_that_no_line_is():
    truth = Curve(method="isotonic", knots=((-3.0, -2.0), (0.0, -1.8), (0.5, 1.5), (3.0, 1.6)))
    x, manipulated = drawn(truth, 20_000)
    at = np.array([-2.0, -1.0, 1.0, 2.0])
    found = fit_curve("isotonic", x, manipulated).logits(at)
    assert np.abs(found - truth.logits(at)).max() < 0.25


def test_a_slope_that_would_fall_is_left_out_of_beta():
    random = np.random.default_rng(1)
    x = random.normal(size=4000)
    manipulated = random.uniform(size=4000) < [sigmoid(2.0 * math.log(sigmoid(one)) + 2.0) for one in x]
    found = fit_curve("beta", x, manipulated)
    assert found.c is not None
    assert min(found.a, found.c) >= 0.0
    assert found.a == pytest.approx(2.0, abs=0.3)


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(KINDS),
    st.lists(st.tuples(st.floats(0.0, 1.0), st.booleans()), min_size=4, max_size=30).filter(
        lambda items: len({truth for _, truth in items}) == 2
    ),
)
def test_every_fit_rises_and_stays_within_what_its_items_allow(kind: Method, items: list[tuple[float, bool]]):
    x, truths = np.array([logit(raw) for raw, _ in items]), np.array([truth for _, truth in items])
    fit = calibrated(fit_curve(kind, x, truths), n_items=len(items), prior=float(truths.mean()))
    at = np.array([logit(raw) for raw in np.linspace(0.0, 1.0, 60).tolist()])
    ratios = fit.log_likelihood_ratios(at)
    assert np.isfinite(ratios).all()
    assert (np.diff(ratios) >= -1e-9).all()
    assert ratios.max() <= claim_of(int((~truths).sum())) + 1e-9
    assert ratios.min() >= -claim_of(int(truths.sum())) - 1e-9
    assert 0.0 < fit.probability(0.0) <= fit.probability(1.0) < 1.0


@pytest.mark.parametrize("kind", KINDS)
def test_scores_that_rank_the_wrong_way_round_say_nothing(kind: Method):
    if kind == "none":
        return
    x = np.array([2.0, 1.8, 1.5, -1.5, -1.8, -2.0])
    found = fit_curve(kind, x, x < 0.0).logits(x)
    assert found == pytest.approx(np.zeros(6), abs=1e-6)


def test_a_fit_needs_both_classes():
    with pytest.raises(OneClassMissing, match="2 manipulated and 0 genuine"):
        fit_curve("beta", np.zeros(2), np.array([True, True]))


def test_identities_limit_the_claim_where_they_are_known():
    line = Curve(method="platt", a=10.0)
    by_items = calibrated(line, n_items=600)
    by_identity = calibrated(line, n_items=600, genuine_identities=30, manipulated_identities=60)
    assert by_items.claims == pytest.approx((-math.log(100), math.log(100)))
    assert by_identity.claims == pytest.approx((-math.log(20), math.log(10)))
    assert by_identity.probability(1.0) == pytest.approx(10 / 11)


def test_too_few_items_support_no_claim():
    assert calibrated(Curve(method="platt", a=3.0), n_items=6).probability(0.99) == pytest.approx(0.5)


@pytest.mark.parametrize("share", [0.02, 0.2, 0.7])
def test_another_prior_gives_the_probabilities_of_that_population(share: float):
    """Fitted on a balanced draw, asked of a population with another share, whose truth is known in closed form."""
    random = np.random.default_rng(8)
    half = np.repeat([False, True], 30_000)
    x = random.normal(np.where(half, 1.0, -1.0), 1.3)
    fit = calibrated(fit_curve("platt", x, half), n_items=60_000)
    raws = [0.2, 0.5, 0.8]
    ratio = 2.0 / 1.3**2  # of two normal densities: (2 m / s^2) x
    wanted = [sigmoid(ratio * logit(raw) + logit(share)) for raw in raws]
    assert [fit.probability(raw, prior=share) for raw in raws] == pytest.approx(wanted, abs=0.02)


@pytest.mark.parametrize("kind", KINDS)
def test_a_calibration_survives_its_file(kind: Method):
    x, truths = drawn(Curve(method="platt", a=1.2, b=0.4), 300)
    fit = calibrated(fit_curve(kind, x, truths), genuine_identities=40, data_sha256="0" * 64)
    assert Calibration.model_validate_json(fit.model_dump_json()) == fit


def test_cards_from_before_the_other_methods_still_load():
    fit = detectors.card("telltale").calibration
    assert fit is not None
    fields = ("id", "method", "a", "b", "prior", "fitted_on", "fitted_at", "expires_at", "n_items")
    old = {name: json.loads(fit.model_dump_json())[name] for name in fields}
    read = Calibration.model_validate({**old, "method": "platt"})
    assert read.c is None
    assert read.genuine_identities is None


@pytest.mark.parametrize(
    "told",
    [
        {"method": "beta"},
        {"method": "platt", "c": 1.0},
        {"method": "isotonic"},
        {"method": "temperature", "knots": [[0.0, 0.0]]},
        {"method": "isotonic", "knots": [[0.0, 1.0], [1.0, 0.0]]},
        {"method": "isotonic", "knots": [[0.0, 0.0], [0.0, 1.0]]},
        {"method": "isotonic", "knots": [[0.0, math.inf]]},
    ],
)
def test_numbers_that_a_method_does_not_have_or_that_fall_are_refused(told: dict):
    with pytest.raises(ValidationError):
        Curve.model_validate(told)
