"""The detector eighteen on clips: squares of one size in frame coordinates, one score per clip, its card."""

from collections.abc import Sequence

import numpy as np
import pytest

import detectors
from contracts.clips import FaceBox, FaceClip, FaceCrop
from detectors.detector import UnfitClip
from detectors.plugins.eighteen import EighteenDetector, tube_of
from detectors.runtime import Runtime
from detectors.systems.catalogue import original_network
from detectors.systems.eighteen.members import MEMBERS
from detectors.systems.eighteen.networks import NETWORKS
from tests.support.eighteen import BrightnessNetworks
from tests.support.faces import a_clip


@pytest.fixture
def networks() -> BrightnessNetworks:
    return BrightnessNetworks()


@pytest.fixture
def detector(networks: BrightnessNetworks) -> EighteenDetector:
    return EighteenDetector(detectors.card("eighteen"), networks, folder=None, runtime=Runtime())


def cut_from(frame: np.ndarray, boxes: Sequence[tuple[int, int, int, int]], *, around: int) -> FaceClip:
    """Crops of one frame that reach ``around`` pixels beyond each box, as far as there are pixels."""
    crops = []
    for at, (left, top, right, bottom) in enumerate(boxes):
        x, y = max(0, left - around), max(0, top - around)
        pixels = frame[y : bottom + around, x : right + around]
        box = FaceBox(left - x, top - y, right - x, bottom - y, 0.9)
        crops.append(FaceCrop(pixels=pixels, box=box, track_id=0, pts_s=at / 16.0, frame_index=at, origin=(x, y)))
    return FaceClip(media_id="m", clip_index=0, crops=tuple(crops))


def test_the_same_square_of_a_frame_looks_the_same_whatever_else_the_crop_holds():
    frame = np.random.default_rng(1).integers(0, 256, (200, 220, 3), dtype=np.uint8)
    boxes = [(60, 50, 110, 100), (80, 60, 120, 100)]
    narrow, wide = (tube_of(cut_from(frame, boxes, around=around)) for around in (20, 45))
    for one, other in zip(narrow, wide, strict=True):
        assert (one[256] == other[256]).all()
    # 1.3 x 50 = 65, even 64, around the middles (85, 75) and (100, 80)
    wanted = tube_of(cut_from(frame[43:107, 53:117], [(7, 7, 57, 57)], around=100))
    assert (narrow[0][299] == wanted[0][299]).all()


def test_one_score_per_clip_in_their_order(detector: EighteenDetector, networks: BrightnessNetworks):
    clips = [a_clip(seed=seed, length=8) for seed in range(2)]
    scores = detector.score(clips)
    assert detector.score(clips[::-1]) == scores[::-1]
    assert len(set(scores)) == 2
    assert detector.score([]) == []
    assert networks.shapes["sf"][0] == (1, 3, 8, 256, 256)


@pytest.mark.parametrize(("width_px", "height_px"), [(1, 1), (2, 300), (9, 9), (640, 480)])
def test_tiny_and_large_crops_are_scored(detector: EighteenDetector, width_px: int, height_px: int):
    (score,) = detector.score([a_clip(length=8, width_px=width_px, height_px=height_px)])
    assert 0.0 <= score <= 1.0


@pytest.mark.parametrize("length", [1, 7, 65])
def test_clips_of_another_length_are_refused(detector: EighteenDetector, length: int):
    with pytest.raises(UnfitClip):
        detector.score([a_clip(length=length, width_px=20, height_px=20)])


def test_of_a_long_clip_every_second_crop_is_shown_as_a_picture(
    detector: EighteenDetector, networks: BrightnessNetworks
):
    detector.score([a_clip(length=36, width_px=40, height_px=40)])
    assert networks.shapes["sf"] == [(1, 3, 36, 256, 256)]
    assert sum(shape[0] for shape in networks.shapes["b3"]) == 15


def test_a_network_that_fails_is_an_error(detector: EighteenDetector, networks: BrightnessNetworks):
    def broken(batch: object) -> object:
        raise RuntimeError("out of memory")

    networks["b0"] = broken  # pyright: ignore[reportArgumentType]
    with pytest.raises(RuntimeError, match="out of memory"):
        detector.score([a_clip(length=8)])


def test_the_card_says_what_the_members_are():
    card = detectors.card("eighteen")
    told = {one.name: one for one in card.spec.members}
    for member in MEMBERS:
        one = told.pop(member.name)
        assert one.network == f"eighteen/{member.network}"
        assert (one.height_px, one.width_px, one.colour_order) == (member.size_px, member.size_px, member.colour_order)
        assert one.weight == pytest.approx(member.share, abs=1e-4)
    assert not told


def test_the_card_names_every_published_file():
    files = detectors.card("eighteen").weights
    needed = {file.file: file.checkpoint for file in files if not file.optional}
    assert needed.keys() == {f"{member.file}.pth.tar" for member in MEMBERS}
    for member in MEMBERS:
        checkpoint = needed[f"{member.file}.pth.tar"]
        assert checkpoint is not None
        assert checkpoint.file == f"{member.name}.safetensors"
        assert original_network(checkpoint.network) is NETWORKS[member.network]
    assert [file.file for file in files if file.optional] == ["mobilenet0.25_Final.pth"]
