"""Limits keep a wanted share of genuine items out; bounds hold what they promise, also for copies of one clip."""

from collections.abc import Sequence

import numpy as np
import pytest

from detectors.calibration.false_alarms import Alarming, effective_items, upper_bound


def alarming(genuine: np.ndarray, manipulated: Sequence[float] = ()) -> Alarming:
    sources = [str(number) for number in range(len(genuine))]
    return Alarming(genuine=genuine, sources=sources, manipulated=np.array(manipulated))


def test_the_lowest_limit_with_the_wanted_share_is_chosen():
    found = alarming(np.arange(100) / 100.0, [0.2, 0.95]).at(0.10)
    assert found.limit == pytest.approx(0.891)
    assert found.measured == pytest.approx(0.10)
    assert found.hits == pytest.approx(0.5)
    assert found.bound > found.measured


def test_without_an_alarm_the_bound_is_the_rule_of_three():
    assert upper_bound(0.0, 300) == pytest.approx(3.0 / 300, rel=0.01)
    assert upper_bound(1.0, 5) == 1.0


def test_a_bound_needs_items():
    with pytest.raises(ValueError, match="0 of 0"):
        upper_bound(0, 0)


def test_the_bound_covers_the_true_rate_as_often_as_it_says():
    random = np.random.default_rng(0)
    shares = random.binomial(80, 0.07, size=400) / 80
    covered = np.mean([upper_bound(share, 80) >= 0.07 for share in shares.tolist()])
    assert covered >= 0.95


def test_copies_of_one_clip_are_worth_less_than_their_number():
    random = np.random.default_rng(6)
    clips = np.repeat(random.normal(size=40), 5)
    sources = [str(number // 5) for number in range(200)]
    alike = effective_items(clips + 0.1 * random.normal(size=200), sources)
    unlike = effective_items(random.normal(size=200), sources)
    assert alike == pytest.approx(40, abs=4)
    assert unlike > 130
    assert effective_items(clips, [str(number) for number in range(200)]) == 200


def test_a_limit_that_no_item_reaches_is_marked():
    found = alarming(np.array([0.4, 0.9, 0.9, 0.9]), [0.9]).at(0.02)
    assert found.limit > 0.9
    assert not found.reachable


def test_there_is_no_limit_without_genuine_items():
    with pytest.raises(ValueError, match="needs genuine items"):
        alarming(np.zeros(0)).at(0.1)
