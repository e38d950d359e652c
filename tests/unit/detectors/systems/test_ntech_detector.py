"""The detector ntech on clips: one place of the picture per sequence, one score per clip, its card."""

import numpy as np
import pytest
import torch
from torch import Tensor

import detectors
from contracts.clips import FaceBox, FaceClip, FaceCrop
from detectors.detector import UnfitClip
from detectors.plugins.ntech import NtechDetector, area_of, cut_from
from detectors.runtime import Runtime
from detectors.systems.catalogue import original_network
from detectors.systems.ntech.networks import NETWORKS
from detectors.systems.ntech.scoring import VIEWS
from tests.support.faces import a_clip


def brightness(batch: Tensor) -> Tensor:
    """A stand-in for a network: logits that grow with the brightness of each picture."""
    return batch.flatten(1).mean(dim=1, keepdim=True)


@pytest.fixture
def detector() -> NtechDetector:
    networks = dict.fromkeys(VIEWS, brightness)
    return NtechDetector(detectors.card("ntech"), networks, folder=None, runtime=Runtime())


def test_one_score_per_clip_in_their_order(detector: NtechDetector):
    clips = [a_clip(seed=seed, length=length) for seed, length in ((0, 14), (1, 7), (2, 9))]
    scores = detector.score(clips)
    assert detector.score(clips[::-1]) == pytest.approx(scores[::-1], abs=1e-6)
    assert len(set(scores)) == 3
    assert detector.score([]) == []


@pytest.mark.parametrize(("width_px", "height_px"), [(1, 1), (2, 700), (9, 9), (1300, 950)])
def test_tiny_and_large_crops_are_scored(detector: NtechDetector, width_px: int, height_px: int):
    (score,) = detector.score([a_clip(length=7, width_px=width_px, height_px=height_px)])
    assert 0.01 <= score <= 0.99


@pytest.mark.parametrize("length", [6, 15])
def test_clips_of_another_length_are_refused(detector: NtechDetector, length: int):
    with pytest.raises(UnfitClip):
        detector.score([a_clip(length=length, width_px=20, height_px=20)])


def test_a_clip_gives_one_sequence_and_every_second_face():
    seen = dict.fromkeys(VIEWS, 0)

    def counting(name: str):
        def network(batch: Tensor) -> Tensor:
            seen[name] += len(batch)
            return torch.zeros(len(batch), 1)

        return network

    networks = {name: counting(name) for name in VIEWS}
    NtechDetector(detectors.card("ntech"), networks, folder=None, runtime=Runtime()).score([a_clip(length=14)])
    assert seen == {"sequence": 7, "frame_wide": 4, "frame_close": 3}


def test_a_sequence_shows_one_place_of_the_picture_while_the_face_moves_through_it():
    frame = np.random.default_rng(1).integers(0, 256, (200, 220, 3), dtype=np.uint8)
    crops = []
    for at in range(7):
        x, y = 48 + at, 36 + 2 * at
        box = FaceBox(12.0, 14.0, 52.0, 64.0, 0.9)
        pixels = frame[y : y + 78, x : x + 64]
        crops.append(FaceCrop(pixels=pixels, box=box, track_id=0, pts_s=at / 15.0, frame_index=at, origin=(x, y)))
    cut = cut_from(FaceClip(media_id="m", clip_index=0, crops=tuple(crops)))
    # the box of the fourth crop is (63, 56) to (103, 106) of the frame; half as much again is (53, 43) to (113, 118)
    for at, crop in enumerate(crops):
        x, y = crop.origin
        rows, columns = np.clip(np.arange(43, 118), y, y + 77), np.clip(np.arange(53, 113), x, x + 63)
        assert (cut(at, 3) == frame[rows[:, None], columns]).all()
    assert (cut(3, 3) == frame[43:118, 53:113]).all()
    assert (cut(0, 0) == frame[37:112, 50:110]).all()


def test_a_box_that_holds_no_pixel_shows_the_middle_one():
    (crop,) = a_clip(width_px=1, height_px=1).crops
    assert area_of(crop) == (0, 0, 1, 1)


def test_the_card_names_networks_and_files():
    card = detectors.card("ntech")
    assert [member.name for member in card.spec.members] == list(VIEWS)
    stored = {file.loaded_file: file for file in card.weights}
    for member in card.spec.members:
        checkpoint = stored[f"{member.name}.safetensors"].checkpoint
        assert checkpoint is not None
        assert checkpoint.network == member.network
        assert original_network(member.network) is NETWORKS[member.network.removeprefix("ntech/")]
    (finder,) = (file for file in card.weights if file.optional)
    assert finder.checkpoint is not None
    assert original_network(finder.checkpoint.network).shapes()
