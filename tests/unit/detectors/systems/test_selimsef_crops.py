"""Faces of selimsef: where they are cut, how they come onto the canvas, which of a crowd are scored."""

import numpy as np
import pytest

from contracts.clips import FaceBox
from detectors.systems.selimsef.crops import (
    chosen,
    cut_out,
    doubled,
    halved,
    letterbox_of,
    letterboxed,
    vanishes,
    with_thirds,
)
from tests.support.footage import flat


@pytest.mark.parametrize(("width", "height", "half"), [(1920, 1081, (540, 960, 3)), (1, 1, (1, 1, 3))])
def test_the_halved_picture_cuts_odd_sides(width, height, half):
    assert halved(np.zeros((height, width, 3), np.uint8)).shape == half


def test_halving_averages_over_the_pixels_that_go():
    stripes = np.zeros((8, 8, 3), np.uint8)
    stripes[:, ::2] = 200
    middle = halved(stripes)[2, 1:3]
    assert abs(middle.astype(int) - 100).max() < 25  # plain sampling would give 0 or 200


def test_boxes_are_doubled_before_they_are_cut_to_whole_pixels():
    assert doubled(FaceBox(10.4, 20.6, 30.3, 50.9, 1.0)) == (20, 41, 60, 101)
    assert doubled(FaceBox(-0.4, 0.0, 3.0, 3.0, 1.0))[0] == 0  # cut towards zero


def test_a_third_is_added_on_each_side_and_the_start_kept_in_the_frame():
    assert with_thirds((100, 100, 140, 160)) == (87, 80, 153, 180)  # 40 // 3 = 13, 60 // 3 = 20
    assert with_thirds((5, 5, 35, 35)) == (0, 0, 45, 45)


def test_what_leaves_the_frame_is_cut_off():
    frame = flat(7, width_px=100, height_px=80)
    crop = cut_out(frame, (60, 40, 96, 79))
    assert crop is not None
    assert crop.shape == (80 - 27, 100 - 48, 3)


@pytest.mark.parametrize("edges", [(200, 10, 230, 40), (10, 200, 40, 230), (-90, 10, -60, 40), (10, -90, 40, -60)])
def test_a_face_outside_its_frame_is_none(edges):
    assert cut_out(flat(7, width_px=100, height_px=80), edges) is None


@pytest.mark.parametrize(
    ("height", "width", "placed"),
    [
        (380, 200, (380, 200, 0, 90, "none")),
        (100, 50, (380, 190, 0, 95, "cubic")),
        (760, 381, (380, 190, 0, 95, "area")),
        (1, 1000, (1, 380, 189, 0, "area")),
    ],
)
def test_the_longer_side_fills_the_canvas(height, width, placed):
    place = letterbox_of(height, width)
    assert (place.height_px, place.width_px, place.top, place.left, place.interpolation) == placed


def test_the_canvas_around_the_crop_is_black_and_the_crop_unchanged_when_it_fits():
    crop = np.random.default_rng(0).integers(1, 256, (200, 380, 3), dtype=np.uint8)
    canvas = letterboxed(crop)
    assert canvas.shape == (380, 380, 3)
    assert (canvas[90:290] == crop).all()
    assert not canvas[:90].any()
    assert not canvas[290:].any()


def test_shrinking_averages_over_areas():
    checks = np.zeros((760, 760, 3), np.uint8)
    checks[::2, ::2] = checks[1::2, 1::2] = 200
    assert (letterboxed(checks) == 100).all()


def test_only_a_crop_thinner_than_a_pixel_of_the_canvas_vanishes():
    assert vanishes(np.zeros((1, 381, 3), np.uint8))
    assert not vanishes(np.zeros((1, 380, 3), np.uint8))


def test_up_to_127_faces_both_keep_all_in_the_order_of_frames():
    every = [(0, 0), (0, 1), (2, 0)]
    assert chosen([2, 0, 1]) == chosen([2, 0, 1], compat="original") == every


def test_the_original_fills_127_places_and_we_128():
    assert [len(chosen([count])) for count in (127, 128, 129)] == [127, 128, 128]
    assert [len(chosen([count], compat="original")) for count in (126, 127, 128)] == [126, 127, 127]


def test_in_a_crowd_every_frame_gives_its_largest_face_first():
    crowd = [100, 100]
    kept = chosen(crowd)
    assert kept == [(0, face) for face in range(64)] + [(1, face) for face in range(64)]
    assert chosen(crowd, compat="original")[-1] == (1, 26)
