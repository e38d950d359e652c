"""What the networks of ntech see of a face."""

import numpy as np
import pytest

from detectors.systems.ntech.crops import (
    area_around,
    close_view,
    cut_repeating,
    mirrored,
    moved,
    scaled_size,
    shape_of,
    wide_view,
)


def test_half_as_much_again_is_cut_off_at_the_frame():
    assert area_around((10.0, 10.0, 50.0, 60.0), 80, 100) == (0, 0, 60, 72)
    assert area_around((60.0, 20.0, 90.0, 70.0), 80, 100) == (52, 7, 97, 80)


@pytest.mark.parametrize("edges", [(120.0, 10.0, 140.0, 30.0), (-60.0, 10.0, -40.0, 30.0), (10.1, 10.1, 10.2, 10.2)])
def test_nothing_is_left_outside_the_frame_or_of_a_tiny_box(edges: tuple[float, ...]):
    assert 0 in shape_of(area_around(edges, 80, 100))


@pytest.mark.parametrize(
    ("size", "shorter", "wanted"), [((4, 5), 2, (2, 2)), ((4, 7), 2, (2, 4)), ((9, 6), 192, (288, 192))]
)
def test_halves_are_rounded_to_the_even_number(size: tuple[int, int], shorter: int, wanted: tuple[int, int]):
    assert scaled_size(*size, shorter) == wanted


def columns(height: int, width: int) -> np.ndarray:
    """A picture whose brightness is the number of the column."""
    return np.repeat(np.broadcast_to(np.arange(width, dtype=np.uint8), (height, width))[..., None], 3, axis=2)


def rows(height: int, width: int) -> np.ndarray:
    return columns(width, height).transpose(1, 0, 2)


def test_the_close_view_is_the_middle_of_a_crop_of_224():
    seen = close_view(columns(224, 251))
    assert seen.shape == (224, 192, 3)
    assert (seen[0, 0, 0], seen[0, -1, 0]) == (29, 220)  # (251 - 192) // 2


def test_the_wide_view_mirrors_at_the_edges_without_repeating_them():
    seen = wide_view(rows(193, 192)[:, :, :])
    assert seen.shape == (224, 192, 3)
    # 31 rows are missing: 15 above, 16 below
    assert seen[:17, 0, 0].tolist() == [*range(15, 0, -1), 0, 1]
    assert seen[-17:, 0, 0].tolist() == [192, *range(191, 175, -1)]


def test_the_wide_view_cuts_what_is_higher_than_224():
    assert wide_view(rows(240, 192))[[0, -1], 0, 0].tolist() == [8, 231]


@pytest.mark.parametrize(("height", "width"), [(1, 1), (700, 1), (1, 5000), (9, 9), (1900, 2600)])
@pytest.mark.parametrize("view", [close_view, wide_view])
def test_every_crop_becomes_224_by_192(view, height: int, width: int):
    assert view(np.zeros((height, width, 3), dtype=np.uint8)).shape == (224, 192, 3)


def test_mirroring_exchanges_left_and_right():
    assert mirrored(columns(2, 3))[0, :, 0].tolist() == [2, 1, 0]


def test_outside_a_crop_its_outermost_pixels_repeat():
    assert cut_repeating(columns(2, 3), (-2, 0, 5, 1))[0, :, 0].tolist() == [0, 0, 0, 1, 2, 2, 2]
    assert moved((1, 2, 3, 4), (10, 20)) == (11, 22, 13, 24)
