"""Secondary figures: Bayes' rule for the base rate, the verdict's own arithmetic for chosen detectors."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.vocabulary import DetectorStatus
from dashboard import what_if
from tests.support.items import a_probability, a_result, a_verdict, an_upload


@given(value=st.floats(0.01, 0.99), share=st.floats(0.001, 0.999))
def test_the_base_rate_follows_bayes(value: float, share: float):
    figure = what_if.at_base_rate(a_probability(value, low=value, high=value), share)
    by_hand = value * share / (value * share + (1 - value) * (1 - share))  # the verdict's own prior is one half
    assert figure.value == pytest.approx(by_hand)
    assert figure.low == pytest.approx(figure.high)


def test_the_verdicts_own_base_rate_changes_nothing():
    figure = what_if.at_base_rate(a_probability(0.93, low=0.81, high=0.99), 0.5)
    assert (figure.low, figure.value, figure.high) == pytest.approx((0.81, 0.93, 0.99))


def test_rare_manipulation_makes_strong_evidence_weak():
    words = what_if.base_rate_words(a_probability(0.9, low=0.8, high=0.95), 1)
    assert words.startswith("If 1 in 1,000 of such files are manipulated")
    assert "evidence, fewer than 10 (between" in words


def test_the_likelihood_ratio_is_capped_and_names_its_side():
    assert "9.0 times as likely if the media is manipulated than if not: weak" in what_if.likelihood_ratio_words(
        a_probability(0.9)
    )
    assert "more than 99 times" in what_if.likelihood_ratio_words(a_probability(0.999))
    assert "is not manipulated than if it is" in what_if.likelihood_ratio_words(a_probability(0.05))


def two_detectors():
    heavy = a_result("heavy", calibrated=0.9).model_copy(update={"weight": 3.0})
    silent = a_result("silent", calibrated=None).model_copy(update={"raw": 0.99})
    failed = a_result("failed", status=DetectorStatus.FAILED)
    return a_verdict(an_upload(), detectors=[heavy, a_result("light", calibrated=0.2), silent, failed])


def test_only_calibrated_detectors_can_be_chosen():
    assert [result.name for result in what_if.choosable(two_detectors())] == ["heavy", "light"]


def test_chosen_detectors_are_combined_by_their_weights_in_logits():
    verdict = two_detectors()
    odds = (9.0**3 * 0.25) ** (1 / 4)
    assert what_if.fused(verdict, {"heavy", "light"}) == pytest.approx(odds / (1 + odds))
    assert what_if.fused(verdict, {"light"}) == pytest.approx(0.2)
    assert what_if.fused(verdict, set()) is None
    assert what_if.mean_of(verdict, {"heavy", "light"}) == pytest.approx(0.55)


def test_a_what_if_says_that_it_is_one():
    assert what_if.what_if_words(two_detectors(), {"light"}).endswith("This is a what-if, not the verdict.")
    assert "nothing to combine" in what_if.what_if_words(two_detectors(), set())
