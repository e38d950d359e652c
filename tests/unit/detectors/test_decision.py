"""The word follows the numbers of the rule, and a version names these numbers well enough to make the rule again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from contracts.messages import Probability
from contracts.settings import AggregateSettings, DetectSettings
from contracts.vocabulary import Verdict
from detectors.decision import DecisionRule, Vote, effective_number
from stream_processors.policy import Policy

SHARES = st.floats(0.0, 1.0)
USUAL = DecisionRule()


def between(low: float, high: float) -> Probability:
    return Probability(value=(low + high) / 2, low=low, high=high, prior=0.5)


@given(prior=st.none() | st.floats(0.001, 0.999), pair=st.none() | st.tuples(SHARES, SHARES).map(sorted).map(tuple))
def test_a_version_tells_the_rule(prior: float | None, pair: tuple[float, float] | None):
    rule = DecisionRule.chosen(prior=prior, thresholds=pair)
    assert DecisionRule.of_version(rule.policy_version) == rule
    assert (rule.policy_version == USUAL.policy_version) == (rule == USUAL)


@pytest.mark.parametrize(
    "version",
    ["", "evidence-desk.1", "evidence-desk.2 prior=2", "evidence-desk.2 prior=x", "evidence-desk.2 thresholds=0.9,0.1",
     "evidence-desk.2 mood=good", "evidence-desk.2 prior=0.5", "evidence-desk.2 thresholds=0.1"],
)  # fmt: skip
def test_a_version_that_this_code_does_not_write_is_not_guessed(version: str):
    assert DecisionRule.of_version(version) is None


def test_thresholds_of_a_card_count_unless_those_of_the_deployment_do():
    assert USUAL.thresholds(None) == (0.35, 0.8)
    assert USUAL.thresholds((0.2, 0.9)) == (0.2, 0.9)
    assert USUAL.thresholds((0.68, 0.88)) == (0.5, 0.88), "evidence that speaks for manipulation is some evidence"
    assert DecisionRule.chosen(thresholds=(0.1, 0.7)).thresholds((0.2, 0.9)) == (0.1, 0.7)
    assert DecisionRule.chosen(prior=0.05).thresholds((0.2, 0.9)) == (0.05, 0.9)


def test_the_word_keeps_to_both_ends_of_the_range_and_to_what_limits_it():
    def word(low: float, high: float, **limits: bool) -> Verdict:
        return USUAL.word(between(low, high), (0.35, 0.8), **{"may_call": True, **limits})

    assert word(0.8, 0.9) is Verdict.LIKELY_MANIPULATED
    assert word(0.79, 0.99) is Verdict.SOME_EVIDENCE
    assert word(0.8, 0.9, may_call=False) is Verdict.SOME_EVIDENCE
    assert word(0.8, 0.9, call_forbidden=True) is Verdict.INCONCLUSIVE
    assert word(0.1, 0.35) is Verdict.NO_EVIDENCE_FOUND
    assert word(0.1, 0.35, all_clear_forbidden=True) is Verdict.INCONCLUSIVE
    assert word(0.1, 0.36, all_clear_forbidden=True) is Verdict.SOME_EVIDENCE


def test_votes_contradict_from_a_quarter_of_the_weight_on():
    high, low, light = (
        Vote(name="high", value=0.9, weight=1.0),
        Vote(name="low", value=0.1, weight=1.0),
        Vote(name="light", value=0.1, weight=0.3),
    )
    assert USUAL.contradicting([high, low], (0.35, 0.8)) == (high, low)
    assert USUAL.contradicting([high, light], (0.35, 0.8)) == ()
    assert USUAL.contradicting([high, low], (0.05, 0.8)) == ()
    assert USUAL.contradicting([], (0.35, 0.8)) == ()
    assert USUAL.may_call([1.0, 1.0], alone=False)
    assert not USUAL.may_call([1.0, 0.1], alone=False)
    assert effective_number([]) is None


def test_settings_of_a_deployment_become_its_policy():
    settings = AggregateSettings(prior=0.1, lower_threshold=0.2, upper_threshold=0.95, gates="heavy_compression")
    policy = Policy.of(settings)
    assert policy.policy_version == "evidence-desk.2 prior=0.1 thresholds=0.2,0.95"
    assert policy.thresholds((0.4, 0.6)) == (0.1, 0.95)
    assert Policy.of(AggregateSettings()) == Policy()
    assert Policy.of_version(policy.policy_version) == Policy.deciding_by(
        DetectSettings(**settings.model_dump(include={"prior", "lower_threshold", "upper_threshold"}))
    )


@pytest.mark.parametrize("pair", [{"lower_threshold": 0.5}, {"lower_threshold": 0.9, "upper_threshold": 0.8}])
def test_half_a_pair_of_thresholds_or_one_upside_down_is_refused(pair: dict[str, float]):
    with pytest.raises(ValidationError, match="set together, the lower one first"):
        AggregateSettings(**pair)  # type: ignore[arg-type]
