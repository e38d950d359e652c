"""The pipeline of selimsef from footage to score, with stand-ins for finder and networks."""

from collections.abc import Callable, Mapping

import numpy as np
import pytest
import torch
from torch import Tensor

from contracts.clips import FaceBox
from detectors.systems.selimsef.aggregation import video_score
from detectors.systems.selimsef.networks import MEMBERS
from detectors.systems.selimsef.published import published_score, tensor_of
from tests.support.footage import DrawnFootage, FixedFinder, flat

FACE = FaceBox(10.0, 10.0, 25.0, 25.0, 0.9)
OUTSIDE = FaceBox(300.0, 300.0, 320.0, 320.0, 0.9)
COMPATS = ("corrected", "original")


def constant(logit: float) -> Callable[[Tensor], Tensor]:
    return lambda batch: torch.full((len(batch), 1), logit)


def members(*logits: float) -> Mapping[str, Callable[[Tensor], Tensor]]:
    return {name: constant(logit) for name, logit in zip(MEMBERS, logits * len(MEMBERS), strict=False)}


@pytest.mark.parametrize("compat", COMPATS)
def test_the_score_is_the_mean_over_the_networks(compat):
    networks = members(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 2.0)
    score = published_score(DrawnFootage([flat(9)] * 32), FixedFinder(FACE), networks, compat=compat)
    assert score.value == pytest.approx((6 * 0.5 + 0.880797) / 7, abs=1e-6)
    assert (score.faces, score.detail) == (32, "32 faces in 32 frames, 7 networks")


def test_faces_are_looked_for_in_the_halved_frame_and_cut_from_the_whole_one():
    seen: list[Tensor] = []
    frame = flat(0, width_px=160, height_px=120)
    frame[20:50, 20:50] = 255  # the face itself
    sizes = []

    def finder(pictures):
        sizes.extend(picture.shape for picture in pictures)
        return [[FACE] for _ in pictures]

    def first_sees(batch: Tensor) -> Tensor:
        seen.append(batch)
        return torch.zeros(len(batch), 1)

    published_score(DrawnFootage([frame]), finder, {**members(0.0), MEMBERS[0]: first_sees})
    assert sizes == [(60, 80, 3)]
    (batch,) = seen
    white = ((batch[0, 0] * 0.229 + 0.485) > 0.5).double()
    # the box 20..50 and ten pixels more on each side: a white square in the middle, three fifths wide
    assert white.mean().item() == pytest.approx(0.36, abs=0.01)
    assert white[190, 190] == 1.0


def test_without_a_face_there_is_no_score_and_the_original_says_one_half():
    footage = DrawnFootage([flat(9)] * 3)
    assert published_score(footage, FixedFinder(), members(2.0)).value is None
    assert published_score(footage, FixedFinder(), members(2.0), compat="original").value == 0.5


@pytest.mark.parametrize("compat", COMPATS)
@pytest.mark.parametrize("pictures", [[], [None]])
def test_without_a_frame_there_is_no_face(pictures, compat):
    score = published_score(DrawnFootage(pictures), FixedFinder(FACE), members(2.0), compat=compat)
    assert (score.value, score.faces) == (None if compat == "corrected" else 0.5, 0)


def test_a_short_video_is_scored_and_the_original_says_one_half():
    footage = DrawnFootage([flat(9)] * 5)
    ours = published_score(footage, FixedFinder(FACE), members(2.0))
    assert (ours.value, ours.faces) == (pytest.approx(0.880797, abs=1e-6), 5)
    original = published_score(footage, FixedFinder(FACE), members(2.0), compat="original")
    assert (original.value, original.faces) == (0.5, 1)


def test_a_frame_that_cannot_be_decoded_ends_reading():
    pictures = [flat(9)] * 10 + [None] + [flat(9)] * 21
    assert published_score(DrawnFootage(pictures), FixedFinder(FACE), members(2.0)).faces == 10


def test_a_face_outside_its_frame_is_left_out_and_the_original_gives_up():
    footage, finder = DrawnFootage([flat(9)] * 32), FixedFinder(FACE, OUTSIDE)
    ours = published_score(footage, finder, members(2.0))
    assert (ours.value, ours.faces) == (pytest.approx(0.880797, abs=1e-6), 32)
    assert published_score(footage, finder, members(2.0), compat="original").value == 0.5


def test_a_missing_network_is_an_error():
    networks = dict(members(2.0))
    del networks["888_40"]
    with pytest.raises(ValueError, match="888_40"):
        published_score(DrawnFootage([flat(9)]), FixedFinder(FACE), networks)


def test_the_black_around_a_face_is_normalised_with_it():
    black = tensor_of([flat(0, width_px=2, height_px=2)])
    assert black[0, :, 0, 0].tolist() == pytest.approx([-0.485 / 0.229, -0.456 / 0.224, -0.406 / 0.225])


def test_each_network_has_the_strategy_of_its_own():
    sure = np.array([0.9] * 12 + [0.5] * 4)
    unsure = np.array([0.6] * 16)
    assert video_score([sure, unsure]) == pytest.approx((0.9 + 0.6) / 2)


def test_one_face_has_a_score_and_in_the_original_one_half():
    assert video_score([np.array([0.9])]) == pytest.approx(0.9)
    assert video_score([np.array([0.9])], compat="original") == 0.5


def test_networks_that_saw_other_faces_are_refused():
    with pytest.raises(ValueError, match="same faces"):
        video_score([np.array([0.9]), np.array([0.9, 0.1])])
