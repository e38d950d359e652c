import numpy as np
import pytest

from ingest.face_locators.priors import best_apart, boxes_of, dsfd_priors, landmarks_of, retinaface_priors


def test_two_squares_stand_on_the_middle_of_every_cell():
    """A picture of 32 x 16 pixels: 4 x 2 cells of stride 8, 2 x 1 of 16, 1 x 1 of 32."""
    priors = retinaface_priors(32, 16)
    assert priors.shape == ((8 + 2 + 1) * 2, 4)
    assert priors[0] == pytest.approx((4 / 16, 4 / 32, 16 / 16, 16 / 32))
    assert priors[1] == pytest.approx((4 / 16, 4 / 32, 32 / 16, 32 / 32))
    assert priors[2] == pytest.approx((12 / 16, 4 / 32, 16 / 16, 16 / 32))  # the next cell of the same row
    assert priors[4] == pytest.approx((4 / 16, 12 / 32, 16 / 16, 16 / 32))  # the next row
    assert priors[16] == pytest.approx((8 / 16, 8 / 32, 64 / 16, 64 / 32))
    assert priors[-1] == pytest.approx((16 / 16, 16 / 32, 512 / 16, 512 / 32))


def test_cells_that_a_picture_fills_in_part_count():
    assert len(retinaface_priors(1, 1)) == 6
    assert len(retinaface_priors(33, 8)) == (5 + 3 + 2) * 2


def test_the_slender_priors_end_where_the_picture_ends():
    priors = dsfd_priors(64, 128)
    assert len(priors) == 16 * 32 + 8 * 16 + 4 * 8 + 2 * 4 + 1 * 2 + 1
    assert priors[0] == pytest.approx((2 / 128, 2 / 64, 16 / 128 / 1.5**0.5, 16 / 64 * 1.5**0.5))
    assert priors[-1] == pytest.approx((0.5, 1.0, 1.0, 1.0))  # 64/128, 64/64, and larger than the picture
    assert priors.max() <= 1.0


def test_the_cells_can_be_said():
    said = dsfd_priors(64, 128, cells=((16, 32), (8, 16), (4, 8), (2, 4), (1, 2), (1, 1)))
    np.testing.assert_array_equal(said, dsfd_priors(64, 128))


def test_priors_are_made_once_and_not_written_to():
    assert retinaface_priors(40, 40) is retinaface_priors(40, 40)
    with pytest.raises(ValueError, match="read-only"):
        retinaface_priors(40, 40)[0] = 0


PRIORS = np.array([[0.5, 0.25, 0.2, 0.1]], dtype=np.float32)


def test_zeros_say_the_prior_itself():
    np.testing.assert_allclose(boxes_of(np.zeros((1, 4)), PRIORS), [[0.4, 0.2, 0.6, 0.3]], rtol=1e-6)
    np.testing.assert_allclose(landmarks_of(np.zeros((1, 10)), PRIORS), [[[0.5, 0.25]] * 5], rtol=1e-6)


def test_a_box_is_moved_by_tenths_of_the_prior_and_grows_by_powers_of_e():
    numbers = np.array([[5.0, -10.0, 5 * np.log(2), 5 * np.log(4)]])
    # centre 0.5 + 0.5 * 0.2, 0.25 - 1 * 0.1; size 0.2 * 2, 0.1 * 4
    np.testing.assert_allclose(boxes_of(numbers, PRIORS), [[0.4, -0.05, 0.8, 0.35]], atol=1e-6)
    np.testing.assert_allclose(boxes_of(numbers, PRIORS, within=(100, 200)), [[40, -10, 80, 70]], atol=1e-4)


def test_landmarks_are_pairs_in_a_row():
    numbers = np.array([[1, 0, 0, 1, -1, 0, 0, -1, 10, 10]])
    wanted = [[0.52, 0.25], [0.5, 0.26], [0.48, 0.25], [0.5, 0.24], [0.7, 0.35]]
    np.testing.assert_allclose(landmarks_of(numbers, PRIORS)[0], wanted, atol=1e-6)
    scaled = landmarks_of(numbers, PRIORS, within=(10, 100))[0]
    np.testing.assert_allclose(scaled, np.array(wanted) * (10, 100), atol=1e-4)


def test_numbers_that_overflow_are_not_finite():
    assert not np.isfinite(boxes_of(np.array([[0.0, 0.0, 1e6, 1e6]]), PRIORS)).any()


def test_of_two_boxes_that_share_too_much_the_likelier_stays():
    boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 6], [20, 0, 30, 10], [20, 0, 30, 3]], dtype=float)
    chances = np.array([0.5, 0.9, 0.7, 0.6])
    # 60 of 100 are shared by the first two, 30 of 100 by the others
    assert best_apart(boxes, chances, 0.4).tolist() == [1, 2, 3]
    assert best_apart(boxes, chances, 0.7).tolist() == [1, 2, 3, 0]
    assert best_apart(boxes, chances, 0.2).tolist() == [1, 2]


def test_a_share_that_is_just_allowed_is_allowed():
    boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 5]], dtype=float)
    assert len(best_apart(boxes, np.array([0.9, 0.8]), 0.5)) == 2


def test_nothing_shares_nothing():
    assert best_apart(np.zeros((0, 4)), np.zeros(0), 0.4).tolist() == []
