"""The pipeline of wm from footage to score, with stand-ins for finder and networks."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from contracts.clips import FaceBox
from detectors.systems.wm.aggregation import WEIGHTS, face_scores, video_score
from detectors.systems.wm.alignment import TEMPLATE
from detectors.systems.wm.faces import chosen_face
from detectors.systems.wm.published import published_score
from detectors.systems.wm.sampling import wanted_frames
from tests.support.footage import DrawnFootage, FixedFinder, flat

LANDMARKS = tuple((float(x) / 4.0, float(y) / 4.0) for x, y in TEMPLATE)
FACE = FaceBox(10.0, 10.0, 60.0, 70.0, 0.95, LANDMARKS)
COMPATS = ("corrected", "original")


def constant(probability: float) -> Callable[[Tensor], Tensor]:
    """The same probability of *manipulated* for every picture."""
    logit = math.log(probability / (1.0 - probability))
    return lambda batch: torch.tensor([[0.0, logit]]).expand(len(batch), 2)


NETWORKS = {name: constant(p) for name, p in zip(WEIGHTS, (0.9, 0.6, 0.2), strict=True)}
SCORE = 0.2 * 0.9 + 0.7 * 0.6 + 0.1 * 0.2


def brightness(batch: Tensor) -> Tensor:
    level = batch.flatten(1).mean(dim=1)
    return torch.stack([torch.zeros_like(level), level], dim=1)


@pytest.mark.parametrize("compat", COMPATS)
@pytest.mark.parametrize(("count", "faces"), [(10, 1), (19, 1), (20, 2), (250, 25), (1000, 25)])
def test_the_score_is_the_weighted_mean_of_up_to_25_faces(count: int, faces: int, compat):
    score = published_score(DrawnFootage([flat(9)] * count), FixedFinder(FACE), NETWORKS, compat=compat)
    assert score.value == pytest.approx(SCORE, abs=1e-6)
    assert (score.faces, score.detail) == (faces, f"faces, one per frame: {faces}")


def test_every_tenth_frame_is_read_and_the_original_stops_at_the_25th_face():
    footage = DrawnFootage([flat(9)] * 600)
    published_score(footage, FixedFinder(FACE), NETWORKS, compat="original")
    assert footage.read == list(range(9, 250, 10))


def test_faces_of_a_long_video_come_from_all_of_it():
    footage = DrawnFootage([flat(9)] * 750)
    published_score(footage, FixedFinder(FACE), NETWORKS)
    assert footage.read == list(range(9, 750, 30))


def test_frames_without_a_face_do_not_count():
    pictures = [flat(0)] * 100 + [flat(200)] * 100
    dark_first = published_score(DrawnFootage(pictures), FixedFinder(FACE), dict.fromkeys(WEIGHTS, brightness))
    bright = published_score(DrawnFootage(pictures[100:]), FixedFinder(FACE), dict.fromkeys(WEIGHTS, brightness))
    assert (dark_first.value, dark_first.faces) == (bright.value, 10)


@pytest.mark.parametrize("pictures", [[], [None] * 20, [flat(0)] * 20])
def test_without_a_face_there_is_no_score_and_the_submission_said_one_half(pictures):
    footage = DrawnFootage(pictures)
    ours = published_score(footage, FixedFinder(FACE), NETWORKS)
    assert (ours.value, ours.faces) == (None, 0)
    assert "no face" in ours.detail
    assert published_score(footage, FixedFinder(FACE), NETWORKS, compat="original").value == 0.5


def test_a_short_video_is_scored_by_its_last_frame_and_not_by_the_original():
    footage = DrawnFootage([flat(0)] * 8 + [flat(9)])
    assert published_score(footage, FixedFinder(FACE), NETWORKS).value == pytest.approx(SCORE, abs=1e-6)
    assert published_score(footage, FixedFinder(FACE), NETWORKS, compat="original").value == 0.5


def test_a_broken_frame_is_skipped_and_ends_the_original():
    footage = DrawnFootage([flat(9)] * 19 + [None] + [flat(9)] * 20)
    assert published_score(footage, FixedFinder(FACE), NETWORKS).faces == 3
    assert published_score(footage, FixedFinder(FACE), NETWORKS, compat="original").faces == 1


def test_a_missing_network_is_an_error():
    with pytest.raises(ValueError, match="wsdan_efficientnet_b3"):
        published_score(DrawnFootage([]), FixedFinder(), dict.fromkeys(list(WEIGHTS)[:2], brightness))


@pytest.mark.parametrize(
    ("count", "wanted"),
    [(0, []), (1, [0]), (9, [8]), (10, [9]), (30, [9, 19, 29]), (249, list(range(9, 249, 10)))],
)
def test_wanted_frames(count: int, wanted: list[int]):
    assert list(wanted_frames(count)) == wanted
    assert list(wanted_frames(count, compat="original")) == (wanted if count >= 10 else [])


@pytest.mark.parametrize("count", [259, 260, 511, 12345])
def test_each_25_frames_lie_all_over_a_long_video_and_none_comes_twice(count: int):
    ours, theirs = list(wanted_frames(count)), list(wanted_frames(count, compat="original"))
    assert sorted(ours) == theirs
    assert ours[0] == theirs[0]
    assert ours[24] >= theirs[-1] * 24 // 25
    assert ours[:25] == sorted(ours[:25])


def test_the_largest_face_is_chosen_and_no_worse_copy_of_a_surer_one():
    sure, bloated = FaceBox(10.0, 10.0, 50.0, 50.0, 0.99), FaceBox(5.0, 5.0, 60.0, 60.0, 0.81)
    elsewhere = FaceBox(100.0, 10.0, 130.0, 40.0, 0.9)
    boxes = [elsewhere, bloated, sure]
    assert chosen_face(boxes) is sure
    assert chosen_face(boxes, compat="original") is bloated
    assert chosen_face([]) is chosen_face([], compat="original") is None


def test_face_scores_weigh_the_members():
    probabilities = {
        "xception": [1.0, 0.0, 0.0],
        "wsdan_xception": [0.0, 1.0, 0.0],
        "wsdan_efficientnet_b3": [0.0, 0.0, 1.0],
    }
    assert face_scores(probabilities) == pytest.approx([0.2, 0.7, 0.1])
    with pytest.raises(KeyError):
        face_scores({"xception": [1.0]})


def test_the_video_score_is_the_plain_mean():
    assert video_score([0.2, 0.4, 0.9]) == pytest.approx(0.5)
