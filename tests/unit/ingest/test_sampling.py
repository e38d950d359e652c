import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.sampling import Rate, Sampling


def taken(rates, times_s, *, duration_s=None):
    sampling = Sampling(rates, duration_s)
    return [(at, by) for at in times_s if (by := sampling.wanted_by(at))]


def at_25(seconds):
    return [n / 25 for n in range(round(25 * seconds))]


def test_a_long_video_gives_the_asked_rate():
    assert len(taken([Rate(1.0, 32)], at_25(100), duration_s=100.0)) == 100


def test_a_short_video_is_sampled_until_the_least_number_is_reached():
    assert len(taken([Rate(1.0, 32)], at_25(4), duration_s=4.0)) == 32


def test_a_video_with_fewer_frames_than_asked_gives_all():
    assert len(taken([Rate(1.0, 32)], at_25(0.4), duration_s=0.4)) == 10


def test_one_frame_is_enough():
    assert taken([Rate(1.0, 32)], [0.0], duration_s=0.04) == [(0.0, (0,))]


def test_without_a_duration_the_rate_alone_holds():
    assert len(taken([Rate(2.0, 32)], at_25(10))) == 20


def test_the_union_is_taken_and_each_rate_gets_its_own():
    frames = taken([Rate(1.0, 1), Rate(2.5, 1)], at_25(10), duration_s=10.0)
    assert sum(0 in by for _, by in frames) == 10
    assert sum(1 in by for _, by in frames) == 25
    assert len(frames) < 35


def test_the_first_frame_at_or_after_a_due_time_is_taken():
    assert [at for at, _ in taken([Rate(1.0, 1)], [0.0, 0.9, 1.1, 1.4, 2.0, 5.5, 5.9, 6.0], duration_s=10.0)] == [
        0.0,
        1.1,
        2.0,
        5.5,
        6.0,
    ]


@given(
    gaps_s=st.lists(st.floats(0.001, 0.7), min_size=1, max_size=200),
    rate=st.floats(0.1, 30.0),
    min_frames=st.integers(1, 64),
)
def test_variable_frame_rates_are_sampled_evenly_and_never_too_much(gaps_s, rate, min_frames):
    times_s = [sum(gaps_s[:n]) for n in range(len(gaps_s))]
    duration_s = sum(gaps_s)
    frames = taken([Rate(rate, min_frames)], times_s, duration_s=duration_s)
    assert frames[0][0] == 0.0
    assert len(frames) <= max(min_frames, rate * duration_s) + 1.001
    if len(times_s) <= min_frames and max(gaps_s) == min(gaps_s):
        assert len(frames) == len(times_s)


@given(st.lists(st.floats(0.0, 0.2), max_size=80))
def test_no_frame_before_the_announced_time_is_taken(gaps_s):
    sampling, at_s = Sampling([Rate(2.0, 1), Rate(3.0, 1)], None), 0.0
    for gap_s in gaps_s:
        at_s += gap_s
        early = at_s < sampling.next_due_s - 1e-5
        assert not (sampling.wanted_by(at_s) and early)


@pytest.mark.parametrize("duration_s", [None, 0.0, -1.0])
def test_nonsense_durations_are_ignored(duration_s):
    assert Rate(4.0, 32).period_s(duration_s) == 0.25
