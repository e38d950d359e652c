"""What each network of medics is shown of a face, in numbers worked out by hand."""

import cv2
import numpy as np
import pytest

from detectors.systems.medics.views import ClipKind, clip_batch, clip_pixels, picture_batch


def flat(height: int, width: int, colour: tuple[int, int, int] = (40, 80, 120)) -> np.ndarray:
    return np.full((height, width, 3), colour, dtype=np.uint8)


def test_a_square_picture_of_256_only_loses_its_edge():
    picture = np.random.default_rng(3).integers(0, 256, (256, 256, 3), dtype=np.uint8)
    (view,) = clip_pixels([picture])
    assert (view == picture[16:240, 16:240]).all()


def test_what_is_missing_from_a_square_is_black_on_the_right_and_below():
    (wide,) = clip_pixels([flat(128, 256)])
    assert (wide[:112] == (40, 80, 120)).all() and not wide[112:].any()
    (tall,) = clip_pixels([flat(256, 128)])
    assert (tall[:, :112] == (40, 80, 120)).all() and not tall[:, 112:].any()


def test_brightness_between_two_numbers_goes_down():
    picture = np.zeros((512, 512, 3), dtype=np.uint8)
    picture[::2] = 255  # every square of 2 x 2 has a mean of 127.5
    assert (clip_pixels([picture]) == 127).all()


def test_pictures_of_any_size_become_one_clip():
    assert clip_pixels([flat(1, 1), flat(700, 2), flat(90, 100)]).shape == (3, 224, 224, 3)


@pytest.mark.parametrize(
    ("kind", "side_px", "red"),
    [
        ("i3d", 224, 40 / 255 * 2 - 1),
        ("res34", 224, 40.0),
        ("mc3_224", 224, (40 / 255 - 0.485) / 0.229),
        ("mc3_112", 112, (40 / 255 - 0.485) / 0.229),
        ("r2p1_112", 112, (40 / 255 - 0.485) / 0.229),
    ],
)
def test_each_model_has_its_size_and_scale(kind: ClipKind, side_px: int, red: float):
    batch = clip_batch(np.stack([flat(224, 224)] * 3), kind)
    assert batch.shape == (2, 3, 3, side_px, side_px)
    assert batch.dtype == np.float32
    assert batch[:, 0] == pytest.approx(red, abs=1e-6)


def test_blue_has_the_third_mean_in_clips():
    batch = clip_batch(flat(224, 224)[None], "mc3_224")
    assert batch[0, 2] == pytest.approx((120 / 255 - 0.406) / 0.225, abs=1e-6)


def test_the_second_view_is_the_mirror_image():
    pixels = np.random.default_rng(5).integers(0, 256, (2, 224, 224, 3), dtype=np.uint8)
    as_it_is, mirrored = clip_batch(pixels, "i3d")
    assert (as_it_is[..., ::-1] == mirrored).all()
    assert not (as_it_is == mirrored).all()


def test_half_the_size_is_what_linear_weights_give():
    pixels = np.random.default_rng(6).integers(0, 256, (1, 224, 224, 3), dtype=np.uint8)
    linear = cv2.resize(pixels[0].astype(np.float64), (112, 112), interpolation=cv2.INTER_LINEAR)
    wanted = (linear / 255 - (0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225)
    assert clip_batch(pixels, "mc3_112")[0, :, 0].transpose(1, 2, 0) == pytest.approx(wanted, abs=1e-5)


def test_single_pictures_are_blue_first_with_the_numbers_for_red():
    batch = picture_batch([flat(30, 50)])
    assert batch.shape == (1, 3, 256, 256)
    assert batch.dtype == np.float32
    assert batch[0, 0] == pytest.approx((120 / 255 - 0.485) / 0.229, abs=1e-6)
    assert batch[0, 2] == pytest.approx((40 / 255 - 0.406) / 0.225, abs=1e-6)


def test_every_second_picture_is_mirrored_wherever_a_pass_begins():
    picture = np.random.default_rng(7).integers(0, 256, (256, 256, 3), dtype=np.uint8)
    every = picture_batch([picture] * 4)
    assert (every[0] == every[1][..., ::-1]).all()
    assert (every[1] == every[3]).all() and not (every[0] == every[1]).all()
    assert (picture_batch([picture] * 3, first=1) == every[1:]).all()
