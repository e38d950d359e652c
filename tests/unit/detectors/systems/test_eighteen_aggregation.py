"""How eighteen's logits become scores: groups of pictures, faces, members, the whole."""

import math

import numpy as np
import pytest

from detectors.systems.eighteen.aggregation import (
    FAILED,
    MissingScore,
    drawn_in,
    face_score_of_pictures,
    final_score,
    member_score,
    probability,
    score_of_faces,
)
from detectors.systems.eighteen.members import MEMBERS

BY_NAME = {member.name: member for member in MEMBERS}


def logits(*probabilities: float) -> np.ndarray:
    return np.array([[0.0, math.log(p / (1.0 - p))] for p in probabilities])


def groups(*probabilities: float) -> np.ndarray:
    return logits(*(p for p in probabilities for _ in range(5)))


def test_the_second_logit_speaks_for_manipulated_and_extremes_are_safe():
    assert probability([[0.0, math.log(3.0)], [1000.0, -1000.0], [-1000.0, 1000.0]]) == pytest.approx([0.75, 0.0, 1.0])


def test_five_pictures_share_their_mean_logit():
    group = logits(0.9, 0.9, 0.9, 0.1, 0.1)
    assert face_score_of_pictures(group) == pytest.approx(float(probability([0.0, math.log(9.0) / 5.0])))


def test_where_most_groups_agree_the_others_do_not_count():
    assert face_score_of_pictures(groups(0.9, 0.95, 0.9, 0.2)) == pytest.approx(2.75 / 3)
    assert face_score_of_pictures(groups(0.1, 0.05, 0.1, 0.8)) == pytest.approx(0.25 / 3)
    assert face_score_of_pictures(groups(0.9, 0.9, 0.2)) == pytest.approx(2.0 / 3)


def test_fewer_than_five_pictures_are_one_group_where_the_original_fails():
    few = logits(0.7, 0.7, 0.7)
    assert face_score_of_pictures(few) == pytest.approx(0.7)
    assert face_score_of_pictures(few, compat="original") == FAILED
    assert member_score(BY_NAME["b0"], [few], compat="original") == FAILED


@pytest.mark.parametrize(
    ("faces", "score"),
    [([0.95, 0.1], 0.95), ([0.7, 0.65], 0.7), ([0.3, 0.1], 0.1), ([0.7, 0.3], 0.5), ([0.5], 0.5)],
)
def test_one_surely_manipulated_face_is_enough(faces: list[float], score: float):
    assert score_of_faces(faces) == pytest.approx(score)


def test_scores_at_the_ends_are_drawn_in_for_some_members():
    assert drawn_in(1.0) == pytest.approx(0.98)
    assert drawn_in(0.02) == pytest.approx(0.0392)
    assert drawn_in(0.97) == 0.97
    assert member_score(BY_NAME["b3"], [groups(0.99)]) == pytest.approx(0.9704)
    assert member_score(BY_NAME["b1"], [groups(0.99)]) == pytest.approx(0.99)
    assert member_score(BY_NAME["sf"], [logits(0.99)[0]]) == pytest.approx(0.99)


def test_tubes_count_four_tenths_and_pictures_six():
    scores = {member.name: 0.75 if member.group == "video" else 0.5 for member in MEMBERS}
    assert final_score(scores) == pytest.approx(0.6)


def test_weights_are_those_of_the_members():
    scores = {member.name: 0.5 for member in MEMBERS} | {"sf_bc_jc": 0.8, "xception": 0.3}
    wanted = 0.4 * (0.5 + 0.3 * 10 / 30) + 0.6 * (0.5 - 0.2 * 10 / 53)
    assert final_score(scores) == pytest.approx(wanted)
    assert sum(member.share for member in MEMBERS) == pytest.approx(1.0)


def test_where_most_members_of_a_group_agree_the_others_do_not_count():
    scores = {member.name: 0.9 for member in MEMBERS} | {"sf_trainval": 0.3, "b0": 0.3, "b3": 0.3}
    assert final_score(scores) == pytest.approx(0.9)
    scores |= {"sf": 0.3}  # two of four are no majority
    assert final_score(scores) == pytest.approx(0.4 * (0.9 * 14 + 0.3 * 16) / 30 + 0.6 * 0.9)


def test_a_member_without_a_score_is_an_error_where_the_original_goes_on_without_it():
    scores = {member.name: 0.6 for member in MEMBERS} | {"b0": FAILED, "sf": 0.5}
    with pytest.raises(MissingScore, match="no score of b0"):
        final_score(scores)
    assert final_score(scores, compat="original") == pytest.approx(0.4 * (0.6 - 0.1 * 8 / 30) + 0.6 * 0.6)
    for strange in (math.nan, math.inf, 1.5):
        with pytest.raises(MissingScore, match="b0"):
            final_score(scores | {"b0": strange})
    del scores["b0"]
    with pytest.raises(MissingScore, match="b0"):
        final_score(scores)


def test_the_original_leaves_out_a_group_that_failed_and_has_nothing_when_all_did():
    only_tubes = {member.name: 0.3 if member.group == "video" else FAILED for member in MEMBERS}
    assert final_score(only_tubes, compat="original") == pytest.approx(0.3)
    assert final_score({}, compat="original") is None
