"""DeepfakeStream from footage to score, with stand-ins for finder and network."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from contracts.clips import FaceBox
from detectors.systems.deepfakestream.aggregation import face_scores, frame_score, video_score
from detectors.systems.deepfakestream.crops import face_of
from detectors.systems.deepfakestream.published import MEMBER, published_score
from detectors.systems.deepfakestream.sampling import wanted_frames
from tests.support.footage import DrawnFootage, FixedFinder, flat

LEFT = FaceBox(0.0, 0.0, 80.0, 120.0, 0.99)
RIGHT = FaceBox(80.0, 0.0, 160.0, 120.0, 0.99)
OUTSIDE = FaceBox(200.0, 0.0, 260.0, 60.0, 0.99)


def leaning(batch: Tensor) -> Tensor:
    """The probability of *manipulated* is the mean of a picture, 0 to 255, plus one over 300."""
    share = (batch.double().flatten(1).mean(dim=1) + 1.0) / 300.0
    return torch.stack([torch.log(1.0 - share), torch.log(share)], dim=1)


def half_and_half(left: int, right: int) -> np.ndarray:
    frame = flat(left)
    frame[:, 80:] = right
    return frame


def score(*pictures, finder: Callable | None = None, compat="corrected"):
    footage = DrawnFootage(pictures, frames_per_second=1.0)
    return published_score(footage, finder or FixedFinder(LEFT, RIGHT), {MEMBER: leaning}, compat=compat)


def test_the_largest_face_score_of_a_frame_and_the_mean_over_frames():
    result = score(half_and_half(29, 89), half_and_half(59, 44))
    assert result.value == pytest.approx((90 / 300 + 60 / 300) / 2)
    assert (result.faces, result.detail) == (4, "faces: 4, frames that could be read: 2")


def test_the_original_gives_the_larger_of_both_probabilities():
    assert score(half_and_half(29, 89), compat="original").value == pytest.approx(1.0 - 30 / 300)


@pytest.mark.parametrize("compat", ["corrected", "original"])
@pytest.mark.parametrize("pictures", [[], [None], [flat(0)]])
def test_without_a_face_there_is_no_score(pictures, compat):
    result = score(*pictures, compat=compat)
    assert (result.value, result.faces) == (None, 0)


def test_frames_without_a_face_or_that_cannot_be_decoded_do_not_count():
    result = score(flat(0), None, half_and_half(29, 29))
    assert (result.value, result.faces) == (pytest.approx(0.1), 2)


def test_a_face_outside_its_frame_is_left_out():
    assert score(flat(29), finder=FixedFinder(OUTSIDE)).value is None


def test_another_network_is_an_error():
    with pytest.raises(ValueError, match=MEMBER):
        published_score(DrawnFootage([]), FixedFinder(), {"another": leaning})


@pytest.mark.parametrize(
    ("count", "rate", "wanted"),
    [
        (0, 25.0, []),
        (1, 25.0, [0]),
        (60, 29.97, [0, 30]),
        (3, 0.2, [0, 1, 2]),
        (60, 0.0, [0, 25, 50]),
        (26, math.nan, [0, 25]),
    ],
)
def test_one_frame_per_second(count: int, rate: float, wanted: list[int]):
    assert wanted_frames(count, rate) == wanted


def test_the_box_is_rounded_cut_off_at_the_edge_and_stretched():
    picture = np.zeros((100, 100, 3), np.uint8)
    picture[:40, :20] = 255
    face = face_of(picture, FaceBox(-30.0, -9.0, 19.6, 80.4, 0.9))
    assert face is not None
    assert face.shape == (380, 380, 3)
    assert (face[:185] == 255).all()  # 20 wide and 80 high: the upper half is white
    assert (face[195:] == 0).all()


@pytest.mark.parametrize("box", [FaceBox(-9.0, 0.0, -1.0, 9.0, 0.9), FaceBox(50.1, 50.1, 50.2, 50.3, 0.9)])
def test_nothing_of_a_box_may_be_left(box: FaceBox):
    assert face_of(np.zeros((100, 100, 3), np.uint8), box) is None


def test_scores_by_hand():
    logits = torch.tensor([[0.0, math.log(3.0)], [math.log(4.0), 0.0]])
    assert face_scores(logits).tolist() == pytest.approx([0.75, 0.2])
    assert face_scores(logits, compat="original").tolist() == pytest.approx([0.75, 0.8])
    assert frame_score([0.1, 0.4]) == 0.4
    assert frame_score([]) is None
    assert video_score([0.4, None, 0.8]) == pytest.approx(0.6)
    assert video_score([None]) is video_score([]) is None
