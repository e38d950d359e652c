import numpy as np

from ingest.shot_cuts import is_cut, thumbnail
from tests.support.media import astronaut, painted


def test_another_scene_is_a_cut():
    assert is_cut(thumbnail(astronaut()), thumbnail(np.full((300, 400, 3), (20, 60, 20), dtype=np.uint8)))


def test_the_same_scene_is_none():
    assert not is_cut(thumbnail(astronaut()), thumbnail(astronaut()))


def test_motion_is_none():
    assert not is_cut(thumbnail(astronaut()), thumbnail(np.roll(astronaut(), 60, axis=1)))


def test_a_face_that_comes_in_is_none():
    assert not is_cut(thumbnail(painted(320, 240)), thumbnail(painted(320, 240, (50, 50, 90))))


def test_a_slow_fade_is_none():
    darker = (astronaut() * 0.9).astype(np.uint8)
    assert not is_cut(thumbnail(astronaut()), thumbnail(darker))
