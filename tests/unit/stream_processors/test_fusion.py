"""Clip scores become one number with limits by the rules that the event names."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.calibration import logit, sigmoid
from stream_processors import fusion
from stream_processors.fusion import TrackScores, estimate
from stream_processors.policy import Policy
from tests.support.cases import a_calibration, a_member, a_score

POLICY = Policy(bootstrap_rounds=100)
RAW = st.lists(st.floats(0.0, 1.0), min_size=1, max_size=30)


def a_track_of(track_id: int = 0, **raw: list[float]) -> TrackScores:
    return TrackScores(track_id=track_id, raw={name: tuple(values) for name, values in raw.items()})


def value_of(tracks, members) -> float:
    found = estimate(tracks, members, POLICY, seed="m")
    assert found is not None
    return found.value


def test_one_detector_on_one_track_gives_its_calibrated_pooled_logit():
    member = a_member(calibration=a_calibration(a=0.5, b=1.0))
    raw = [0.6, 0.7, 0.9]
    mean = sum(map(logit, raw)) / 3
    assert value_of([a_track_of(alpha=raw)], [member]) == pytest.approx(0.5 * mean + 1.0)
    assert member.calibration is not None
    assert sigmoid(0.5 * mean + 1.0) == pytest.approx(member.calibration.probability(sigmoid(mean)))


SURE_AND_UNSURE = [0.97] * 14 + [0.3] * 6


@pytest.mark.parametrize(
    ("pooling", "expected"),
    [
        ("mean_logit", sigmoid((14 * logit(0.97) + 6 * logit(0.3)) / 20)),
        ("mean", (14 * 0.97 + 6 * 0.3) / 20),
        ("confident", 0.97),
    ],
)
def test_the_clips_of_a_track_are_pooled_as_the_detector_says(pooling, expected):
    member = a_member(pooling=pooling)
    tracks = [a_track_of(0, alpha=SURE_AND_UNSURE), a_track_of(1, alpha=[0.1])]
    assert fusion.raw_of(tracks, member) == pytest.approx(expected)
    assert value_of([tracks[0]], [member]) == pytest.approx(logit(expected))


@pytest.mark.parametrize("pooling", ["mean", "confident"])
def test_the_limits_of_other_poolings_come_from_pooled_resamples(pooling):
    member = a_member(pooling=pooling)
    track = a_track_of(alpha=[0.9, 0.2, 0.95, 0.4, 0.1, 0.85, 0.9, 0.9, 0.3, 0.2] * 3)
    first = estimate([track], [member], POLICY, seed="m")
    assert first == estimate([track], [member], POLICY, seed="m")
    assert first is not None
    assert first.low < first.value < first.high
    steady = estimate([a_track_of(alpha=[0.7] * 30)], [member], POLICY, seed="m")
    assert steady is not None
    assert steady.high - steady.low < first.high - first.low


@pytest.mark.parametrize("count", [1, 2, 5, 27, 64])
def test_resamples_are_those_whose_means_the_short_way_gives(count):
    values = np.random.default_rng(count).normal(size=count)
    means = fusion._block_bootstrap_means(values, 50, np.random.default_rng(1))
    resamples = fusion._block_bootstrap(values, 50, np.random.default_rng(1))
    assert [one.mean() for one in resamples] == pytest.approx(list(means))


def test_detectors_meet_in_the_weighted_mean_of_their_logits():
    members = [a_member("alpha", weight=3.0), a_member("beta", weight=1.0)]
    track = a_track_of(alpha=[sigmoid(2.0)], beta=[sigmoid(-2.0)])
    assert value_of([track], members) == pytest.approx((3 * 2.0 - 2.0) / 4)


def test_the_share_of_the_calibration_set_is_replaced_by_the_readers():
    skewed = a_member(calibration=a_calibration(prior=0.8))
    found = estimate([a_track_of(alpha=[0.8])], [skewed], POLICY, seed="m")
    assert found is not None
    assert found.value == pytest.approx(0.0)
    rare = found.probability(Policy(prior=0.01), calibration_id="x")
    assert rare.value == pytest.approx(0.01)
    assert rare.prior == 0.01


def test_one_incriminating_face_among_several_counts_by_its_share():
    high, low = [sigmoid(4.0)] * 8, [sigmoid(-4.0)] * 8
    alone = value_of([a_track_of(0, alpha=high)], [a_member()])
    among_four = value_of([a_track_of(0, alpha=high), *(a_track_of(i, alpha=low) for i in (1, 2, 3))], [a_member()])
    assert among_four == pytest.approx(alone - math.log(4), abs=0.01)
    assert among_four > 0


@given(st.lists(st.floats(-6, 6), min_size=1, max_size=6))
@settings(deadline=None, max_examples=40)
def test_the_item_lies_between_its_tracks(ratios):
    tracks = [a_track_of(i, alpha=[sigmoid(ratio)]) for i, ratio in enumerate(ratios)]
    each = [value_of([track], [a_member()]) for track in tracks]
    assert min(each) - 1e-9 <= value_of(tracks, [a_member()]) <= max(each) + 1e-9


def test_no_claim_goes_beyond_what_the_calibration_set_can_show():
    small = a_member(calibration=a_calibration(n_items=60))  # 30 of each class: no ratio above 10
    assert value_of([a_track_of(alpha=[1.0])], [small]) == pytest.approx(math.log(10))
    assert value_of([a_track_of(alpha=[0.0])], [small]) == pytest.approx(-math.log(10))


@given(RAW)
@settings(deadline=None, max_examples=60)
def test_the_limits_hold_the_value_and_repeat(raw):
    tracks = [a_track_of(alpha=raw)]
    first = estimate(tracks, [a_member()], POLICY, seed="m")
    again = estimate(tracks, [a_member()], POLICY, seed="m")
    assert first == again
    assert first is not None and first.low <= first.value <= first.high


def test_clips_that_differ_widen_the_limits_and_more_clips_narrow_them():
    def width(raw: list[float]) -> float:
        found = estimate([a_track_of(alpha=raw)], [a_member()], POLICY, seed="m")
        assert found is not None
        return found.high - found.low

    assert width([0.1, 0.1, 0.1, 0.9, 0.9, 0.9, 0.5, 0.2]) > width([0.5] * 8)
    assert width([0.1, 0.9, 0.8, 0.3] * 64) < width([0.1, 0.9, 0.8, 0.3])


def test_detectors_that_differ_widen_the_limits():
    members = [a_member("alpha"), a_member("beta")]
    apart = estimate([a_track_of(alpha=[0.9] * 8, beta=[0.1] * 8)], members, POLICY, seed="m")
    together = estimate([a_track_of(alpha=[0.5] * 8, beta=[0.5] * 8)], members, POLICY, seed="m")
    assert apart is not None and together is not None
    assert apart.value == pytest.approx(together.value, abs=1e-9)
    assert apart.high - apart.low > together.high - together.low


def test_a_small_calibration_set_widens_the_limits():
    few = estimate([a_track_of(alpha=[0.5])], [a_member(calibration=a_calibration(n_items=100))], POLICY, seed="m")
    assert few is not None
    assert few.high == pytest.approx(1.96 * 2 / math.sqrt(100), rel=1e-3)


def test_nothing_scored_gives_no_number():
    assert estimate([], [a_member()], POLICY, seed="m") is None
    assert estimate([a_track_of(beta=[0.5])], [a_member("alpha")], POLICY, seed="m") is None


def test_clips_are_sorted_into_tracks_in_the_order_of_time():
    late, early = a_score([0.9], chunk=1, start_s=10.0), a_score([0.1], chunk=0, start_s=0.0)
    other = a_score([0.5], chunk=0, track=3)
    tracks = fusion.by_track({"alpha": (*late.clips, *early.clips, *other.clips)})
    assert tracks[0].raw == {"alpha": (0.1, 0.9)}
    assert tracks[3].raw == {"alpha": (0.5,)}


@pytest.mark.parametrize(("weights", "number"), [([], None), ([1.0], 1.0), ([1.0, 1.0], 2.0), ([3.0, 0.0001], 1.0)])
def test_the_effective_number_counts_equal_weights(weights, number):
    members = [a_member(str(i), weight=weight) for i, weight in enumerate(weights)]
    found = fusion.effective_number(members)
    assert found == (None if number is None else pytest.approx(number, abs=1e-3))
