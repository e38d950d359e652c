"""The networks of eighteen: what SlowFast looks at, and that nothing but the published tensors fits."""

import pytest
import torch

from detectors.networks.slowfast import SlowFast50
from detectors.systems.eighteen.members import MEMBERS
from detectors.systems.eighteen.networks import NETWORKS
from detectors.weights import WrongWeights


@pytest.fixture(scope="module")
def slowfast() -> SlowFast50:
    torch.manual_seed(3)
    network = SlowFast50()
    return network.eval().requires_grad_(requires_grad=False)


@pytest.fixture(scope="module")
def clip() -> torch.Tensor:
    return torch.randn(2, 3, 9, 16, 16, generator=torch.Generator().manual_seed(5))


@pytest.mark.parametrize(
    ("name", "tensors"),
    [("resnet34", 218), ("xception", 276), ("efficientnet_b0", 360), ("efficientnet_b1", 508),
     ("efficientnet_b3", 574), ("slowfast50", 642)],
)  # fmt: skip
def test_a_network_has_as_many_tensors_as_its_checkpoint(name: str, tensors: int):
    assert len(NETWORKS[name].shapes()) == tensors


def test_each_member_has_a_network():
    assert {member.network for member in MEMBERS} == NETWORKS.keys()


@pytest.mark.parametrize("frames", [1, 3, 4, 5, 9])
def test_slowfast_takes_any_number_of_pictures(slowfast: SlowFast50, clip: torch.Tensor, frames: int):
    assert slowfast(clip[:, :, :frames]).shape == (2, 2)


def test_slowfast_sees_pictures_between_the_fourth_ones_and_their_order(slowfast: SlowFast50, clip: torch.Tensor):
    seen = slowfast(clip)
    for frame in (0, 3, 8):
        darkened = clip.clone()
        darkened[:, :, frame] -= 1.0
        assert not torch.allclose(slowfast(darkened), seen, rtol=1e-6, atol=0.0), frame
    assert not torch.allclose(slowfast(clip.flip(2)), seen, rtol=1e-6, atol=0.0)


def test_the_wide_path_sees_every_fourth_picture(slowfast: SlowFast50, clip: torch.Tensor):
    wide: list[torch.Tensor] = []
    hook = slowfast.slow_conv1.register_forward_pre_hook(lambda _module, given: wide.append(given[0]))
    slowfast(clip)
    hook.remove()
    assert torch.equal(wide[0], clip[:, :, [0, 4, 8]])


def test_clips_of_a_batch_do_not_touch(slowfast: SlowFast50, clip: torch.Tensor):
    alone = torch.cat([slowfast(clip[:1]), slowfast(clip[1:])])
    torch.testing.assert_close(slowfast(clip), alone, rtol=1e-4, atol=1e-4)


def test_a_missing_renamed_or_reshaped_tensor_is_refused_by_name():
    shapes = NETWORKS["slowfast50"].shapes()
    missing = {key: shape for key, shape in shapes.items() if key != "Tconv2.weight"}
    for wrong, told in (
        (missing, "missing: Tconv2.weight"),
        ({**missing, "tconv2.weight": shapes["Tconv2.weight"]}, "left over: tconv2.weight"),
        ({**shapes, "fc.weight": (1, 2304)}, r"fc.weight \(1, 2304\) instead of \(2, 2304\)"),
    ):
        with pytest.raises(WrongWeights, match=told):
            NETWORKS["slowfast50"].require_fitting(wrong, "a file")
