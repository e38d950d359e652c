"""Which frames eighteen decodes, and which of them its picture networks see."""

import pytest

from detectors.systems.eighteen.sampling import frame_indices, picture_indices


@pytest.mark.parametrize(
    ("frames", "step", "kept"), [(1, 1, 1), (160, 1, 160), (161, 2, 81), (300, 2, 150), (321, 3, 107)]
)
def test_no_more_than_160_frames_evenly_from_the_first(frames: int, step: int, kept: int):
    assert frame_indices(frames) == list(range(0, frames, step))
    assert len(frame_indices(frames)) == kept


def test_no_frames_of_an_empty_video():
    assert frame_indices(0) == []


@pytest.mark.parametrize(
    ("frames", "step", "seen"),
    [(5, 1, 5), (9, 1, 5), (35, 1, 35), (36, 2, 15), (64, 2, 30), (150, 5, 30), (160, 5, 30)],
)
def test_pictures_come_in_whole_groups_of_5(frames: int, step: int, seen: int):
    assert picture_indices(frames) == list(range(0, frames, step))[:seen]


def test_fewer_than_5_frames_are_all_seen_where_the_original_sees_none():
    assert picture_indices(4) == [0, 1, 2, 3]
    assert picture_indices(4, compat="original") == []
    assert picture_indices(0) == []
