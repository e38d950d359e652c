import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.clips import FaceBox
from ingest.face_tracks import FaceTracks, match, overlap


def box(left, top=0.0, side=100.0):
    return FaceBox(left, top, left + side, top + side, 1.0)


boxes = st.builds(box, st.floats(0, 2000), st.floats(0, 1000), st.floats(10, 400))


def test_overlap_is_that_of_the_books():
    assert overlap(box(0), box(0)) == 1.0
    assert overlap(box(0), box(50)) == pytest.approx(1 / 3)
    assert overlap(box(0), box(100)) == 0.0


@given(boxes, boxes)
def test_overlap_is_symmetric_and_a_share(one, other):
    assert overlap(one, other) == overlap(other, one)
    assert 0.0 <= overlap(one, other) <= 1.0


@given(st.lists(boxes, max_size=6), st.lists(boxes, max_size=6))
def test_each_box_is_matched_at_most_once(before, after):
    pairs = match(before, after)
    assert len({i for i, _ in pairs}) == len(pairs) == len({j for _, j in pairs})


def test_the_nearest_wins():
    assert match([box(0), box(150)], [box(140), box(20)]) == [(1, 0), (0, 1)]


def test_a_face_does_not_double_its_size_between_two_frames():
    assert match([box(0, side=100)], [box(0, side=250)]) == []


def test_numbers_follow_the_order_of_appearance():
    tracks = FaceTracks()
    assert tracks.join(0.0, [box(0), box(500)]) == [0, 1]
    assert tracks.join(0.1, [box(510), box(10), box(900)]) == [1, 0, 2]


def test_a_short_gap_is_bridged_and_a_long_one_is_not():
    tracks = FaceTracks()
    tracks.join(0.0, [box(0)])
    tracks.join(0.2, [])
    assert tracks.join(0.4, [box(10)]) == [0]
    for at_s in (0.6, 0.8, 1.0, 1.2):
        tracks.join(at_s, [])
    assert tracks.join(1.4, [box(10)]) == [1]


def test_at_a_low_rate_one_missed_frame_is_bridged():
    tracks = FaceTracks()
    tracks.join(0.0, [box(0)])
    tracks.join(1.0, [])
    assert tracks.join(2.0, [box(10)]) == [0]


def test_a_cut_ends_every_track():
    tracks = FaceTracks()
    tracks.join(0.0, [box(0)])
    assert tracks.join(0.1, [box(0)], after_cut=True) == [1]


def test_a_face_that_jumps_is_another_one():
    tracks = FaceTracks()
    tracks.join(0.0, [box(0)])
    assert tracks.join(0.1, [box(700)]) == [1]
