"""What every family of manipulation promises, and what each one is for."""

import numpy as np
import pytest
import torch

from detectors.training.families.face_regions import box_mask, face_mask, mouth_mask, pasted, unevenly_focused
from detectors.training.families.face_swapping import affine_between, aligned, likeness_of_pose, swap_face
from detectors.training.families.mouth_replacement import moved_mouth, replace_mouth, reshape_mouth
from detectors.training.families.rerenderers import DESIGNS, MULTIPLE_PX, Rerenderer, at_multiple, drawn_again
from detectors.training.families.resampling import checkered, resample, restored
from detectors.training.pairs import FAMILIES
from tests.support.portraits import LANDMARKS, a_face

FACE, DONOR = a_face(seed=1, person="one"), a_face(seed=2, person="two")
every_family = pytest.mark.parametrize("family", FAMILIES)


def change(pixels: np.ndarray) -> np.ndarray:
    """How far each pixel is from the genuine picture."""
    return np.abs(pixels.astype(int) - FACE.pixels.astype(int)).mean(axis=2)


@every_family
def test_the_same_seed_gives_the_same_picture_and_another_one_another(family):
    first, again, other = (FAMILIES[family](FACE, DONOR, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


@every_family
def test_size_and_type_stay_and_the_inputs_are_left_alone(family):
    before = FACE.pixels.copy(), DONOR.pixels.copy()
    made = FAMILIES[family](FACE, DONOR, np.random.default_rng(0))
    assert made.shape == FACE.pixels.shape
    assert made.dtype == np.uint8
    np.testing.assert_array_equal(FACE.pixels, before[0])
    np.testing.assert_array_equal(DONOR.pixels, before[1])


@every_family
def test_the_face_changes(family):
    changes = [change(FAMILIES[family](FACE, DONOR, np.random.default_rng(seed)))[30:100, 35:85] for seed in range(8)]
    assert min(float(one.max()) for one in changes) > 2.0


@pytest.mark.parametrize("forge", [swap_face, replace_mouth, reshape_mouth, resample])
def test_the_surroundings_stay(forge):
    for seed in range(8):
        made = change(forge(FACE, DONOR, np.random.default_rng(seed)))
        assert float(np.median(made[:15])) <= 1.0
        assert float(np.median(made[:, :8])) <= 1.0


@pytest.mark.parametrize("mask_of", [face_mask, mouth_mask, box_mask])
def test_masks_cover_their_part_and_fade_out(mask_of):
    for seed in range(8):
        mask = mask_of(FACE, np.random.default_rng(seed))
        assert mask.shape == FACE.pixels.shape[:2]
        assert 0.0 <= float(mask.min()) <= float(mask.max()) <= 1.0
        assert float(mask[84:92, 56:64].mean()) > 0.5, "the mouth is inside"
        assert float(mask[:6].max()) < 0.2, "the upper rim of the picture is outside"


def test_a_mouth_mask_leaves_the_eyes_alone():
    masks = [mouth_mask(FACE, np.random.default_rng(seed)) for seed in range(8)]
    assert max(float(mask[50:58, 42:78].mean()) for mask in masks) < 0.25


def test_a_similarity_is_found_back():
    turn = np.array([[0.0, -2.0], [2.0, 0.0]], np.float32)
    matrix = affine_between(LANDMARKS, LANDMARKS @ turn.T + np.array([5.0, 7.0], np.float32))
    np.testing.assert_allclose(matrix, [[0.0, -2.0, 5.0], [2.0, 0.0, 7.0]], atol=1e-4)


def test_an_aligned_donor_has_its_features_where_the_face_has_them():
    shifted = a_face(seed=2)
    moved = shifted.with_pixels(np.roll(shifted.pixels, 9, axis=1))
    there = aligned(type(moved)(moved.pixels, moved.box + 9, moved.landmarks + np.array([9, 0], np.float32)), FACE)
    inner = np.s_[45:95, 40:80]
    assert float(np.abs(there[inner].astype(int) - shifted.pixels[inner].astype(int)).mean()) < 6.0


def test_alike_poses_are_near_and_others_far():
    profile = LANDMARKS * np.array([0.3, 1.0], np.float32)
    assert likeness_of_pose(LANDMARKS, LANDMARKS * 2.0 + 3.0) == pytest.approx(0.0, abs=1e-4)
    assert likeness_of_pose(LANDMARKS, profile) > 0.2


def test_only_the_mouth_moves():
    made = change(moved_mouth(FACE, np.random.default_rng(3)))
    assert float(made[80:97, 45:75].mean()) > 2.0
    assert float(made[:40].mean()) < 0.5


@pytest.mark.parametrize("made_over", [restored, checkered])
def test_restoring_keeps_the_picture_recognisable(made_over):
    made = made_over(FACE.pixels, np.random.default_rng(1))
    assert 0.5 < float(change(made).mean()) < 20.0


def test_uneven_focus_touches_face_or_surroundings_never_both():
    for seed in range(8):
        made = change(unevenly_focused(FACE, np.random.default_rng(seed)))
        face, corner = float(made[60:85, 50:70].mean()), float(made[:12, :12].mean())
        assert min(face, corner) < 0.3 < max(face, corner)


def test_pasting_takes_the_patch_where_the_mask_is_one():
    mask = np.zeros((2, 2), np.float32)
    mask[0, 0], mask[0, 1] = 1.0, 0.5
    made = pasted(np.full((2, 2, 3), 100, np.uint8), np.full((2, 2, 3), 200, np.uint8), mask)
    assert made[..., 0].tolist() == [[200, 150], [100, 100]]


@pytest.mark.parametrize("name", DESIGNS)
def test_what_is_drawn_again_is_the_same_picture_with_other_grain(name: str):
    picture = at_multiple(FACE.pixels, 128)
    made = drawn_again(picture, name, noise=0.0, seed=0)
    assert made.shape == picture.shape
    apart = np.abs(made.astype(int) - picture.astype(int))
    inside = apart[40:90, 40:85]
    assert float(apart.mean()) > 0.5
    assert float(inside.mean()) < 0.5 * float(np.abs(picture[40:90, 40:85].astype(int) - int(picture.mean())).mean())
    np.testing.assert_array_equal(made, drawn_again(picture, name, noise=0.0, seed=1))
    shaken = [drawn_again(picture, name, noise=0.3, seed=seed) for seed in (1, 1, 2)]
    np.testing.assert_array_equal(shaken[0], shaken[1])
    assert (shaken[0] != shaken[2]).any()


@pytest.mark.parametrize("design", DESIGNS.values(), ids=DESIGNS)
def test_every_part_of_an_autoencoder_learns(design):
    network = Rerenderer(design)
    pictures = torch.rand(2, 3, 32, 40, generator=torch.Generator().manual_seed(0)) * 2 - 1
    drawn = network(pictures)
    assert drawn.shape == pictures.shape
    (drawn - pictures).abs().mean().backward()
    assert all(
        parameter.grad is not None and float(parameter.grad.abs().sum()) > 0 for parameter in network.parameters()
    )


def test_sides_fit_the_autoencoders():
    for size in ((130, 120), (33, 47), (9, 300)):
        small = at_multiple(np.zeros((*size, 3), np.uint8), 96)
        assert all(side % MULTIPLE_PX == 0 and side for side in small.shape[:2])
