"""The detector dessa: either head by the tensors of its file, views inside the crop, its card."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

import detectors
from detectors.detector import Detector
from detectors.plugins.dessa import make, view
from detectors.runtime import Runtime
from detectors.systems.dessa.networks import NETWORKS
from detectors.weights import WrongWeights
from tests.support.faces import a_clip, a_crop

CARD = detectors.card("dessa")
HEADS = ("resnet18_plain", "resnet18_hidden")


def stored(head: str, folder: Path, **changes: torch.Tensor) -> Path:
    """A folder with random weights of this head."""
    tensors = NETWORKS[head].random().state_dict() | changes
    save_file(tensors, folder / CARD.weights[0].loaded_file)
    return folder


@pytest.fixture(scope="module")
def untrained() -> Detector:
    return make(CARD, folder=None, runtime=Runtime())


@pytest.mark.parametrize("head", HEADS)
def test_the_head_is_that_of_the_file(head: str, tmp_path: Path):
    detector = make(CARD, folder=stored(head, tmp_path), runtime=Runtime())
    clip = a_clip(seed=1)
    with torch.inference_mode():
        seen = torch.from_numpy(view(clip.crops[0])).permute(2, 0, 1)[None] / 255
        mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
        logits = NETWORKS[head].random()((seen - mean.view(1, 3, 1, 1)) / std.view(1, 3, 1, 1))
    assert detector.score([clip]) == pytest.approx([torch.softmax(logits, dim=1)[0, 1].item()], abs=1e-4)


@pytest.mark.parametrize("head", HEADS)
def test_files_that_fit_neither_head_are_refused(head: str, tmp_path: Path):
    folder = stored(head, tmp_path, **{"fc.7.weight": torch.zeros(2, 2)})
    with pytest.raises(WrongWeights, match=r"left over: fc\.7\.weight"):
        make(CARD, folder=folder, runtime=Runtime())


def test_what_the_card_fetches_may_have_either_head():
    checkpoint = CARD.weights[0].checkpoint
    assert checkpoint is not None
    network = NETWORKS[checkpoint.network.removeprefix("dessa/")]
    for head in HEADS:
        network.require_fitting(NETWORKS[head].shapes(), "a file")
    broken = NETWORKS["resnet18_hidden"].shapes()
    del broken["fc.3.bias"]
    with pytest.raises(WrongWeights, match=r"missing: fc\.3\.bias"):
        network.require_fitting(broken, "a file")


def test_it_passes_its_probe_untrained(untrained: Detector):
    assert untrained.untrained
    detectors.probe.prove(untrained)


@pytest.mark.parametrize(("width_px", "height_px"), [(1, 1), (2, 700), (9, 9), (2600, 1900)])
def test_every_crop_has_a_view(width_px: int, height_px: int):
    assert view(a_crop(width_px=width_px, height_px=height_px)).shape == (224, 224, 3)


def test_one_score_per_clip_in_their_order(untrained: Detector):
    clips = [a_clip(seed=seed) for seed in range(3)]
    scores = untrained.score(clips)
    assert untrained.score(clips[::-1]) == pytest.approx(scores[::-1], abs=1e-5)
    assert len(set(scores)) == 3
    assert untrained.score([]) == []
