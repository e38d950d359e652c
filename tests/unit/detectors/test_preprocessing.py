"""The pixels that a network sees, against numbers worked out by hand."""

import numpy as np
import pytest

from contracts.clips import FaceBox, FaceCrop
from detectors.preprocessing import batch_of, cut, resized, square_around, square_view
from tests.support.faces import a_crop

RAMP = np.stack([np.arange(0, 100, dtype=np.uint8).reshape(10, 10)] * 3, axis=-1)


def a_box(left: float, top: float, right: float, bottom: float) -> FaceBox:
    return FaceBox(left=left, top=top, right=right, bottom=bottom, confidence=1.0)


@pytest.mark.parametrize(
    ("margin", "shift_down", "wanted"),
    [(0.0, 0.0, (10, 20, 80)), (0.25, 0.0, (-10, 0, 120)), (0.0, 0.1, (10, 28, 80))],
)
def test_the_square_has_the_longer_side_and_the_same_middle(margin: float, shift_down: float, wanted: tuple):
    assert square_around(a_box(20, 20, 80, 100), margin=margin, shift_down=shift_down) == wanted


def test_a_speck_of_a_box_still_is_one_pixel():
    assert square_around(a_box(5.0, 5.0, 5.2, 5.1), margin=0.0)[2] == 1


def test_cutting_inside_takes_the_pixels_as_they_are():
    assert cut(RAMP, 2, 3, 2)[..., 0].tolist() == [[32, 33], [42, 43]]


def test_cutting_beyond_the_rim_repeats_the_outermost_pixels():
    assert cut(RAMP, -1, -1, 3)[..., 0].tolist() == [[0, 0, 1], [0, 0, 1], [10, 10, 11]]
    assert cut(RAMP, 8, 8, 3)[..., 0].tolist() == [[88, 89, 89], [98, 99, 99], [98, 99, 99]]


def test_shrinking_averages_areas():
    board = np.zeros((4, 4, 3), dtype=np.uint8)
    board[::2, ::2] = 200
    assert resized(board, 2)[..., 1].tolist() == [[50, 50], [50, 50]]


def test_growing_interpolates_between_pixel_middles():
    row = np.array([[[0] * 3, [100] * 3]] * 2, dtype=np.uint8)
    assert resized(row, 4)[0, :, 0].tolist() == [0, 25, 75, 100]


def test_a_square_of_the_right_size_is_not_touched():
    assert resized(RAMP, 10) is RAMP


def test_a_view_is_the_box_with_its_margin():
    crop = FaceCrop(pixels=RAMP, box=a_box(4, 4, 6, 6), track_id=0, pts_s=0.0, frame_index=0)
    assert square_view(crop, margin=0.5, size_px=4)[..., 2].tolist() == RAMP[3:7, 3:7, 2].tolist()


@pytest.mark.parametrize(("width_px", "height_px"), [(1, 1), (3, 900), (2000, 1500)])
def test_a_view_has_its_size_whatever_the_crop(width_px: int, height_px: int):
    view = square_view(a_crop(width_px=width_px, height_px=height_px), margin=0.3, size_px=96)
    assert view.shape == (96, 96, 3)
    assert view.dtype == np.uint8


def test_a_batch_is_channels_first_and_normalised():
    red = np.zeros((2, 2, 3), dtype=np.uint8)
    red[..., 0] = 255
    grey = np.full((2, 2, 3), 51, dtype=np.uint8)
    batch = batch_of([red, grey], mean=(0.5, 0.2, 0.0), std=(0.5, 0.1, 2.0))
    assert batch.shape == (2, 3, 2, 2)
    assert batch.dtype == np.float32
    assert batch[0, :, 0, 0] == pytest.approx([1.0, -2.0, 0.0], abs=1e-6)
    assert batch[1, :, 1, 1] == pytest.approx([-0.6, 0.0, 0.1], abs=1e-6)
