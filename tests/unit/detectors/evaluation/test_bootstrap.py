"""Sources are drawn whole, so that many items of few sources do not look like many."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.evaluation import resampled
from detectors.evaluation.bootstrap import intervals, resamples, share_of


@given(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=30), st.integers(0, 1000))
def test_the_items_of_a_source_come_and_go_together(sources: list[str], seed: int):
    (times,) = resamples(sources, rounds=5, seed=seed)
    for source in set(sources):
        own = times[:, [at for at, name in enumerate(sources) if name == source]]
        assert (own == own[:, :1]).all()
    first_of_each = [sources.index(source) for source in sorted(set(sources))]
    assert (times[:, first_of_each].sum(axis=1) == len(first_of_each)).all()


def frames_of_people(*, people: int = 24, frames: int = 50) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Frames whose scores are mostly their person's: half of the people are manipulated."""
    draws = np.random.default_rng(7)
    labels = np.repeat(np.arange(people) % 2, frames)
    persons = np.repeat(draws.normal(size=people), frames)
    scores = labels + 1.5 * persons + 0.3 * draws.normal(size=people * frames)
    return labels, scores, [f"person {at // frames}" for at in range(people * frames)]


def test_an_interval_by_person_is_wider_than_one_by_frame():
    labels, scores, persons = frames_of_people()

    def figures(times: np.ndarray) -> dict[str, np.ndarray]:
        return resampled.ranking(labels, scores, times)

    by_person = intervals(figures, persons, rounds=300)["auc"]
    by_frame = intervals(figures, [str(at) for at in range(len(labels))], rounds=300)["auc"]
    assert by_person.high - by_person.low > 3 * (by_frame.high - by_frame.low)


def test_without_groups_it_is_the_error_of_a_mean():
    flags = np.arange(400) % 2 == 1
    found = share_of(flags.tolist(), [str(at) for at in range(400)], rounds=2000)
    half_width = 1.96 * 0.5 / np.sqrt(400)
    assert (found["value"], found["count"], found["of"]) == (0.5, 200, 400)
    assert (found["low"], found["high"]) == pytest.approx((0.5 - half_width, 0.5 + half_width), abs=0.006)


def test_the_same_seed_gives_the_same_interval():
    labels, scores, persons = frames_of_people(frames=2)

    def auc(seed: int) -> tuple[float, float]:
        found = intervals(lambda times: resampled.ranking(labels, scores, times), persons, rounds=50, seed=seed)["auc"]
        return found.low, found.high

    assert auc(1) == auc(1) != auc(2)


def test_many_items_are_resampled_in_blocks_of_the_same_draws():
    sources = [str(at % 3) for at in range(900_000)]
    blocks = list(resamples(sources, rounds=5))
    assert [len(block) for block in blocks] == [2, 2, 1]
    assert np.concatenate([block[:, :3] for block in blocks]).tolist() == resampled_alone(5)


def resampled_alone(rounds: int) -> list[list[float]]:
    (times,) = resamples(["0", "1", "2"], rounds=rounds)
    return times.tolist()


def test_one_source_and_one_class_have_no_interval():
    labels, scores = np.array([0, 1, 1]), np.array([0.1, 0.2, 0.3])

    def figures(times: np.ndarray) -> dict[str, np.ndarray]:
        return resampled.ranking(labels, scores, times)

    assert intervals(figures, ["a", "a", "a"], rounds=20) == {}
    # Of three items with one genuine one, 1 - (2/3)^3 of the resamples hold it: more than half.
    assert intervals(figures, ["a", "b", "c"], rounds=200)["auc"].rounds < 200
    assert intervals(lambda times: {"auc": np.full(len(times), np.nan)}, ["a", "b"], rounds=20) == {}
