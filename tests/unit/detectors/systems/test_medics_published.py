"""The published pipeline of medics from footage to score, with stand-ins for finder and networks."""

from collections.abc import Sequence

import numpy as np
import pytest

from contracts.clips import FaceBox, Pixels
from detectors.systems.medics.members import CLIP_MEMBERS
from detectors.systems.medics.published import FINDER, published_score
from tests.support.medics import MedicsNetworks

FAILS_FIFTH = (CLIP_MEMBERS[4].name,)


class SmallFootage:
    """Grey frames of 96 x 54 px, those in ``broken`` cannot be decoded; counts how often each was read."""

    frames_per_second = 30.0

    def __init__(self, frame_count: int, *, broken: Sequence[int] = ()) -> None:
        self.frame_count = frame_count
        self.read: list[int] = []
        self._broken = broken

    def frame(self, index: int) -> Pixels | None:
        self.read.append(index)
        return None if index in self._broken else np.full((54, 96, 3), 90 + index, dtype=np.uint8)


class Finder:
    """One face in the middle of every picture whose longer side is ``least_px`` or more; remembers the sizes."""

    def __init__(self, *, least_px: int = 0, faces: int = 1) -> None:
        self.seen: list[tuple[int, ...]] = []
        self._least_px, self._faces = least_px, faces

    def __call__(self, pictures: Sequence[Pixels]) -> list[list[FaceBox]]:
        self.seen += [picture.shape for picture in pictures]
        return [
            [self._box(picture, at) for at in range(self._faces)] if picture.shape[1] >= self._least_px else []
            for picture in pictures
        ]

    def _box(self, picture: Pixels, at: int) -> FaceBox:
        height, width = picture.shape[:2]
        left = width * (0.1 + 0.5 * at)
        return FaceBox(left, height * 0.2, left + width * 0.2, height * 0.8, 0.99 - at / 10)


def test_one_face_is_shown_to_all_networks_and_their_mean_is_the_score():
    networks, finder, footage = MedicsNetworks(), Finder(), SmallFootage(120)
    result = published_score(footage, finder, networks)
    assert result.value == pytest.approx((7 * 0.8 + 0.4) / 8)
    assert result.faces == 100
    assert finder.seen == [(270, 480, 3)] * 10
    assert networks.shapes["i3d"] == [(1, 3, 100, 224, 224)] * 2
    assert networks.shapes["mc3_18_112"] == [(1, 3, 100, 112, 112)] * 2
    assert networks.shapes["se_resnext50"] == [(8, 3, 256, 256)] * 4
    assert footage.read == [*range(0, 100, 10), *range(100)]


def test_as_published_the_last_frame_is_left_out():
    networks = MedicsNetworks()
    assert published_score(SmallFootage(50), Finder(), networks, compat="original").faces == 49
    assert networks.shapes["i3d"] == [(1, 3, 49, 224, 224)] * 2


def test_every_face_counts_alike():
    networks = MedicsNetworks()
    result = published_score(SmallFootage(40), Finder(faces=2), networks)
    assert result.faces == 80
    assert len(networks.shapes["i3d"]) == 4


def test_the_finder_looks_again_at_twice_the_size():
    finder = Finder(least_px=900)
    result = published_score(SmallFootage(40), finder, MedicsNetworks())
    assert result.value is not None
    assert finder.seen == [(270, 480, 3)] * 4 + [(540, 960, 3)] * 4


def test_nobody_is_no_score_unless_as_published():
    nobody = Finder(least_px=5000)
    assert published_score(SmallFootage(40), nobody, MedicsNetworks()).value is None
    published = published_score(SmallFootage(40), nobody, MedicsNetworks(), compat="original")
    assert (published.value, published.faces) == (0.5, 0)


@pytest.mark.parametrize(("frames", "corrected", "original"), [(29, False, False), (30, True, False), (31, True, True)])
def test_short_videos(frames: int, corrected: bool, original: bool):
    assert (published_score(SmallFootage(frames), Finder(), MedicsNetworks()).value is not None) is corrected
    as_published = published_score(SmallFootage(frames), Finder(), MedicsNetworks(), compat="original")
    assert (as_published.value != 0.5) is original


def test_a_video_that_cannot_be_decoded_is_no_score():
    result = published_score(SmallFootage(40, broken=range(40)), Finder(), MedicsNetworks())
    assert (result.value, result.detail) == (None, "no frame can be decoded")
    assert published_score(SmallFootage(0), Finder(), MedicsNetworks()).value is None


def test_a_frame_that_cannot_be_decoded_is_left_out():
    assert published_score(SmallFootage(40, broken=[7, 20]), Finder(), MedicsNetworks()).faces == 38


def test_as_published_all_behind_a_broken_frame_is_black():
    networks = MedicsNetworks()
    result = published_score(SmallFootage(40, broken=[37]), Finder(), networks, compat="original")
    assert result.faces == 39
    assert published_score(SmallFootage(40, broken=[20]), Finder(), networks, compat="original").value == 0.5


def test_too_few_readable_frames_are_no_score():
    footage = SmallFootage(40, broken=[*range(1, 10), *range(11, 20)])
    assert published_score(footage, Finder(), MedicsNetworks()).value is None


def test_a_failing_network_is_an_error_unless_as_published():
    with pytest.raises(RuntimeError, match="cannot"):
        published_score(SmallFootage(40), Finder(), MedicsNetworks(failing=FAILS_FIFTH))
    networks = MedicsNetworks(failing=FAILS_FIFTH)
    result = published_score(SmallFootage(40), Finder(), networks, compat="original")
    assert result.value == pytest.approx((4 * 0.8 + 0.4) / 5)
    assert "i3d_cutmix" not in networks.shapes


def test_as_published_a_failing_picture_network_vanishes():
    networks = MedicsNetworks(failing=("se_resnext50",))
    assert published_score(SmallFootage(40), Finder(), networks, compat="original").value == pytest.approx(0.8)


def test_all_networks_are_needed():
    networks = MedicsNetworks()
    del networks["i3d_cutmix"]
    with pytest.raises(ValueError, match="i3d_cutmix"):
        published_score(SmallFootage(40), Finder(), networks)


def test_it_says_which_finder_it_needs():
    assert FINDER.name == "mtcnn"
    assert FINDER.options["thresholds"] == (0.8, 0.8, 0.9)
