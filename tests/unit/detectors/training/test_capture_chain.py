"""Both halves of a pair go through the very same camera and codec."""

import numpy as np
import pytest

from detectors.training.capture_chain import (
    H264,
    draw_chain,
    greyed,
    h264,
    jpeg,
    motion_blurred,
    noisy,
    shrunk,
    video_film,
)
from tests.support.portraits import a_face

PIXELS = a_face(seed=4).pixels


def distance(pixels: np.ndarray) -> float:
    return float(np.abs(pixels.astype(int) - PIXELS.astype(int)).mean())


def test_a_drawn_chain_always_gives_the_same_picture():
    for seed in range(12):
        chain = draw_chain(np.random.default_rng(seed))
        np.testing.assert_array_equal(chain(PIXELS), chain(PIXELS))


def test_chains_differ_and_shrink_only_as_far_as_allowed():
    shapes = {draw_chain(np.random.default_rng(seed), least_scale=0.5)(PIXELS).shape for seed in range(40)}
    assert len(shapes) > 5
    assert min(shape[0] for shape in shapes) >= PIXELS.shape[0] // 2
    kept = {draw_chain(np.random.default_rng(seed), least_scale=1.0)(PIXELS).shape for seed in range(40)}
    assert kept == {PIXELS.shape}


def test_a_gentle_chain_ruins_less():
    rough, gentle = (
        [
            distance(draw_chain(np.random.default_rng(seed), least_scale=1.0, harshness=harshness)(PIXELS))
            for seed in range(40)
        ]
        for harshness in (1.0, 0.0)
    )
    assert np.mean(gentle) < np.mean(rough)


@pytest.mark.parametrize("size", [(130, 120), (33, 47), (64, 64)])
def test_h264_keeps_size_and_content(size: tuple[int, int]):
    picture = np.ascontiguousarray(PIXELS[: size[0], : size[1]])
    coded = h264(picture, crf=18)
    assert coded.shape == picture.shape
    assert 0.0 < float(np.abs(coded.astype(int) - picture.astype(int)).mean()) < 12.0


def test_a_higher_rate_factor_keeps_less():
    assert distance(h264(PIXELS, crf=18)) < distance(h264(PIXELS, crf=30)) < distance(h264(PIXELS, crf=40))


def test_a_film_comes_back_whole_and_in_order():
    film = [np.full((48, 64, 3), level, np.uint8) for level in (20, 120, 220)]
    assert [round(float(picture.mean()), -1) for picture in video_film(film, H264, crf=20)] == [20, 120, 220]


def test_jpeg_loses_more_at_lower_quality():
    assert distance(jpeg(PIXELS, quality=95)) < distance(jpeg(PIXELS, quality=40))


def test_grain_is_seeded():
    np.testing.assert_array_equal(noisy(PIXELS, sigma=5.0, seed=1), noisy(PIXELS, sigma=5.0, seed=1))
    assert (noisy(PIXELS, sigma=5.0, seed=1) != noisy(PIXELS, sigma=5.0, seed=2)).any()


def test_simple_steps_do_what_they_say():
    assert shrunk(PIXELS, factor=0.5).shape == (65, 60, 3)
    grey = greyed(PIXELS)
    assert (grey[..., 0] == grey[..., 2]).all()
    line = np.zeros((21, 21, 3), np.uint8)
    line[:, 10] = 210
    assert float(motion_blurred(line, length_px=7, degrees=90.0)[10, 10, 0]) > 150.0, "along the line it stays"
    assert float(motion_blurred(line, length_px=7, degrees=0.0)[10, 10, 0]) < 60.0, "across the line it spreads"
