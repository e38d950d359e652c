"""The detector srm: its network, its view inside the crop, its card."""

import numpy as np
import pytest
import torch

import detectors
from contracts.clips import FaceBox, FaceCrop
from detectors.detector import Detector
from detectors.networks.srm import srm_filters
from detectors.plugins.srm import make, view_of
from detectors.runtime import Runtime
from detectors.systems.deepfakestream.crops import batch_of
from detectors.systems.deepfakestream.networks import NETWORKS
from detectors.systems.deepfakestream.published import MEMBER
from tests.support.faces import a_clip, a_crop

CARD = detectors.card("srm")


@pytest.fixture(scope="module")
def untrained() -> Detector:
    return make(CARD, folder=None, runtime=Runtime())


@pytest.mark.parametrize(
    ("name", "tensors"),
    [
        ("srm_tf_efficientnet_b2", 515),
        ("srm_tf_efficientnetv2_b2", 545),
        ("gwap_tf_efficientnetv2_b2", 548),
        ("distil_resnet50", 334),
    ],
)
def test_a_network_has_as_many_tensors_as_its_original(name: str, tensors: int):
    assert len(NETWORKS[name].shapes()) == tensors


def test_the_filters_of_a_file_are_read_and_those_of_an_untrained_network_are_ours():
    network = NETWORKS[MEMBER]
    module = network.random()
    assert torch.equal(module.get_buffer("srm.weight"), srm_filters(3))
    tensors = {network.original_key(key): tensor for key, tensor in module.state_dict().items()}
    tensors |= {key: torch.zeros(shape) for key, shape in network.carried.items()}
    tensors["srm_conv.conv.weight"] = srm_filters(3) / 12.0
    assert torch.equal(network.load(tensors, "a file").get_buffer("srm.weight"), srm_filters(3) / 12.0)


def test_one_score_per_clip_in_their_order(untrained: Detector):
    clips = [a_clip(seed=seed) for seed in range(2)]
    scores = untrained.score(clips)
    assert untrained.score(clips[::-1]) == pytest.approx(scores[::-1], abs=1e-4)
    assert len(set(scores)) == 2
    assert untrained.score([]) == []


def test_pictures_are_not_normalised():
    batch = batch_of([np.full((380, 380, 3), (0, 128, 255), np.uint8)])
    assert (batch.dtype, batch.shape) == (np.float32, (1, 3, 380, 380))
    assert batch[0, :, 5, 5].tolist() == [0.0, 128.0, 255.0]


def test_the_view_is_the_box_without_surroundings():
    pixels = np.zeros((200, 200, 3), np.uint8)
    pixels[50:150, 70:130] = 255
    assert view_of(FaceCrop(pixels, FaceBox(70.0, 50.0, 130.0, 150.0, 0.9), 0, 0.0, 0)).min() == 255


def test_a_box_outside_its_crop_shows_the_whole_crop():
    pixels = np.full((20, 20, 3), 9, np.uint8)
    assert (view_of(FaceCrop(pixels, FaceBox(40.0, 40.0, 50.0, 50.0, 0.9), 0, 0.0, 0)) == 9).all()


@pytest.mark.parametrize(("width_px", "height_px"), [(1, 1), (2, 700), (9, 9), (2600, 1900)])
def test_every_crop_has_a_view(width_px: int, height_px: int):
    assert view_of(a_crop(width_px=width_px, height_px=height_px)).shape == (380, 380, 3)


def test_the_card_names_the_published_files_and_what_is_assumed():
    assert [(file.file, file.optional) for file in CARD.weights] == [
        ("model_weights.pt", False),
        ("model_weights.onnx", True),
    ]
    assert [file.loaded_file for file in CARD.weights if not file.optional] == [f"{MEMBER}.safetensors"]
    assert "all rights reserved" in CARD.licences.weights
    assert any("assumption" in said for said in CARD.blind_spots)
