"""How eighteen counts faces and follows them from frame to frame."""

import pytest

from contracts.clips import FaceBox
from detectors.systems.eighteen.tracking import (
    Box,
    Entry,
    at_every_frame,
    chosen_tubes,
    confident,
    number_of_faces,
    overlap,
    tubes_of,
)

HERE, NEARBY, THERE = Box(10, 10, 29, 29), Box(14, 10, 33, 29), Box(60, 60, 79, 79)


def test_only_sure_boxes_count_and_lose_their_decimals():
    boxes = [FaceBox(1.9, 2.9, 30.9, 40.9, 0.8), FaceBox(1.0, 2.0, 30.0, 40.0, 0.7999)]
    assert confident(boxes) == [Box(1, 2, 30, 40)]


def test_overlap_counts_the_last_pixels():
    assert overlap(HERE, HERE) == 1.0
    assert overlap(HERE, NEARBY) == pytest.approx(16 * 20 / (24 * 20))
    assert overlap(HERE, THERE) == 0.0


def test_the_most_frequent_number_of_faces_wins_and_of_equals_the_first():
    assert number_of_faces([[HERE], [HERE, THERE], [HERE, THERE]]) == 2
    assert number_of_faces([[HERE], [HERE, THERE]]) == 1
    assert number_of_faces([]) == 0


def test_frames_without_a_face_only_vote_in_the_original():
    half_hidden = [[], [], [HERE]]
    assert number_of_faces(half_hidden) == 1
    assert number_of_faces(half_hidden, compat="original") == 0


def test_a_face_is_followed_over_gaps_and_another_begins_a_tube():
    tubes = tubes_of([[HERE], [], [THERE, NEARBY]])
    assert tubes == [[Entry(0, HERE), Entry(2, NEARBY)], [Entry(2, THERE)]]


def test_a_tube_takes_one_box_per_frame_the_first():
    near, nearer = Box(12, 10, 31, 29), Box(11, 10, 30, 29)
    assert tubes_of([[HERE], [near, nearer]]) == [[Entry(0, HERE), Entry(1, near)]]


def test_two_boxes_of_the_frame_in_which_a_tube_begins_do_not_join_it():
    assert tubes_of([[HERE, NEARBY]]) == [[Entry(0, HERE)], [Entry(0, NEARBY)]]


def test_the_longest_tubes_are_chosen_as_many_as_faces_and_at_most_two():
    third = Box(200, 10, 219, 29)
    assert chosen_tubes([[THERE], [HERE], [HERE]]) == [[Entry(1, HERE), Entry(2, HERE)]]
    assert len(chosen_tubes([[HERE, THERE, third]] * 2)) == 2
    assert chosen_tubes([[], []]) == []


def test_every_frame_gets_the_nearest_entry_of_two_the_earlier():
    tube = [Entry(1, HERE), Entry(3, NEARBY), Entry(6, THERE)]
    assert [entry.frame for entry in at_every_frame(tube, 8)] == [1, 1, 1, 3, 3, 6, 6, 6]
