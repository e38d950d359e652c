"""How ntech follows faces from look to look."""

import numpy as np
import pytest

from contracts.clips import FaceBox
from detectors.systems.ntech.tracking import overlaps_with, tracks_of


def a_face(left: float = 10.0, *, confidence: float = 0.95) -> FaceBox:
    return FaceBox(left, 10.0, left + 40.0, 60.0, confidence)


def lengths(looks: list[list[FaceBox]], **how) -> list[tuple[int, int]]:
    return [(track.first_frame, len(track)) for track in tracks_of(looks, **how)]


def test_a_face_has_a_box_in_every_kept_frame_on_a_straight_line():
    (track,) = tracks_of([[a_face(10.0)], [a_face(13.0)], [a_face(13.0)]])
    assert track.first_frame == 0
    assert track.edges[:, 0].tolist() == [10.0, 11.0, 12.0, 13.0, 13.0, 13.0, 13.0]
    assert track.edges.dtype == np.float32


def test_the_original_wants_seven_boxes_without_a_gap():
    gap = [*[[a_face()]] * 7, [], *[[a_face()]] * 6]
    assert lengths([[a_face()]] * 6, compat="original") == []
    assert lengths(gap, compat="original") == [(0, 19)]
    assert lengths(gap) == [(0, 40)]


def test_one_miss_is_bridged_and_two_are_not():
    looks = [[], [a_face(10.0)], [], [a_face(22.0)], [a_face(22.0)], [], [], *[[a_face(22.0)]] * 3]
    one, other = tracks_of(looks)
    assert one.first_frame == 3
    assert one.edges[:, 0].tolist() == [10.0, 12.0, 14.0, 16.0, 18.0, 20.0, 22.0, 22.0, 22.0, 22.0]
    assert (other.first_frame, len(other)) == (21, 7)


@pytest.mark.parametrize(("best", "kept"), [(0.9, True), (0.89, False)])
def test_one_sure_box_carries_a_track_of_unsure_ones(best: float, kept: bool):
    unsure = [a_face(confidence=0.31)]
    assert bool(lengths([*[unsure] * 6, [a_face(confidence=best)]], compat="original")) is kept


def test_boxes_under_the_least_confidence_do_not_exist():
    looks = [[a_face()], [a_face(confidence=0.29)], *[[a_face()]] * 7]
    assert lengths(looks, compat="original") == [(6, 19)]


def test_the_older_track_chooses_first_and_takes_the_box_that_overlaps_most():
    first, second = a_face(10.0), a_face(30.0)
    looks = [[first, second], *[[a_face(24.0), a_face(12.0)]] * 6]
    one, other = tracks_of(looks, compat="original")
    assert one.edges[-1, 0] == 12.0
    assert other.edges[-1, 0] == 24.0


def test_overlap_is_intersection_over_union():
    half = FaceBox(0.0, 0.0, 10.0, 10.0, 0.9)
    others = [half, FaceBox(5.0, 0.0, 15.0, 10.0, 0.9), FaceBox(20.0, 0.0, 30.0, 10.0, 0.9)]
    assert overlaps_with(half, others) == pytest.approx([1.0, 1 / 3, 0.0])
