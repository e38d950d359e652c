"""Frames are had by number, in any order, and what cannot be had is nothing."""

from pathlib import Path

import numpy as np
import pytest

from contracts.clips import Pixels
from contracts.errors import MediaNotAssessable
from contracts.settings import ExtractSettings
from telltale.footage import DecodedFootage
from tests.support.media import a_picture, a_video, cut_off

FRAMES = 12


def numbered(at: int) -> Pixels:
    """A picture that is the lighter the later it comes."""
    return np.full((64, 96, 3), 20 * at, dtype=np.uint8)


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return a_video(tmp_path_factory.mktemp("footage") / "numbered.mp4", scene=numbered, frames=FRAMES, rate=10)


@pytest.fixture
def footage(video: Path) -> DecodedFootage:
    return DecodedFootage(video, ExtractSettings())


def number_of(pixels: Pixels | None) -> int:
    assert pixels is not None
    return round(float(pixels.mean()) / 20)


def test_count_and_rate_are_those_of_the_container(footage: DecodedFootage):
    assert (footage.frame_count, footage.frames_per_second) == (FRAMES, 10.0)


def test_every_frame_is_had_by_its_number(footage: DecodedFootage):
    assert [number_of(footage.frame(index)) for index in range(FRAMES)] == list(range(FRAMES))


def test_any_order_and_repetitions_give_the_same_frames(footage: DecodedFootage):
    wanted = [7, 7, 3, 11, 0, 0, 5]
    assert [number_of(footage.frame(index)) for index in wanted] == wanted


def test_what_is_not_there_is_nothing_and_does_no_harm(footage: DecodedFootage):
    assert footage.frame(FRAMES) is None
    assert footage.frame(FRAMES + 5) is None
    assert number_of(footage.frame(2)) == 2


def test_what_is_no_video_is_refused_with_a_reason(tmp_path: Path):
    with pytest.raises(MediaNotAssessable, match="videos only"):
        DecodedFootage(a_picture(tmp_path / "still.jpg"), ExtractSettings())
    text = tmp_path / "notes.mp4"
    text.write_text("nothing to see\n" * 50)
    with pytest.raises(MediaNotAssessable):
        DecodedFootage(text, ExtractSettings())


def test_a_torn_file_gives_the_frames_that_are_left(tmp_path: Path):
    torn = cut_off(a_video(tmp_path / "torn.mkv", frames=60, options={"g": "1"}), 0.7)
    footage = DecodedFootage(torn, ExtractSettings())
    assert footage.frame(1) is not None
    assert footage.frame(59) is None
