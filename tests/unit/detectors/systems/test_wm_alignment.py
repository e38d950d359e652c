"""How wm turns a face upright: by five landmarks, by its box where there are none."""

import cv2
import numpy as np
import pytest

from contracts.clips import FaceBox
from detectors.systems.wm.alignment import (
    ALIGNED_PX,
    TEMPLATE,
    aligned,
    alignment_of,
    alignment_of_box,
    similarity,
)

SQUARE = np.array([(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)])


def box_with(landmarks, *, left=10.0, top=10.0, right=50.0, bottom=60.0) -> FaceBox:
    return FaceBox(left, top, right, bottom, 0.9, tuple((float(x), float(y)) for x, y in landmarks))


def test_a_face_on_the_template_stays_where_it_is():
    matrix = alignment_of(TEMPLATE)
    assert matrix is not None
    assert matrix == pytest.approx(np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]), abs=1e-5)


def test_turn_scale_and_shift_are_found_again():
    # a quarter turn, twice as large, 3 to the right and 4 down: (x, y) -> (3 - 2y, 4 + 2x)
    targets = np.column_stack([3.0 - 2.0 * SQUARE[:, 1], 4.0 + 2.0 * SQUARE[:, 0]])
    assert similarity(SQUARE, targets) == pytest.approx(np.array([[0.0, -2.0, 3.0], [2.0, 0.0, 4.0]]), abs=1e-9)


def test_a_mirror_image_is_not_mirrored_back():
    matrix = similarity(SQUARE, SQUARE * (-1.0, 1.0))
    assert matrix is not None
    assert np.linalg.det(matrix[:, :2]) >= 0.0


def test_points_in_one_place_have_no_alignment():
    assert similarity([(3.0, 4.0)] * 5, TEMPLATE) is None
    assert alignment_of([(3.2, 4.0), (3.4, 4.9), (3.0, 4.0), (3.9, 4.5), (3.1, 4.2)], compat="original") is None


def test_the_original_cuts_landmarks_to_whole_pixels():
    whole = np.trunc(TEMPLATE)
    fractions = whole + 0.9
    assert alignment_of(fractions, compat="original") == pytest.approx(alignment_of(whole), abs=1e-12)
    assert alignment_of(fractions) != pytest.approx(alignment_of(whole), abs=0.5)


def test_the_original_cuts_towards_nothing():
    ahead, behind = TEMPLATE - 160.7, np.trunc(TEMPLATE - 160.7)
    assert alignment_of(ahead, compat="original") == pytest.approx(alignment_of(behind), abs=1e-12)


def test_a_tilted_face_comes_out_upright():
    turned = cv2.transform(TEMPLATE[None], cv2.getRotationMatrix2D((160.0, 160.0), 30.0, 0.5))[0]
    picture = np.zeros((320, 320, 3), np.uint8)
    for x, y in turned:
        cv2.circle(picture, (round(x), round(y)), 4, (255, 255, 255), -1)
    face = aligned(picture, box_with(turned))
    assert face.shape == (ALIGNED_PX, ALIGNED_PX, 3)
    for x, y in TEMPLATE:
        assert face[round(y), round(x)].min() > 200


def test_beyond_the_picture_it_is_black():
    face = aligned(np.full((150, 320, 3), 255, np.uint8), box_with(TEMPLATE))
    assert (face[:149] == 255).all()
    assert (face[151:] == 0).all()


@pytest.mark.parametrize("landmarks", [(), ((20.0, 20.0),) * 5])
def test_a_face_without_usable_landmarks_lies_as_boxes_do(landmarks):
    box = box_with(landmarks, left=100.0, top=50.0, right=180.0, bottom=154.5)
    picture = np.zeros((300, 300, 3), np.uint8)
    picture[50:154, 100:180] = 255
    rows, columns = np.nonzero(aligned(picture, box)[..., 0] > 127)
    # twice as large, its middle at (156, 167)
    assert (columns.min(), columns.max()) == pytest.approx((76, 235), abs=1)
    assert (rows.min(), rows.max()) == pytest.approx((63, 271), abs=2)


def test_a_box_is_not_turned():
    matrix = alignment_of_box(FaceBox(0.0, 0.0, 10.0, 20.9, 0.9))
    assert matrix == pytest.approx(np.array([[10.0, 0.0, 106.0], [0.0, 10.0, 62.5]]))
