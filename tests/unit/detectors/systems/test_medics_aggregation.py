"""From logits to the score of a face, of a model and of a video."""

import math

import pytest

from detectors.systems.medics.aggregation import mean_score, score_of_clip, score_of_pictures, score_of_video


def logit(score: float) -> float:
    return math.log(score / (1.0 - score))


def test_the_first_class_of_a_clip_is_manipulated():
    assert score_of_clip([[logit(0.8), 0.0]]) == pytest.approx(0.8)


def test_both_views_of_a_clip_are_averaged_as_probabilities():
    assert score_of_clip([[0.0, 0.0], [logit(0.9), 0.0]]) == pytest.approx(0.7)


def test_extreme_logits_give_0_and_1():
    assert score_of_clip([[2000.0, -2000.0]]) == 1.0
    assert score_of_clip([[-2000.0, 2000.0]]) == 0.0


@pytest.mark.parametrize(
    ("scores", "median"), [([0.2], 0.2), ([0.9, 0.1], 0.1), ([0.9, 0.1, 0.4], 0.4), ([0.7, 0.6, 0.1, 0.9], 0.6)]
)
def test_of_an_even_number_of_pictures_the_lower_middle_one_counts(scores: list[float], median: float):
    assert score_of_pictures([logit(score) for score in scores]) == pytest.approx(median)


def test_a_face_without_pictures_has_no_score():
    with pytest.raises(ValueError, match="without pictures"):
        score_of_pictures([])


def test_models_count_alike_and_so_do_faces():
    clips = [[0.9, 0.5]] * 7
    assert score_of_video(clips, [0.1, 0.3]) == pytest.approx((7 * 0.7 + 0.2) / 8)


def test_a_video_keeps_off_the_ends():
    assert score_of_video([[0.0]], []) == 0.001
    assert mean_score([1.0, 1.0]) == 0.999


def test_a_score_of_exactly_0_counts_unless_as_published():
    assert score_of_video([[0.8]], [0.0]) == pytest.approx(0.4)
    assert score_of_video([[0.8]], [0.0], compat="original") == pytest.approx(0.8)


def test_nothing_is_no_score_unless_as_published():
    assert score_of_video([], []) is None
    assert score_of_video([], [], compat="original") == 0.5
