"""Faces through time: what hangs together, for how long, where, and which squares follow it."""

from collections.abc import Sequence

import numpy as np
import pytest

from detectors.systems.footage import Compat
from detectors.systems.medics.tracking import Box, FaceThroughTime, faces_through_time, squares_along

ROWS, COLUMNS = 60, 80
FACE = (20.9, 10.2, 40.7, 35.9)
OTHER = (60.0, 30.0, 75.0, 50.0)


def tracked(
    boxes: Sequence[Sequence[Box]], *, sure: float = 0.9, enlargement: float = 4.0, compat: Compat = "corrected"
) -> list[FaceThroughTime]:
    certain = [[sure] * len(some) for some in boxes]
    return faces_through_time(boxes, certain, rows=ROWS, columns=COLUMNS, enlargement=enlargement, compat=compat)


def test_a_face_that_stays_has_its_region_in_the_pixels_of_the_full_frames():
    (face,) = tracked([[FACE]] * 4, compat="original")
    assert face.frames == (0, 39)
    assert face.rows == (40, 136)  # painted rows 10 to 34
    assert face.columns == (80, 156)
    assert face.squares.shape == (30, 4)


def test_a_moving_face_has_one_region_for_all_its_places():
    moved = [tuple(edge + 3.0 * at for edge in FACE) for at in range(5)]
    (face,) = tracked([[box] for box in moved], enlargement=1.0)
    assert (face.rows, face.columns) == ((10, 46), (20, 51))


def test_the_last_frame_of_a_face_is_kept_unless_as_published():
    assert tracked([[FACE]] * 3)[0].frames == (0, 30)
    assert tracked([[FACE]] * 3, compat="original") == []
    assert tracked([[FACE]] * 2) == []


def test_a_face_may_come_later_and_lasts_a_hundred_frames_at_most():
    late = [[], [], *[[FACE]] * 12]
    assert tracked(late)[0].frames == (20, 120)
    assert tracked(late, compat="original")[0].frames == (20, 120)


def test_an_empty_sample_gets_what_its_neighbours_share():
    (face,) = tracked([[FACE], [FACE], [], [FACE], [FACE]])
    assert face.frames == (0, 50)
    assert tracked([[FACE], [FACE], [], [], [FACE], [FACE]]) == []
    assert tracked([[FACE], [FACE], [], [OTHER], [OTHER]]) == []


def test_boxes_that_touch_at_a_corner_in_time_are_one_face():
    first, second = (0.0, 0.0, 10.0, 10.0), (10.0, 10.0, 20.0, 20.0)
    assert len(tracked([[first], [first], [second], [second]])) == 1
    apart = (11.0, 11.0, 20.0, 20.0)
    assert tracked([[first], [first], [apart], [apart]]) == []


def test_the_most_certain_face_comes_first():
    boxes = [[FACE, OTHER]] * 4
    certain = [[0.90, 0.95]] * 4
    faces = faces_through_time(boxes, certain, rows=ROWS, columns=COLUMNS, enlargement=1.0)
    assert [face.columns[0] for face in faces] == [60, 20]


def test_a_filled_sample_lowers_the_certainty_of_a_face():
    boxes = [[FACE, OTHER], [FACE, OTHER], [], [FACE, OTHER], [FACE, OTHER]]
    longer = [[], [], [], [], *boxes]
    certain = [[0.9] * len(some) for some in longer]
    assert len(faces_through_time(longer, certain, rows=ROWS, columns=COLUMNS, enlargement=1.0)) == 2


def test_a_face_that_leans_out_of_the_picture_is_lost_only_as_published():
    leaning = (-5.0, 10.0, 15.0, 35.0)
    (face,) = tracked([[leaning]] * 4, enlargement=1.0)
    assert face.columns == (0, 14)
    assert tracked([[leaning]] * 4, compat="original") == []


def test_without_any_box_there_is_no_face():
    assert tracked([[], [], []]) == []
    assert tracked([]) == []


def test_squares_go_from_place_to_place_and_come_twice_in_between():
    places = np.array([[10, 10, 19, 19], [28, 10, 37, 19], [28, 28, 37, 37]])
    squares = squares_along(places, rows=ROWS, columns=COLUMNS)
    assert squares.shape == (20, 4)
    assert squares[0].tolist() == [9, 9, 19, 19]  # middle 14.5, side int(1.2 * 9) = 10
    assert squares[9].tolist() == squares[10].tolist() == [27, 9, 37, 19]
    assert (squares[:, 2] - squares[:, 0] == 10).all()


@pytest.mark.parametrize(
    ("place", "square"),
    [((0, 0, 10, 10), [0, 0, 12, 12]), ((69, 49, 79, 59), [68, 48, 80, 60])],
)
def test_squares_are_pushed_back_into_the_picture(place: tuple[int, ...], square: list[int]):
    assert squares_along(np.array([place, place]), rows=ROWS, columns=COLUMNS)[0].tolist() == square


def test_a_square_larger_than_the_picture_reaches_out_only_as_published():
    places = np.array([[10, 0, 60, 59]] * 2)  # a side of 70 in 60 rows
    assert squares_along(places, rows=ROWS, columns=COLUMNS)[0].tolist() == [0, 0, 70, 60]
    assert squares_along(places, rows=ROWS, columns=COLUMNS, compat="original")[0].tolist() == [0, -10, 70, 60]


def test_a_face_of_one_pixel_has_no_square_only_as_published():
    places = np.array([[20, 20, 20, 20]] * 2)
    assert squares_along(places, rows=ROWS, columns=COLUMNS)[0].tolist() == [19, 19, 21, 21]
    assert squares_along(places, rows=ROWS, columns=COLUMNS, compat="original")[0].tolist() == [20, 20, 20, 20]


def test_a_face_of_two_boxes_is_as_large_as_both():
    right, left = (50.0, 10.0, 70.0, 20.0), (20.0, 15.0, 55.0, 25.0)
    (face,) = tracked([[right, left]] * 4, enlargement=1.0)
    assert face.squares[0].tolist() == [15, 0, 73, 58]  # int(1.2 * 49) around (44.5, 17), pushed down
    (published,) = tracked([[right, left]] * 4, enlargement=1.0, compat="original")
    assert published.squares[0].tolist() == [44, 9, 60, 25]  # int(1.2 * 14): from its first to its last pixel
