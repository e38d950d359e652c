"""Idle is who has had nothing to do for long enough, and nobody else."""

import pytest

from stream_processors.idleness import Idleness


@pytest.fixture
def now_s() -> list[float]:
    return [100.0]


@pytest.fixture
def idleness(now_s: list[float]) -> Idleness:
    return Idleness(10.0, clock=lambda: now_s[0])


def test_without_any_work_the_limit_counts_from_the_beginning(idleness: Idleness, now_s: list[float]):
    assert not idleness.reached
    now_s[0] = 110.0
    assert idleness.reached


def test_work_in_hand_is_no_idleness_however_long(idleness: Idleness, now_s: list[float]):
    with idleness.work():
        now_s[0] = 1000.0
        assert not idleness.reached
    assert not idleness.reached, "the limit counts from the end of the work"
    now_s[0] = 1010.0
    assert idleness.reached


def test_overlapping_work_ends_with_the_last(idleness: Idleness, now_s: list[float]):
    with idleness.work():
        with pytest.raises(KeyError), idleness.work():
            raise KeyError
        now_s[0] = 500.0
        assert not idleness.reached
    now_s[0] = 520.0
    assert idleness.reached
