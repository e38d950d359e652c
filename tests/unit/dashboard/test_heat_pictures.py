"""Heat maps as pictures: laid over the face as strongly as asked, and never without caution and check."""

import io

import numpy as np
import pytest
from PIL import Image

from dashboard.heat_pictures import CAUTION, check_words, overlaid, overlaid_png
from detectors.heat_maps import HeatMap


def a_map(heat: float, *, likeness: float = 0.1) -> HeatMap:
    return HeatMap(np.full((160, 160, 3), 100, np.uint8), np.full((160, 160), heat, np.float32), likeness)


def test_the_overlay_is_as_strong_as_asked():
    def middle(data: bytes) -> tuple[int, ...]:
        return tuple(map(int, np.asarray(Image.open(io.BytesIO(data)))[120, 120]))

    for draw in (overlaid, overlaid_png):
        assert middle(draw(a_map(1.0), 0.0)) == pytest.approx((100, 100, 100), abs=3)
        assert middle(draw(a_map(1.0), 1.0)) == pytest.approx((217, 73, 43), abs=6)
        assert middle(draw(a_map(0.0), 1.0)) == pytest.approx((100, 100, 100), abs=3)


def test_a_picture_carries_its_caution_and_check():
    picture = Image.open(io.BytesIO(overlaid_png(a_map(1.0, likeness=0.93), 0.6, Detector="telltale 9")))
    texts = picture.text  # type: ignore[attr-defined]
    assert (texts["Caution"], texts["Detector"]) == (CAUTION, "telltale 9")
    assert texts["Check"] == check_words(a_map(1.0, likeness=0.93))


def test_the_check_is_told_in_words():
    assert check_words(a_map(1.0, likeness=0.2)) == "Check passed: likeness to a random network 0.20."
    assert "Do not rely on it" in check_words(a_map(1.0, likeness=0.9))
    assert check_words(a_map(0.0)) == "Nothing here pushed the score up."
