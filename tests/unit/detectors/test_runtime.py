"""Networks run in the wished precision and layout, and numbers go in and out alike."""

import pytest
import torch
from torch import nn

from detectors.networks.mobilenet_v2 import MobileNetV2
from detectors.networks.original import OriginalNetwork
from detectors.runtime import Runtime

PICTURES = torch.rand(3, 3, 64, 64, generator=torch.Generator().manual_seed(4))


def outputs(runtime: Runtime) -> torch.Tensor:
    return runtime.placed(OriginalNetwork(make=MobileNetV2).random())(PICTURES)


def test_numbers_come_back_in_double_precision_on_the_processor():
    got = outputs(Runtime())
    assert (got.dtype, got.device.type, got.requires_grad) == (torch.float64, "cpu", False)


@pytest.mark.parametrize(
    ("runtime", "allowed"),
    [
        (Runtime(channels_last=False), 1e-4),
        (Runtime(precision="bf16"), 1e-1),
        (Runtime(precision="fp16"), 2e-2),
    ],
)
def test_every_way_to_run_gives_about_the_same_numbers(runtime: Runtime, allowed: float):
    wanted = outputs(Runtime())
    assert (outputs(runtime) - wanted).abs().max() <= allowed * max(1.0, float(wanted.abs().max()))


@pytest.mark.parametrize("precision", ["fp16", "bf16"])
def test_half_precision_is_really_used(precision: str):
    assert not torch.equal(outputs(Runtime(precision=precision)), outputs(Runtime()))  # type: ignore[arg-type]


def test_compiling_is_asked_of_torch(monkeypatch: pytest.MonkeyPatch):
    compiled = []
    monkeypatch.setattr(torch, "compile", lambda module: compiled.append(module) or module)
    network = nn.Linear(2, 1)
    Runtime(compiled=True).placed(network)(torch.zeros(1, 2))
    assert compiled == [network]


def test_convolutions_over_clips_keep_their_layout():
    network = nn.Sequential(nn.Conv3d(3, 4, 3), nn.Flatten())
    clip = torch.rand(1, 3, 4, 8, 8)
    wanted = network(clip)
    assert torch.allclose(Runtime().placed(network)(clip).float(), wanted, atol=1e-5)


def test_a_gpu_takes_more_pictures_in_one_pass():
    assert Runtime(device="cuda:0").pictures_per_pass(160) > Runtime().pictures_per_pass(160)


def test_large_pictures_go_through_a_processor_in_small_numbers():
    runtime = Runtime()
    assert [runtime.pictures_per_pass(side_px) for side_px in (64, 160, 224, 380, 2000)] == [8, 8, 5, 2, 1]
