"""Copies show the same pictures at the same times, upright, in the size and form that was asked for."""

from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from detectors.evaluation.copies import PICTURE_COPIES, VIDEO_COPIES, Copy, NotCopied, write_copy
from tests.support.media import a_picture, a_video, painted

FINE, HALF = Copy(name="fine", crf=10), Copy(name="half", scale=0.5)


def frames_of(path: Path) -> list[av.VideoFrame]:
    with av.open(str(path)) as film:
        return list(film.decode(video=0))


def corner(_: int) -> np.ndarray:
    return painted(160, 96, (8, 8, 32))


@pytest.mark.parametrize("copy", VIDEO_COPIES, ids=lambda copy: copy.name)
def test_a_video_keeps_its_frames_and_times(tmp_path: Path, copy: Copy):
    times_s = (0.0, 0.1, 0.15, 0.4, 1.0)
    film = a_video(tmp_path / "film.mkv", frames=5, times_s=times_s)
    made = frames_of(write_copy(film, copy, _folder(tmp_path), picture=False))
    assert [frame.time for frame in made] == pytest.approx(times_s, abs=0.002)
    assert (made[0].width, made[0].height) == (round(320 * copy.scale), round(240 * copy.scale))


def test_a_higher_factor_makes_a_smaller_file(tmp_path: Path):
    noise = np.random.default_rng(0).integers(0, 255, (96, 160, 3), dtype=np.uint8)
    film = a_video(tmp_path / "film.mp4", frames=4, scene=lambda _: noise)
    sizes = [write_copy(film, copy, _folder(tmp_path), picture=False).stat().st_size for copy in VIDEO_COPIES[:3]]
    assert sizes == sorted(sizes, reverse=True)
    assert len(set(sizes)) == 3


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_a_video_is_upright(tmp_path: Path, turn: int):
    film = a_video(tmp_path / "film.mp4", frames=2, scene=corner, turn=turn)
    (made, *_) = frames_of(write_copy(film, FINE, _folder(tmp_path), picture=False))
    expected = np.rot90(corner(0), turn // 90)
    assert made.rotation == 0
    assert np.abs(made.to_ndarray(format="rgb24").astype(int) - expected).mean() < 12


def test_a_picture_is_upright_and_scaled(tmp_path: Path):
    picture = a_picture(tmp_path / "picture.jpg", painted(160, 96, (8, 8, 32)), orientation=6)  # shown turned clockwise
    made = Image.open(write_copy(picture, HALF, _folder(tmp_path), picture=True))
    assert made.size == (48, 80)
    assert np.asarray(made)[8, -9].tolist() == pytest.approx([255, 0, 255], abs=40)


def test_a_lower_quality_makes_a_smaller_picture(tmp_path: Path):
    picture = a_picture(tmp_path / "picture.png", form="PNG")
    sizes = [write_copy(picture, copy, _folder(tmp_path), picture=True).stat().st_size for copy in PICTURE_COPIES[:3]]
    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize("picture", [True, False])
def test_what_cannot_be_decoded_is_said(tmp_path: Path, picture: bool):
    text = tmp_path / "text.mp4"
    text.write_text("nothing to see " * 100)
    with pytest.raises(NotCopied, match=r"text\.mp4 could not be encoded anew"):
        write_copy(text, FINE, _folder(tmp_path), picture=picture)


def _folder(tmp_path: Path) -> Path:
    folder = tmp_path / "copies"
    folder.mkdir(exist_ok=True)
    return folder
