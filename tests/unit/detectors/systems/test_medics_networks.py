"""The architectures of medics: shapes, padding, shortcuts, tensor names; tests.parity compares their numbers."""

import pytest
import torch

from detectors.networks.i3d import SHORTEST_CLIP, InceptionI3d, SameMaxPool3d, padded_same
from detectors.networks.resnet_3d import BareShortcut, resnet34_3d
from detectors.systems.medics.members import NETWORK_OF
from detectors.systems.medics.networks import NETWORKS


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "before", "after"),
    [
        (4, 3, 1, 1, 1),
        (4, 3, 2, 0, 1),
        (5, 3, 2, 1, 1),
        (224, 7, 2, 2, 3),
        (7, 2, 2, 0, 1),
        (6, 2, 2, 0, 0),
        (9, 1, 2, 0, 0),
    ],
)
def test_same_padding_follows_the_real_size(size: int, kernel: int, stride: int, before: int, after: int):
    line = torch.ones(1, 1, size, 1, 1)
    padded = padded_same(line, (kernel, 1, 1), (stride, 1, 1)).flatten()
    assert padded.tolist() == [0.0] * before + [1.0] * size + [0.0] * after


def test_the_maximum_sees_the_zeros_around_a_clip():
    pooled = SameMaxPool3d((3, 3, 3), (2, 2, 2))(torch.full((1, 1, 2, 2, 2), -1.0))
    assert pooled.flatten().tolist() == [0.0]


@pytest.mark.parametrize(("frames", "works"), [(SHORTEST_CLIP, True), (SHORTEST_CLIP - 1, False)])
def test_i3d_needs_nine_frames(frames: int, works: bool):
    with torch.device("meta"):
        network, clip = InceptionI3d().eval(), torch.empty(2, 3, frames, 224, 224)
        if works:
            assert network(clip).shape == (2, 2)
        else:
            with pytest.raises(RuntimeError):
                network(clip)


def test_the_bare_shortcut_takes_every_second_place_and_adds_empty_channels():
    features = torch.arange(8.0).reshape(1, 1, 2, 2, 2)
    assert BareShortcut(2)(features).flatten().tolist() == [0.0, 0.0, 0.0]
    assert BareShortcut(1)(features + 5.0).flatten().tolist() == [5.0, 0.0]


def test_resnet_halves_time_and_space_from_its_second_layer_on():
    with torch.device("meta"):
        network = resnet34_3d().eval()
        features = network.layer2(network.layer1(network.stem(torch.empty(1, 3, 16, 64, 64))))
        assert features.shape == (1, 128, 4, 8, 8)
        assert network(torch.empty(1, 3, 30, 224, 224)).shape == (1, 2)


@pytest.mark.parametrize(
    ("network", "tensors", "some"),
    [
        ("i3d", 344, {"Mixed_4e.b2b.conv3d.weight": (64, 32, 3, 3, 3), "logits.conv3d.bias": (2,)}),
        ("resnet34_3d", 200, {"conv1.weight": (64, 3, 7, 7, 7), "layer2.0.bn1.running_var": (128,), "fc.bias": (2,)}),
        ("mc3_18", 122, {"fc.weight": (2, 512)}),
        ("r2plus1d_18", 224, {"fc.weight": (2, 512)}),
        ("se_resnext50", 384, {"fc.weight": (1, 2048), "backbone.layer1.0.se_module.fc1.weight": (16, 256, 1, 1)}),
    ],
)
def test_tensors_have_the_names_of_the_checkpoints(network: str, tensors: int, some: dict[str, tuple[int, ...]]):
    shapes = NETWORKS[network].shapes()
    assert len(shapes) == tensors
    assert {key: shapes[key] for key in some} == some
    assert not any(".downsample" in key for key in shapes) or network != "resnet34_3d"


def test_every_member_has_a_network_of_the_catalogue():
    assert len(NETWORK_OF) == 8
    assert set(NETWORK_OF.values()) == set(NETWORKS)
