"""The squares that eighteen cuts around the faces of a tube."""

import numpy as np

from detectors.systems.eighteen.crops import Square, squares_around, views_of
from detectors.systems.eighteen.tracking import Box

FRAME = Box(0, 0, 200, 100)


def test_all_squares_of_a_tube_have_the_even_side_of_the_largest_face():
    small, large = Box(90, 40, 110, 60), Box(80, 30, 121, 60)
    # 1.3 x 41 = 53.3, even: 52; around the middles (100, 50) and (100, 45)
    assert squares_around([small, large], [FRAME] * 2) == [Square(74, 24, 52), Square(74, 19, 52)]


def test_near_the_far_edge_the_square_shrinks_and_moves_inside():
    # 1.3 x 40 = 52 from 170 - 26 = 144 on: 56 pixels are left to the right, 46 = 100 - 54 below
    assert squares_around([Box(150, 60, 190, 100)], [FRAME]) == [Square(147, 54, 46)]


def test_near_the_first_edge_it_moves_inside_and_keeps_its_side():
    assert squares_around([Box(0, 0, 40, 40)], [FRAME]) == [Square(0, 0, 52)]


def test_no_square_is_larger_than_the_frame():
    assert squares_around([Box(0, 0, 200, 100)], [FRAME]) == [Square(50, 0, 100)]


def test_an_area_that_is_too_small_for_the_common_side_is_covered_whole():
    whole, part = Box(0, 0, 100, 100), Box(40, 40, 60, 70)
    squares = squares_around([Box(30, 30, 70, 70), Box(45, 50, 55, 60)], [whole, part])
    assert squares[0] == Square(24, 24, 52)
    for first, last, start in ((part.left, part.right, squares[1].left), (part.top, part.bottom, squares[1].top)):
        assert start <= first < last <= start + 52


def test_even_a_single_pixel_has_a_square():
    (square,) = squares_around([Box(0, 0, 0, 0)], [Box(0, 0, 1, 1)])
    assert square.side == 2


def test_views_have_both_sizes_and_keep_flat_colours():
    flat = np.full((40, 40, 3), (10, 20, 30), dtype=np.uint8)
    views = views_of(flat)
    assert {size: view.shape for size, view in views.items()} == {256: (256, 256, 3), 299: (299, 299, 3)}
    assert all((view == (10, 20, 30)).all() for view in views.values())
