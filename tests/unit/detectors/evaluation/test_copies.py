"""Copies show the same pictures at the same times, upright, in the size and form that was asked for."""

from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from contracts.clips import FaceBox
from detectors.evaluation.copies import Copy, Encoding, NotCopied, write_copy
from detectors.evaluation.copy_sets import SUITE, UnknownCopy, copies_named
from tests.support.media import a_picture, a_video, painted

FINE = Copy(name="fine", encodings=(Encoding(crf=10),))
HALF = SUITE["size-0.5"]
QUICK_VIDEOS, QUICK_PICTURES = (copies_named(["quick"], picture=picture) for picture in (False, True))


def frames_of(path: Path) -> list[av.VideoFrame]:
    with av.open(str(path)) as film:
        return list(film.decode(video=0))


def corner(_: int) -> np.ndarray:
    return painted(160, 96, (8, 8, 32))


@pytest.mark.parametrize("copy", SUITE.values(), ids=lambda copy: copy.name)
def test_a_video_keeps_its_times_and_has_the_size_that_was_asked_for(tmp_path: Path, copy: Copy):
    times_s = (0.0, 0.1, 0.15, 0.4, 1.0)
    film = a_video(tmp_path / "film.mkv", frames=5, times_s=times_s)
    made = frames_of(write_copy(film, copy, _folder(tmp_path), picture=False))
    assert [frame.time for frame in made] == pytest.approx(times_s[:: copy.every], abs=0.002)
    sizes = {"size-0.75": (240, 180), "size-0.5": (160, 120), "size-0.25": (80, 60), "crop": (256, 192)}
    expected = sizes | {"letterbox": (320, 300)}
    assert (made[0].width, made[0].height) == expected.get(copy.name, (320, 240))


@pytest.mark.parametrize("copy", copies_named(["all"], picture=True), ids=lambda copy: copy.name)
def test_a_picture_is_changed_by_every_copy(tmp_path: Path, copy: Copy):
    picture = a_picture(tmp_path / "picture.png", form="PNG")
    made = Image.open(write_copy(picture, copy, _folder(tmp_path), picture=True)).convert("RGB")
    before = Image.open(picture).convert("RGB")
    assert made.size != before.size or np.any(np.asarray(made) != np.asarray(before))


def test_social_media_is_two_encodings_that_never_enlarge(tmp_path: Path):
    wide = a_video(tmp_path / "wide.mp4", frames=2, scene=lambda _: painted(960, 540, (8, 8, 32)))
    copy = SUITE["social-media"]
    made = frames_of(write_copy(wide, copy, _folder(tmp_path), picture=False))
    assert len(copy.encodings) == 2
    assert (made[0].width, made[0].height) == (480, 270)


def test_a_found_face_is_covered_from_below_and_the_middle_where_there_is_none(tmp_path: Path):
    grey = np.full((120, 160, 3), 200, dtype=np.uint8)
    picture = tmp_path / "grey.png"
    Image.fromarray(grey).save(picture)
    face = FaceBox(left=20, top=10, right=60, bottom=60, confidence=1.0)
    for faces, covered, open_ in (([face], (50, 40), (20, 40)), ([], (75, 80), (20, 40))):
        made = write_copy(picture, SUITE["face-occlusion"], _folder(tmp_path), picture=True, faces=lambda _, f=faces: f)
        shown = np.asarray(Image.open(made).convert("RGB")).astype(int)
        assert abs(shown[covered] - 96).max() < 12
        assert abs(shown[open_] - 200).max() < 12


def test_names_choose_copies():
    assert [copy.name for copy in QUICK_VIDEOS] == ["h264-crf23", "h264-crf32", "h264-crf40", "size-0.5"]
    assert [copy.name for copy in QUICK_PICTURES] == ["jpeg-90", "jpeg-70", "jpeg-50", "size-0.5"]
    assert [copy.name for copy in copies_named(["blur", "quick", "blur"], picture=True)][:2] == ["blur", "jpeg-90"]
    assert len(copies_named(["all"], picture=False)) == len(SUITE)
    assert copies_named(["h265-crf28"], picture=True) == []
    with pytest.raises(UnknownCopy, match=r"'blurr'.*h264-crf23"):
        copies_named(["blurr"], picture=False)


def test_noise_differs_from_frame_to_frame_and_not_from_run_to_run(tmp_path: Path):
    film = a_video(tmp_path / "film.mp4", frames=2, scene=corner)
    first, again = (
        [
            f.to_ndarray(format="rgb24")
            for f in frames_of(write_copy(film, SUITE["noise"], _folder(tmp_path), picture=False))
        ]
        for _ in range(2)
    )
    assert all(np.array_equal(one, other) for one, other in zip(first, again, strict=True))
    assert np.abs(first[0].astype(int) - first[1]).mean() > 2


def test_a_higher_factor_makes_a_smaller_file(tmp_path: Path):
    noise = np.random.default_rng(0).integers(0, 255, (96, 160, 3), dtype=np.uint8)
    film = a_video(tmp_path / "film.mp4", frames=4, scene=lambda _: noise)
    sizes = [write_copy(film, copy, _folder(tmp_path), picture=False).stat().st_size for copy in QUICK_VIDEOS[:3]]
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
    sizes = [write_copy(picture, copy, _folder(tmp_path), picture=True).stat().st_size for copy in QUICK_PICTURES[:3]]
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
