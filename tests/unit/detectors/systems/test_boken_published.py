"""The pipeline of boken from footage to score, with stand-ins for finder and networks."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from contracts.clips import FaceBox
from detectors.systems.boken.networks import MEMBERS
from detectors.systems.boken.published import published_score
from tests.support.footage import DrawnFootage, FixedFinder, flat

SMALL = FaceBox(10.0, 10.0, 30.0, 30.0, 0.99)
LARGE = FaceBox(60.0, 40.0, 110.0, 90.0, 0.8)


def leaning(times: float) -> Callable[[Tensor], Tensor]:
    """Logits 0 and ``times`` the mean of a picture between 0 and 1."""

    def network(batch: Tensor) -> Tensor:
        level = batch.flatten(1).mean(dim=1) * times
        return torch.stack([torch.zeros_like(level), level], dim=1)

    return network


NETWORKS = {name: leaning(times) for name, times in zip(MEMBERS, (0.0, 1.0, 2.0), strict=True)}


def test_the_score_is_the_mean_over_faces_and_networks():
    score = published_score(DrawnFootage([flat(255), flat(51), flat(0)]), FixedFinder(LARGE), NETWORKS)
    # white: sigmoid of 0, 1, 2 = 0.5, 0.731059, 0.880797; grey: of 0, 0.2, 0.4 = 0.5, 0.549834, 0.598688; black: none
    assert score.value == pytest.approx((0.5 + (0.731059 + 0.549834) / 2 + (0.880797 + 0.598688) / 2) / 3, abs=1e-6)
    assert (score.faces, score.detail) == (2, "2 faces in 3 frames, 3 networks")


def test_only_the_largest_face_of_a_frame_counts():
    picture = flat(0)
    picture[30:100, 50:120] = 255  # around the large face
    score = published_score(DrawnFootage([picture]), FixedFinder(SMALL, LARGE), NETWORKS)
    assert (score.value, score.faces) == (pytest.approx((0.5 + 0.731059 + 0.880797) / 3, abs=1e-6), 1)


def test_frames_that_cannot_be_decoded_are_skipped_and_all_others_searched_together():
    calls: list[int] = []

    def finder(pictures):
        calls.append(len(pictures))
        return [[LARGE] for _ in pictures]

    score = published_score(DrawnFootage([flat(9), None, flat(9), flat(9)]), finder, NETWORKS)
    assert (score.faces, calls) == (3, [3])


def test_15_of_many_frames_are_looked_at():
    assert published_score(DrawnFootage([flat(9)] * 300), FixedFinder(LARGE), NETWORKS).faces == 15


def test_without_a_face_there_is_no_score_and_the_original_says_one_half():
    footage = DrawnFootage([flat(9)] * 3)
    assert published_score(footage, FixedFinder(), NETWORKS).value is None
    assert published_score(footage, FixedFinder(), NETWORKS, compat="original").value == 0.5


@pytest.mark.parametrize("compat", ["corrected", "original"])
def test_without_a_frame_there_is_no_score(compat):
    score = published_score(DrawnFootage([None, None]), FixedFinder(LARGE), NETWORKS, compat=compat)
    assert (score.value, score.faces, score.detail) == (None, 0, "none of 2 frames could be decoded")


def test_a_sure_score_ends_at_99_hundredths():
    networks = dict.fromkeys(MEMBERS, leaning(50.0))
    assert published_score(DrawnFootage([flat(255)]), FixedFinder(LARGE), networks).value == pytest.approx(0.99)


def test_a_missing_network_is_an_error():
    with pytest.raises(ValueError, match="efficientnet_b2"):
        published_score(DrawnFootage([flat(9)]), FixedFinder(LARGE), {name: NETWORKS[name] for name in MEMBERS[:2]})
