"""The detector medics: what it shows its networks of a clip, and what it makes of their answers."""

from dataclasses import replace

import numpy as np
import pytest

import detectors
from contracts.clips import FaceBox, FaceClip, FaceCrop
from detectors.plugins.medics import MedicsDetector, seen_of
from detectors.runtime import Runtime
from detectors.systems.medics.members import NETWORK_OF
from tests.support.faces import a_clip
from tests.support.medics import MedicsNetworks

BOX = FaceBox(10.0, 10.0, 30.0, 40.0, 0.99)


def crop_at(at: int, origin: tuple[int, int], *, level: int = 100) -> FaceCrop:
    pixels = np.full((50, 40, 3), level, dtype=np.uint8)
    return FaceCrop(pixels, BOX, track_id=0, pts_s=at / 30, frame_index=at, origin=origin)


def clip_of(*crops: FaceCrop) -> FaceClip:
    return FaceClip(media_id="m", clip_index=0, crops=crops)


def detector(networks: MedicsNetworks) -> MedicsDetector:
    return MedicsDetector(detectors.card("medics"), networks, folder=None, runtime=Runtime())


def test_a_still_face_is_seen_in_its_box():
    crop = crop_at(0, (100, 200))
    crop.pixels[10:41, 10:31] = 200  # the box with its last row and column
    clip = seen_of(clip_of(crop, crop_at(1, (100, 200)))).clip
    assert clip.shape == (2, 224, 224, 3)
    assert (clip[0, :, :100] == 200).all()
    assert not clip[0, :, 170:].any(), "a region that is higher than wide is filled up on the right"


def test_a_moving_face_is_seen_in_one_region():
    still = seen_of(clip_of(crop_at(0, (0, 0)), crop_at(1, (0, 0)))).clip
    moved = seen_of(clip_of(crop_at(0, (0, 0)), crop_at(1, (10, 0)))).clip
    assert (moved[0, 100] > 0).any(axis=1).sum() > (still[0, 100] > 0).any(axis=1).sum()


def test_the_same_place_in_the_frame_is_the_same_place_in_the_clip():
    frame = np.random.default_rng(1).integers(0, 256, (90, 90, 3), dtype=np.uint8)
    crops = [
        replace(crop_at(at, origin), pixels=frame[origin[1] : origin[1] + 60, origin[0] : origin[0] + 60])
        for at, origin in enumerate([(10, 10), (12, 14)])
    ]
    first, second = seen_of(clip_of(*crops)).clip
    assert (first == second).all()


def test_a_region_that_leaves_a_crop_repeats_its_outermost_pixels():
    clip = seen_of(clip_of(crop_at(0, (0, 0), level=90), crop_at(1, (300, 0), level=60))).clip
    assert set(np.unique(clip[0, 0])) <= {0, 90}
    assert (clip[0, 0] == 90).any() and (clip[1, 0] == 60).any()


def test_single_pictures_are_squares_of_one_size_inside_their_crops():
    larger = replace(crop_at(1, (0, 0)), box=FaceBox(5.0, 5.0, 29.0, 41.0, 0.9))
    pictures = seen_of(clip_of(crop_at(0, (0, 0)), larger)).pictures
    # Widths and heights 20, 24, 30, 36: the 90th percentile is 34.2, and int(34.2 * 1.2) is 41.
    assert [picture.shape for picture in pictures] == [(40, 40, 3)] * 2


def test_at_most_32_single_pictures_are_seen():
    seen = seen_of(clip_of(*(crop_at(at, (0, 0)) for at in range(40))))
    assert (len(seen.clip), len(seen.pictures)) == (40, 32)


def test_the_raw_score_is_the_mean_of_the_eight_networks():
    networks = MedicsNetworks()
    clips = [a_clip(seed=1, length=30), a_clip(seed=2, length=40)]
    assert detector(networks).score(clips) == pytest.approx([(7 * 0.8 + 0.4) / 8] * 2)
    assert networks.shapes["i3d"] == [(1, 3, frames, 224, 224) for frames in (30, 30, 40, 40)]
    assert networks.shapes["r2plus1d_18_cutmix"] == [(1, 3, frames, 112, 112) for frames in (30, 30, 40, 40)]
    assert sum(shape[0] for shape in networks.shapes["se_resnext50"]) == 30 + 32


@pytest.mark.parametrize(("width_px", "height_px"), [(1, 1), (2, 700), (9, 9)])
def test_crops_of_any_size_are_seen(width_px: int, height_px: int):
    seen = seen_of(a_clip(seed=3, length=2, width_px=width_px, height_px=height_px))
    assert seen.clip.shape == (2, 224, 224, 3)
    assert all(picture.size for picture in seen.pictures)


def test_the_card_names_the_members_and_their_files_in_order():
    card = detectors.card("medics")
    assert [(member.name, member.network) for member in card.spec.members] == [
        (name, f"medics/{network}") for name, network in NETWORK_OF.items()
    ]
    stored = [(file.checkpoint.file, file.checkpoint.network) for file in card.weights if file.checkpoint]
    assert stored == [(f"{member.name}.safetensors", member.network) for member in card.spec.members]
