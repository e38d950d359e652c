"""The detector wm: what its networks see, its score of a clip, its card."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

import detectors
from contracts.clips import FaceBox, FaceClip, FaceCrop
from detectors.plugins.wm import WmDetector
from detectors.runtime import Runtime
from detectors.systems.catalogue import original_network
from detectors.systems.wm.aggregation import WEIGHTS
from detectors.systems.wm.networks import NETWORKS
from detectors.systems.wm.scoring import scores_of
from detectors.systems.wm.views import inputs_of
from tests.support.faces import a_clip, clips

CARD = detectors.card("wm")


def leaning(batch: Tensor) -> Tensor:
    """Logits 0 and the mean of a picture's values."""
    level = batch.double().flatten(1).mean(dim=1)
    return torch.stack([torch.zeros_like(level), level], dim=1)


@pytest.fixture
def detector() -> WmDetector:
    return WmDetector(CARD, dict.fromkeys(WEIGHTS, leaning), folder=None, runtime=Runtime())


def flat_face(*colour: int) -> np.ndarray:
    return np.broadcast_to(np.array(colour, np.uint8), (320, 320, 3)).copy()


def test_each_network_sees_its_own_size_and_range():
    inputs = inputs_of([flat_face(255, 0, 51)])
    assert {name: tuple(batch.shape) for name, batch in inputs.items()} == {
        member.name: (1, 3, member.height_px, member.width_px) for member in CARD.spec.members
    }
    normalised = [(1.0 - 0.4479) / 0.2537, (0.0 - 0.3744) / 0.2502, (0.2 - 0.3473) / 0.2424]
    assert inputs["xception"][0, :, 7, 9].tolist() == pytest.approx([1.0, -1.0, -0.6], abs=1e-6)
    assert inputs["wsdan_xception"][0, :, 7, 9].tolist() == pytest.approx(normalised, abs=1e-5)
    assert inputs["wsdan_efficientnet_b3"][0, :, 7, 9].tolist() == pytest.approx(normalised, abs=1e-5)


def test_pictures_shrink_by_half_pixel_centres_without_antialiasing():
    face = flat_face(0, 0, 0)
    face[:, ::2] = 255  # every other column, which averaging over more than two neighbours would make even
    first = inputs_of([face])["xception"][0, 0, 0, :2]
    # the middles of the first pixels of 299 lie 0.035 and 1.105 pixels to the right of those of 320
    assert first.tolist() == pytest.approx([2 * (1 - 0.035117) - 1, 2 * 0.105351 - 1], abs=1e-4)


def test_the_score_of_a_clip_is_the_mean_over_its_faces(detector: WmDetector):
    some = a_clip(seed=4, length=3)
    each = [detector._scores([FaceClip("a-media-item", 0, (crop,))])[0] for crop in some.crops]
    assert detector._scores([some]) == pytest.approx([sum(each) / 3], abs=1e-9)


def test_clips_keep_their_order_over_more_than_one_pass(detector: WmDetector):
    some = clips(9)
    scores = detector.score(some)
    assert detector.score(some[::-1]) == pytest.approx(scores[::-1], abs=1e-9)
    assert len(set(scores)) == 9
    assert scores_of([], dict.fromkeys(WEIGHTS, leaning), pass_pictures=4).tolist() == []


@pytest.mark.parametrize(("width_px", "height_px"), [(1, 1), (2, 700), (9, 9), (2600, 1900)])
def test_any_crop_is_scored(detector: WmDetector, width_px: int, height_px: int):
    (score,) = detector.score([a_clip(width_px=width_px, height_px=height_px)])
    assert 0.0 < score < 1.0


def test_landmarks_turn_the_face(detector: WmDetector):
    pixels = np.random.default_rng(2).integers(0, 256, (200, 200, 3), dtype=np.uint8)

    def score(*landmarks: tuple[float, float]) -> float:
        box = FaceBox(60.0, 60.0, 140.0, 140.0, 0.9, landmarks)
        return detector.score([FaceClip("a-media-item", 0, (FaceCrop(pixels, box, 0, 0.0, 0),))])[0]

    upright = (80.0, 90.0), (120.0, 90.0), (100.0, 105.0), (85.0, 125.0), (115.0, 125.0)
    upside_down = tuple((200.0 - x, 200.0 - y) for x, y in upright)
    assert len({score(), score(*upright), score(*upside_down)}) == 3


@pytest.mark.parametrize(
    ("name", "tensors"), [("xception", 276), ("wsdan_xception", 281), ("wsdan_efficientnet_b3", 581)]
)
def test_a_network_has_the_tensors_of_its_checkpoint(name: str, tensors: int):
    assert len(NETWORKS[name].shapes()) == tensors


def test_the_card_names_the_members_in_the_published_files():
    assert {member.name: member.weight for member in CARD.spec.members} == WEIGHTS
    needed = [file for file in CARD.weights if not file.optional]
    assert [file.file for file in needed] == ["xception-hg-2.pth", "ckpt_x.pth", "ckpt_e.pth"]
    assert [file.loaded_file for file in needed] == [f"{name}.safetensors" for name in WEIGHTS]
    for file in needed:
        assert file.checkpoint is not None
        assert original_network(file.checkpoint.network) is NETWORKS[Path(file.loaded_file).stem]
