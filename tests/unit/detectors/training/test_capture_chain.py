"""Both halves of a pair go through the very same camera and codec."""

import numpy as np
import pytest

from detectors.training.capture_chain import (
    H264,
    HEVC,
    cut_out_square,
    draw_chain,
    greyed,
    h264,
    hevc,
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


@pytest.mark.parametrize("codec", [h264, hevc])
@pytest.mark.parametrize("size", [(130, 120), (33, 47), (64, 64), (17, 20)])
def test_a_codec_keeps_size_and_content(codec, size: tuple[int, int]):
    picture = np.ascontiguousarray(PIXELS[: size[0], : size[1]])
    coded = codec(picture, crf=18)
    assert coded.shape == picture.shape
    assert 0.0 < float(np.abs(coded.astype(int) - picture.astype(int)).mean()) < 12.0


@pytest.mark.parametrize("coded", [h264, hevc])
def test_a_higher_rate_factor_keeps_less(coded):
    assert distance(coded(PIXELS, crf=18)) < distance(coded(PIXELS, crf=30)) < distance(coded(PIXELS, crf=40))


def test_hevc_leaves_other_traces_than_h264():
    assert 0.0 < float(np.abs(hevc(PIXELS, crf=30).astype(int) - h264(PIXELS, crf=30).astype(int)).mean()) < 8.0


def codecs_of(seeds: int, **wish: float) -> list[object]:
    """The video codecs of so many chains."""
    steps = (step for seed in range(seeds) for step in draw_chain(np.random.default_rng(seed), **wish).steps)
    return [called for step in steps if (called := getattr(step, "func", step)) in (h264, hevc)]


def test_chains_encode_as_the_shares_say():
    used = codecs_of(60, hevc_share=0.5)
    assert 0.25 < used.count(hevc) / len(used) < 0.75
    assert set(codecs_of(30)) == {h264}


def test_only_the_square_is_painted_over():
    made = cut_out_square(PIXELS, left=0.2, top=0.1, size=0.25, grey=7)
    x, y, side = (round(share * PIXELS.shape[1]) for share in (0.2, 0.1, 0.25))
    assert (made[y : y + side, x : x + side] == 7).all()
    rest = np.ones(PIXELS.shape[:2], bool)
    rest[y : y + side, x : x + side] = False
    np.testing.assert_array_equal(made[rest], PIXELS[rest])


@pytest.mark.parametrize("codec", [H264, HEVC], ids=["h264", "hevc"])
def test_a_film_comes_back_whole_and_in_order(codec):
    film = [np.full((48, 64, 3), level, np.uint8) for level in (20, 120, 220)]
    assert [round(float(picture.mean()), -1) for picture in video_film(film, codec, crf=20)] == [20, 120, 220]


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
