"""The detector boken: its networks and their padding, its view inside the crop, its score and card."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

import detectors
from contracts.clips import FaceBox, FaceCrop
from contracts.errors import DetectorUnavailable
from detectors.detector import Detector
from detectors.networks.efficientnet import FixedPaddingConv2d
from detectors.plugins.boken import make, view_of
from detectors.runtime import Runtime
from detectors.systems.boken.crops import batch_of
from detectors.systems.boken.networks import MEMBERS, NETWORKS, PADDING, member_networks
from tests.support.faces import a_clip, a_crop

CARD = detectors.card("boken")


@pytest.fixture(scope="module")
def untrained() -> Detector:
    return make(CARD, folder=None, runtime=Runtime())


def pads(network: nn.Module) -> list[tuple[int, int]]:
    return [part.around[:2] for part in network.modules() if isinstance(part, FixedPaddingConv2d)]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("efficientnet_b2_ep063", [(0, 1), (0, 1), (1, 2), (0, 1), (1, 2)]),
        ("efficientnet_b2_ep070", [(1, 1), (1, 1), (2, 2), (1, 1), (2, 2)]),
        ("efficientnet_b0", [(0, 1), (0, 1), (1, 2), (0, 1), (1, 2)]),
        ("efficientnet_b1", [(0, 1), (0, 1), (1, 2), (0, 1), (2, 2)]),
        ("efficientnet_b2", [(0, 1), (0, 1), (2, 2), (1, 1), (2, 2)]),
    ],
)
def test_each_release_pads_its_own_way(name: str, expected: list[tuple[int, int]]):
    with torch.device("meta"):
        assert pads(NETWORKS[name].make()) == expected


@pytest.mark.parametrize(("member", "tensors"), [(MEMBERS[0], 360), (MEMBERS[1], 508), (MEMBERS[2], 508)])
def test_the_tensors_are_the_same_with_every_padding(member: str, tensors: int):
    shapes = [member_networks(padding)[member].shapes() for padding in ("nominal", "symmetric", "propagated")]
    assert shapes[0] == shapes[1] == shapes[2]
    assert len(shapes[0]) == tensors


def test_the_padding_of_the_card_is_the_default():
    assert PADDING == "nominal"
    for member, (name, network) in zip(CARD.spec.members, member_networks().items(), strict=True):
        assert member.name == name
        assert NETWORKS[member.network.removeprefix("boken/")] is network


def test_the_score_is_the_mean_of_the_members_second_softmax(untrained: Detector):
    clip = a_clip(seed=1)
    batch = torch.from_numpy(batch_of([view_of(clip.crops[0])]))
    with torch.inference_mode():
        each = [torch.softmax(network.random()(batch), dim=1)[0, 1].item() for network in member_networks().values()]
    assert untrained.score([clip]) == pytest.approx([sum(each) / 3], abs=1e-5)


def test_weights_are_read_per_member_and_a_missing_one_is_an_error(tmp_path: Path):
    networks = member_networks()
    for name, network in networks.items():
        tensors = network.random().state_dict()
        save_file(
            {network.original_key(key): tensor for key, tensor in tensors.items()}, tmp_path / f"{name}.safetensors"
        )
    assert not make(CARD, folder=tmp_path, runtime=Runtime()).untrained
    (tmp_path / "efficientnet_b1.safetensors").unlink()
    with pytest.raises(FileNotFoundError):
        make(CARD, folder=tmp_path, runtime=Runtime())
    with pytest.raises(DetectorUnavailable, match=r"efficientnet_b1\.safetensors"):
        detectors.create("boken", weights=tmp_path)


def test_the_view_is_the_square_of_1_2_times_the_face():
    pixels = np.zeros((200, 200, 3), np.uint8)
    pixels[50:150, 50:150] = 255
    view = view_of(FaceCrop(pixels, FaceBox(50.0, 50.0, 150.0, 150.0, 0.9), 0, 0.0, 0))
    assert np.mean(view > 127) == pytest.approx(1 / 1.44, abs=0.01)


def test_a_box_outside_its_crop_shows_the_whole_crop():
    pixels = np.full((20, 20, 3), 9, np.uint8)
    assert (view_of(FaceCrop(pixels, FaceBox(40.0, 40.0, 50.0, 50.0, 0.9), 0, 0.0, 0)) == 9).all()


@pytest.mark.parametrize(("width_px", "height_px"), [(1, 1), (2, 700), (9, 9), (2600, 1900)])
def test_every_crop_has_a_view(width_px: int, height_px: int):
    assert view_of(a_crop(width_px=width_px, height_px=height_px)).shape == (224, 224, 3)


def test_one_score_per_clip_in_their_order(untrained: Detector):
    clips = [a_clip(seed=seed) for seed in range(3)]
    scores = untrained.score(clips)
    assert untrained.score(clips[::-1]) == pytest.approx(scores[::-1], abs=1e-6)
    assert len(set(scores)) == 3
    assert untrained.score([]) == []


def test_the_card_names_the_published_files():
    assert [file.file for file in CARD.weights] == [
        "efn-b0_LS_27_loss_0.2205.pth",
        "efn-b1_LS_6_loss_0.1756.pth",
        "efn-b2_LS_12_loss_0.1728.pth",
    ]
    assert [file.loaded_file for file in CARD.weights] == [f"{name}.safetensors" for name in MEMBERS]
    assert CARD.spec.pooling == "mean"
