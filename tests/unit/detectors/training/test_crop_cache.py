"""Faces of a file are searched for once; nothing half written, corrupt or changed is ever taken for found."""

import os
import signal
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
import structlog

from contracts.clips import Pixels
from detectors.training.faces import FaceSearch, LocatedFace
from detectors.training.labelled.crop_cache import CropCache, CropSettings, MediaUnreadable
from tests.support.media import a_sound_file, a_video, astronauts, cut_off
from tests.support.portraits import BOX, LANDMARKS

SETTINGS = CropSettings(frames=3)


class CountingSearch(FaceSearch):
    """The real search; counts what it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def largest(self, pixels: Pixels, person: str = "") -> LocatedFace | None:
        self.asked += 1
        return super().largest(pixels, person)


class StoppedSearch:
    """Finds a face in the first picture and does not come back from the second."""

    def __init__(self, stop: type[BaseException] | None) -> None:
        self.asked, self._stop = 0, stop

    def largest(self, pixels: Pixels, person: str = "") -> LocatedFace | None:
        self.asked += 1
        if self.asked == 2 and self._stop is None:
            os.kill(os.getpid(), signal.SIGKILL)
        if self.asked == 2 and self._stop is not None:
            raise self._stop
        return LocatedFace(pixels, BOX.copy(), LANDMARKS.copy(), person)


def a_clip(path: Path, *, shift: int = 0) -> Path:
    return a_video(path, scene=lambda number: astronauts(240, 180, [(20, 10)], shift=shift + number % 3), frames=6)


def a_portrait(path: Path, *, scale: float = 1.0) -> Path:
    picture = astronauts(round(240 * scale), round(180 * scale), [(20, 10)], scale=scale)
    cv2.imwrite(str(path), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    return path


def test_a_second_start_searches_nothing_and_gives_the_same_faces(tmp_path: Path):
    files = [a_clip(tmp_path / "clip.mp4"), a_portrait(tmp_path / "portrait.png")]
    took_s, found, asked = [], [], []
    for _ in range(2):
        search = CountingSearch()
        search.largest(np.zeros((64, 64, 3), np.uint8))  # loads the network, which is not what the cache saves
        cache, began_s = CropCache(tmp_path / "cache", SETTINGS, search), time.perf_counter()
        found.append([cache.crops_of(file, "ann") for file in files])
        took_s.append(time.perf_counter() - began_s)
        asked.append(search.asked - 1)
    assert asked == [4, 0]
    assert [len(crops.lines) for crops in found[0]] == [3, 1]
    assert [crops.was_searched for crops in (*found[0], *found[1])] == [True, True, False, False]
    assert [crops.lines for crops in found[0]] == [crops.lines for crops in found[1]]
    assert found[1][0].face(2).person == "ann"
    structlog.get_logger().info("second start", times_as_fast=round(took_s[0] / took_s[1], 1))


def test_a_crop_is_the_face_with_its_margin_and_no_larger_than_needed(tmp_path: Path):
    cache = CropCache(tmp_path / "cache", CropSettings(frames=1, margin=0.25, most_face_px=60.0))
    face = cache.crops_of(a_portrait(tmp_path / "large.png", scale=2.0)).face(0)
    assert face.size_px == pytest.approx(60.0, abs=1.5)
    assert max(face.pixels.shape[:2]) <= 1.5 * face.size_px + 3
    left, top, right, bottom = face.box
    assert all(left < x < right and top < y < bottom for x, y in face.landmarks)


def test_pictures_without_a_large_enough_face_are_not_searched_again(tmp_path: Path):
    picture, search = a_portrait(tmp_path / "portrait.png"), CountingSearch()
    cache = CropCache(tmp_path / "cache", CropSettings(frames=1, least_face_px=200.0), search)
    assert [len(cache.crops_of(picture).lines) for _ in range(2)] == [0, 0]
    assert search.asked == 1


def test_other_settings_and_other_content_are_searched_anew(tmp_path: Path):
    picture, search = a_portrait(tmp_path / "portrait.png"), CountingSearch()
    first = CropCache(tmp_path / "cache", SETTINGS, search).crops_of(picture)
    wide = CropCache(tmp_path / "cache", CropSettings(frames=3, margin=0.2), search).crops_of(picture)
    assert wide.folder != first.folder
    a_portrait(picture, scale=1.25)
    other = CropCache(tmp_path / "cache", SETTINGS, search).crops_of(picture)
    assert (other.was_searched, search.asked) == (True, 3)
    assert other.face(0).size_px > first.face(0).size_px
    assert CropSettings(frames=3).key != CropSettings(frames=3, locator="another").key


def test_the_same_content_under_another_name_is_not_searched_again(tmp_path: Path):
    picture, search = a_portrait(tmp_path / "portrait.png"), CountingSearch()
    cache = CropCache(tmp_path / "cache", SETTINGS, search)
    copy = tmp_path / "copy.png"
    copy.write_bytes(picture.read_bytes())
    assert cache.crops_of(picture).folder == cache.crops_of(copy).folder
    assert search.asked == 1


@pytest.mark.parametrize("stop", [KeyboardInterrupt, MemoryError])
def test_an_interrupted_search_leaves_no_entry(tmp_path: Path, stop: type[BaseException]):
    clip = a_clip(tmp_path / "clip.mp4")
    with pytest.raises(stop):
        CropCache(tmp_path / "cache", SETTINGS, StoppedSearch(stop)).crops_of(clip)
    assert not list((tmp_path / "cache").rglob("*.png"))
    assert len(CropCache(tmp_path / "cache", SETTINGS).crops_of(clip).lines) == 3


def test_a_killed_search_leaves_no_half_entry_and_the_next_start_clears_up(tmp_path: Path):
    clip = a_clip(tmp_path / "clip.mp4")
    child = os.fork()
    if child == 0:
        CropCache(tmp_path / "cache", SETTINGS, StoppedSearch(None)).crops_of(clip)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert [file.parent.suffix for file in (tmp_path / "cache").rglob("*.png")] == [".part"]
    crops = CropCache(tmp_path / "cache", SETTINGS).crops_of(clip)
    assert (len(crops.lines), crops.was_searched) == (3, True)
    assert not list((tmp_path / "cache").rglob("*.part"))


def test_a_note_of_contents_that_was_cut_short_spoils_only_itself(tmp_path: Path):
    first, second = a_portrait(tmp_path / "a.png"), a_portrait(tmp_path / "b.png", scale=1.1)
    CropCache(tmp_path / "cache", SETTINGS).sha256_of(first)
    book = tmp_path / "cache" / "labelled" / "hashes.jsonl"
    book.write_text(book.read_text()[:-9])
    wanted = [CropCache(tmp_path / "cache", SETTINGS).sha256_of(file) for file in (first, second)]
    assert [CropCache(tmp_path / "cache", SETTINGS).sha256_of(file) for file in (first, second)] == wanted


def test_files_that_cannot_be_decoded_say_so(tmp_path: Path):
    text, empty = tmp_path / "text.mp4", tmp_path / "empty.jpg"
    text.write_text("no film")
    empty.touch()
    torn = cut_off(a_portrait(tmp_path / "torn.jpg"), 0.6)
    files = [text, empty, torn, cut_off(a_portrait(tmp_path / "torn.png"), 0.6), a_sound_file(tmp_path / "sound.mp4")]
    cache = CropCache(tmp_path / "cache", SETTINGS)
    for file in files:
        with pytest.raises(MediaUnreadable, match="cannot be decoded: "):
            cache.crops_of(file)
    with pytest.raises(MediaUnreadable, match="cannot be read: No such file"):
        cache.crops_of(tmp_path / "gone.mp4")
    assert not list((tmp_path / "cache").rglob("faces.jsonl"))
