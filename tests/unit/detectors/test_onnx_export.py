"""Exported networks compute what the networks compute, over pictures and over clips, for any number of them."""

from pathlib import Path

import pytest
import torch
from torch import nn

from detectors.networks.mobilenet_v2 import MobileNetV2
from detectors.networks.original import OriginalNetwork
from detectors.onnx_export import ALLOWED, ExportedNetwork, OnnxNetwork, exported, quantised
from detectors.systems.catalogue import original_network

PICTURES = torch.rand(2, 3, 96, 96, generator=torch.Generator().manual_seed(1))
CLIPS = torch.rand(2, 3, 8, 64, 64, generator=torch.Generator().manual_seed(2))


@pytest.fixture(scope="module")
def of_pictures() -> nn.Module:
    return OriginalNetwork(make=MobileNetV2).random()


@pytest.fixture(scope="module")
def exported_pictures(of_pictures: nn.Module, tmp_path_factory: pytest.TempPathFactory) -> ExportedNetwork:
    return exported(of_pictures, PICTURES, tmp_path_factory.mktemp("onnx") / "pictures.onnx")


def test_a_network_over_pictures_agrees(exported_pictures: ExportedNetwork):
    assert exported_pictures.agrees
    assert exported_pictures.error <= ALLOWED


def test_a_network_over_clips_agrees(tmp_path: Path):
    network = original_network("medics/mc3_18").random()
    result = exported(network, CLIPS, tmp_path / "clips.onnx")
    assert result.agrees
    assert result.input_shape == tuple(CLIPS.shape)
    more = torch.cat([CLIPS, CLIPS * 0.5])
    with torch.inference_mode():
        assert torch.allclose(OnnxNetwork(result.path)(more).float(), network(more), atol=1e-3)


def test_any_number_of_pictures_goes_in(exported_pictures: ExportedNetwork, of_pictures: nn.Module):
    five = torch.rand(5, 3, 96, 96)
    with torch.inference_mode():
        wanted = of_pictures(five).double()
    assert torch.allclose(OnnxNetwork(exported_pictures.path)(five), wanted, atol=1e-4)


def test_other_weights_are_told_apart(exported_pictures: ExportedNetwork, tmp_path: Path):
    torch.manual_seed(9)
    other = MobileNetV2().eval()
    with torch.inference_mode():
        assert not torch.allclose(OnnxNetwork(exported_pictures.path)(PICTURES), other(PICTURES).double(), atol=1e-4)


def test_eight_bits_make_it_smaller_and_less_exact(exported_pictures: ExportedNetwork, of_pictures: nn.Module):
    small = quantised(exported_pictures, of_pictures, PICTURES)
    assert small.path.stat().st_size < 0.5 * exported_pictures.path.stat().st_size
    assert exported_pictures.error < small.error < 1.0
    assert not small.path.with_suffix(".prepared.onnx").exists()
