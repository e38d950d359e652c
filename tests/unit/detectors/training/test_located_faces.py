"""Box and landmarks follow the picture through every change of geometry; a stopped search loses nothing."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from detectors.training.faces import (
    cut_out,
    locate_once,
    located,
    mirrored,
    read_picture,
    read_stored,
    scaled,
    stored,
    turned,
)
from tests.support.media import astronaut
from tests.support.portraits import a_face


def dark_at(pixels: np.ndarray, point: np.ndarray) -> bool:
    """Whether a drawn eye or mouth is at this place."""
    x, y = np.round(point).astype(int)
    return float(pixels[y - 1 : y + 2, x - 1 : x + 2].mean()) < 100.0


@pytest.mark.parametrize(
    "change",
    [lambda f: scaled(f, 2.0), lambda f: scaled(f, 0.7), mirrored, lambda f: cut_out(f, 0.1), lambda f: turned(f, 9)],
)
def test_eyes_and_mouth_stay_where_the_landmarks_say(change):
    face = change(a_face(seed=1))
    mouth = face.landmarks[3:].mean(axis=0)
    assert all(dark_at(face.pixels, point) for point in (face.landmarks[0], face.landmarks[1], mouth))
    assert face.landmarks[0][0] < face.landmarks[1][0]


def test_scaling_scales_the_size():
    assert scaled(a_face(), 1.5).size_px == pytest.approx(1.5 * a_face().size_px, rel=0.02)


def test_a_cut_keeps_pixels_and_knows_its_place_in_the_frame():
    face = a_face()
    cut = cut_out(cut_out(face, 0.2), 0.1)
    left, top = cut.corner
    height, width = cut.pixels.shape[:2]
    np.testing.assert_array_equal(cut.pixels, face.pixels[top : top + height, left : left + width])
    np.testing.assert_allclose(cut.box_in_frame, face.box)


def test_mirroring_twice_changes_nothing():
    twice = mirrored(mirrored(a_face()))
    np.testing.assert_array_equal(twice.pixels, a_face().pixels)
    np.testing.assert_allclose(twice.landmarks, a_face().landmarks)


def test_a_cache_line_brings_the_face_back(tmp_path: Path):
    face = cut_out(a_face(person="one"), 0.2)
    (tmp_path / "cache.jsonl").write_text(stored(face, "a.png") + "\n" + stored(face, "b.png")[:25])
    lines = read_stored(tmp_path / "cache.jsonl")
    assert list(lines) == ["a.png"], "a line that was not finished is searched again"
    back = located(face.pixels, lines["a.png"])
    assert (back.person, back.corner) == ("one", face.corner)
    np.testing.assert_allclose(back.box, face.box)


def test_pictures_are_read_as_rgb(tmp_path: Path):
    cv2.imwrite(str(tmp_path / "red.png"), np.full((4, 4, 3), (0, 0, 255), np.uint8))
    assert read_picture(tmp_path / "red.png")[0, 0].tolist() == [255, 0, 0]
    with pytest.raises(FileNotFoundError, match=r"gone\.png"):
        read_picture(tmp_path / "gone.png")


def test_a_search_that_was_killed_in_the_middle_of_a_line_goes_on(tmp_path: Path):
    picture, cache = tmp_path / "someone.png", tmp_path / "cache.jsonl"
    cv2.imwrite(str(picture), astronaut()[..., ::-1])
    whole = stored(a_face(), "before.png")
    cache.write_text(f'{whole}\n{{"file": "someone.p', encoding="utf-8")
    assert list(locate_once([(picture, "someone")], cache)) == ["someone.png"]
    assert list(read_stored(cache)) == ["before.png", "someone.png"]
    assert read_stored(cache)["someone.png"]["box"], "a face is found in the portrait"
