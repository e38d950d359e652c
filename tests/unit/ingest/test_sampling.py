import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.sampling import Sampling, SamplingPlan


def taken(plans, times_s, *, duration_s=None):
    sampling = Sampling(plans, duration_s)
    return [(at, by) for at in times_s if (by := sampling.samples(at))]


def at_25(seconds):
    return [n / 25 for n in range(round(25 * seconds))]


def test_a_long_video_gives_the_asked_rate():
    assert len(taken([SamplingPlan(1.0, 32)], at_25(100), duration_s=100.0)) == 100


def test_a_short_video_is_sampled_until_the_least_number_is_reached():
    assert len(taken([SamplingPlan(1.0, 32)], at_25(4), duration_s=4.0)) == 32


def test_a_video_with_fewer_frames_than_asked_gives_all():
    assert len(taken([SamplingPlan(1.0, 32)], at_25(0.4), duration_s=0.4)) == 10


def test_one_frame_is_enough():
    assert taken([SamplingPlan(1.0, 32)], [0.0], duration_s=0.04) == [(0.0, {0: 0})]


def test_without_a_duration_the_rate_alone_holds():
    assert len(taken([SamplingPlan(2.0, 32)], at_25(10))) == 20


def test_the_union_is_taken_and_each_rate_gets_its_own():
    frames = taken([SamplingPlan(1.0, 1), SamplingPlan(2.5, 1)], at_25(10), duration_s=10.0)
    assert sum(0 in by for _, by in frames) == 10
    assert sum(1 in by for _, by in frames) == 25
    assert len(frames) < 35


def test_the_first_frame_at_or_after_a_due_time_is_taken():
    assert [
        at for at, _ in taken([SamplingPlan(1.0, 1)], [0.0, 0.9, 1.1, 1.4, 2.0, 5.5, 5.9, 6.0], duration_s=10.0)
    ] == [
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
    frames = taken([SamplingPlan(rate, min_frames)], times_s, duration_s=duration_s)
    assert frames[0][0] == 0.0
    assert len(frames) <= max(min_frames, rate * duration_s) + 1.001
    if len(times_s) <= min_frames and max(gaps_s) == min(gaps_s):
        assert len(frames) == len(times_s)


@given(st.lists(st.floats(0.0, 0.2), max_size=80))
def test_no_frame_before_the_announced_time_is_taken(gaps_s):
    sampling, at_s = Sampling([SamplingPlan(2.0, 1), SamplingPlan(3.0, 1)], None), 0.0
    for gap_s in gaps_s:
        at_s += gap_s
        early = at_s < sampling.next_due_s - 1e-5
        assert not (sampling.samples(at_s) and early)


@pytest.mark.parametrize("duration_s", [None, 0.0, -1.0])
def test_nonsense_durations_are_ignored(duration_s):
    assert len(taken([SamplingPlan(4.0, 32)], at_25(2), duration_s=duration_s)) == 8


def bursts(frames, every_s, *, fps=25.0, min_frames=1):
    return SamplingPlan(fps, min_frames, frames, every_s)


def in_bursts(plan, times_s, *, duration_s=None):
    """The times of each burst."""
    found = [[]]
    for at_s, numbers in taken([plan], times_s, duration_s=duration_s):
        found[-1].append(at_s)
        if plan.ends_burst(numbers[0]):
            found.append([])
    return found if found[-1] else found[:-1]


def test_bursts_come_at_the_start_and_every_so_many_seconds():
    found = in_bursts(bursts(4, 2.0), at_25(5))
    assert found == [[n / 25 for n in range(first, first + 4)] for first in (0, 50, 100)]


def test_within_a_burst_the_rate_holds():
    assert in_bursts(bursts(3, 4.0, fps=5.0), at_25(5)) == [[0.0, 0.2, 0.4], [4.0, 4.2, 4.4]]


def test_a_rate_above_the_medias_own_takes_every_frame_until_the_burst_is_full():
    assert in_bursts(bursts(4, 2.0, fps=60.0), at_25(3)) == [[0.0, 0.04, 0.08, 0.12], [2.0, 2.04, 2.08, 2.12]]


def test_bursts_longer_than_their_spacing_follow_each_other_without_a_gap():
    found = in_bursts(bursts(10, 0.1), at_25(2))
    assert [len(burst) for burst in found] == [10] * 5
    assert [at_s for burst in found for at_s in burst] == at_25(2)


def test_a_short_video_has_its_bursts_closer_together():
    assert len(in_bursts(bursts(8, 60.0, min_frames=32), at_25(4), duration_s=4.0)) == 4
    assert len(in_bursts(bursts(64, 60.0, min_frames=32), at_25(4), duration_s=4.0)) == 1


def test_a_frame_long_overdue_begins_its_burst_where_it_is():
    assert in_bursts(bursts(3, 1.0, fps=10.0), [0.0, 1.7, 1.75, 1.8, 1.9, 2.0, 2.1]) == [
        [0.0, 1.7, 1.8],
        [1.9, 2.0, 2.1],
    ]


@given(
    gaps_s=st.lists(st.floats(0.001, 0.7), min_size=1, max_size=200),
    fps=st.floats(0.5, 60.0),
    frames=st.integers(1, 9),
    every_s=st.floats(0.05, 20.0),
)
def test_samples_are_numbered_and_bursts_are_told_apart(gaps_s, fps, frames, every_s):
    times_s = [sum(gaps_s[:n]) for n in range(len(gaps_s))]
    plans = [SamplingPlan(fps, 1), bursts(frames, every_s, fps=fps)]
    found = taken(plans, times_s)
    steady = [numbers[0] for _, numbers in found if 0 in numbers]
    assert steady == list(range(len(steady)))
    in_order = [numbers[1] for _, numbers in found if 1 in numbers]
    assert in_order == [n for n in range(2 * len(in_order)) if n % (frames + 1) != frames][: len(in_order)]
    assert in_order[0] == 0


@given(
    frames=st.integers(1, 20),
    every_s=st.floats(0.05, 5.0),
    fps=st.sampled_from([1.0, 5.0, 7.5, 24.0, 25.0, 30.0, 60.0]),
)
def test_bursts_never_begin_before_they_are_due(frames, every_s, fps):
    found = in_bursts(bursts(frames, every_s, fps=fps), at_25(10))
    for before, after in itertools.pairwise(found):
        assert after[0] - before[0] >= min(every_s, frames / fps) - 0.041
        assert len(before) == frames


@pytest.mark.parametrize("plan", [SamplingPlan(2.0, 32), SamplingPlan(25.0, 32, 4, 10.0)])
def test_a_video_that_lies_about_its_duration_is_not_sampled_frame_by_frame(plan):
    def taken(duration_s: float | None) -> int:
        sampling = Sampling([plan], duration_s)
        return sum(bool(sampling.samples(number / 25)) for number in range(25 * 100))

    assert taken(0.01) <= taken(100.0) + 60
