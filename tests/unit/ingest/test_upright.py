import struct

import numpy as np
import pytest

from ingest.upright import UPRIGHT, Turn, turn_of_matrix

ONE = 1 << 16
PICTURE = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)


def matrix(a, b, c, d):
    return struct.pack("9i", a * ONE, b * ONE, 0, c * ONE, d * ONE, 0, 0, 0, 1 << 30)


@pytest.mark.parametrize(
    ("numbers", "turn"),
    [
        ((1, 0, 0, 1), UPRIGHT),
        ((0, 1, -1, 0), Turn(1)),
        ((-1, 0, 0, -1), Turn(2)),
        ((0, -1, 1, 0), Turn(3)),
        ((-1, 0, 0, 1), Turn(0, mirrored=True)),
        ((0, 0, 0, 0), UPRIGHT),
    ],
)
def test_the_matrix_of_a_phone_is_read(numbers, turn):
    assert turn_of_matrix(matrix(*numbers)) == turn


def test_a_quarter_turn_is_clockwise():
    turned = Turn(1).apply(PICTURE)
    assert turned.shape == (3, 2, 3)
    assert (turned[0, -1] == PICTURE[0, 0]).all()  # the upper left corner goes to the upper right
    assert turned.flags.c_contiguous


def test_four_quarters_are_none():
    picture = PICTURE
    for _ in range(4):
        picture = Turn(1).apply(picture)
    assert (picture == PICTURE).all()


def test_nothing_to_do_copies_nothing():
    assert UPRIGHT.apply(PICTURE) is PICTURE
