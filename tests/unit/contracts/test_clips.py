"""Value objects refuse to be made wrong and do not flood the log."""

import numpy as np
import pytest

from contracts.clips import FaceBox, FaceClip, FaceCrop, Frame

BOX = FaceBox(1, 2, 5, 8, 0.9)


def a_crop(*, track_id: int = 0, pts_s: float = 0.0) -> FaceCrop:
    return FaceCrop(np.zeros((10, 8, 3), np.uint8), BOX, track_id, pts_s, 0)


@pytest.mark.parametrize("pixels", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8)])
def test_pixels_are_rgb_bytes(pixels):
    with pytest.raises(ValueError, match="uint8"):
        Frame(pixels, 0.0, 0)


def test_a_box_has_an_inside():
    assert (BOX.width_px, BOX.height_px) == (4, 6)
    with pytest.raises(ValueError, match="empty face box"):
        FaceBox(5, 2, 5, 8, 0.9)


def test_a_clip_is_one_track_in_the_order_of_time():
    assert FaceClip("m", 0, (a_crop(track_id=3), a_crop(track_id=3, pts_s=1))).track_id == 3
    with pytest.raises(ValueError, match="one face track"):
        FaceClip("m", 0, (a_crop(track_id=1), a_crop(track_id=2)))
    with pytest.raises(ValueError, match="follow each other"):
        FaceClip("m", 0, (a_crop(pts_s=1), a_crop(pts_s=0)))
    with pytest.raises(ValueError, match="at least one"):
        FaceClip("m", 0, ())


def test_the_printed_form_shows_shapes_not_pixels():
    assert len(repr(Frame(np.zeros((1080, 1920, 3), np.uint8), 0.5, 12))) < 80
    assert len(repr(FaceClip("m", 0, (a_crop(),)))) < 80
