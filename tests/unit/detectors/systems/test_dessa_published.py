"""The pipeline of dessa from footage to score, with stand-ins for finder and network."""

import pytest
import torch
from torch import Tensor

from contracts.clips import FaceBox
from detectors.preprocessing import IMAGENET_MEAN, IMAGENET_STD
from detectors.systems.dessa.published import faces_of, published_score
from tests.support.footage import DrawnFootage, FixedFinder, flat

SMALL = FaceBox(10.0, 10.0, 30.0, 30.0, 0.9)
LARGE = FaceBox(60.0, 40.0, 110.0, 90.0, 0.8)


def brightness(batch: Tensor) -> Tensor:
    """Logits 0 and the brightness of a picture between 0 and 1."""
    mean, std = (torch.tensor(numbers).view(1, 3, 1, 1) for numbers in (IMAGENET_MEAN, IMAGENET_STD))
    level = (batch * std + mean).flatten(1).mean(dim=1)
    return torch.stack([torch.zeros_like(level), level], dim=1)


def test_the_score_is_the_mean_probability_over_the_faces():
    pictures = [flat(255), flat(0), None, flat(51)]
    score = published_score(DrawnFootage(pictures), FixedFinder(LARGE), {"resnet18": brightness})
    # sigmoid(1) = 0.731059 and sigmoid(0.2) = 0.549834; the black picture has no face
    assert score.value == pytest.approx((0.731059 + 0.549834) / 2, abs=1e-5)
    assert (score.faces, score.detail) == (2, "2 of 2 faces called manipulated")


def test_many_faces_take_several_passes():
    footage = DrawnFootage([flat(255)] * 70, frames_per_second=1.0)
    score = published_score(footage, FixedFinder(LARGE), {"resnet18": brightness})
    assert score.faces == 70
    assert score.value == pytest.approx(0.731059, abs=1e-5)


@pytest.mark.parametrize("compat", ["corrected", "original"])
def test_without_a_face_there_is_no_score(compat):
    score = published_score(DrawnFootage([flat(9)] * 3), FixedFinder(), {"resnet18": brightness}, compat=compat)
    assert (score.value, score.faces) == (None, 0)


def test_the_largest_face_counts_and_in_the_original_the_first():
    picture = flat(10)
    picture[40:90, 60:110] = 200
    footage, finder = DrawnFootage([picture]), FixedFinder(SMALL, LARGE)
    (largest,) = faces_of(footage, finder)
    (first,) = faces_of(footage, finder, compat="original")
    assert largest.mean() > 100
    assert first.mean() == 10
