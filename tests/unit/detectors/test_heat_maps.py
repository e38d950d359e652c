"""Heat maps: where the network looked, by hand-made examples; shipped weights, not the picture alone, make them."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from skimage import data
from torch import nn

from contracts.clips import FaceBox, FaceCrop
from contracts.errors import DetectorUnavailable
from detectors import heat_maps

ROOT = Path(__file__).parents[3]


class Bright(nn.Module):
    """Its logit is the mean brightness of one layer of features, which are the picture's own colours."""

    def __init__(self, sign: float) -> None:
        super().__init__()
        self.layer = nn.Identity()
        self.sign = sign

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return self.sign * self.layer(pictures).mean(dim=(1, 2, 3))


def lit_corner() -> torch.Tensor:
    picture = torch.zeros(1, 3, 8, 8)
    picture[..., :4, :4] = 1.0
    return picture


def test_what_raises_the_logit_is_hot():
    network = Bright(1.0)
    (heat,) = heat_maps.grad_cam(network, network.layer, lit_corner()).numpy()
    assert heat[:4, :4].min() == 1.0
    assert heat[4:].max() == 0.0


def test_what_lowers_the_logit_is_not():
    network = Bright(-1.0)
    assert not heat_maps.grad_cam(network, network.layer, lit_corner()).any()


def test_likeness_is_that_of_ranks():
    ramp = np.linspace(0, 1, 25, dtype=np.float32).reshape(5, 5)
    assert heat_maps.likeness(ramp, ramp**3) == pytest.approx(1.0)
    assert heat_maps.likeness(ramp, 1 - ramp) == pytest.approx(-1.0)
    assert heat_maps.likeness(ramp, np.zeros_like(ramp)) == 0.0


def faces() -> list[FaceCrop]:
    pixels = np.ascontiguousarray(data.astronaut()[0:300, 60:360])
    box = FaceBox(90, 60, 210, 220, 0.99)
    return [FaceCrop(pixels, box, 0, 0.0, 0), FaceCrop(np.ascontiguousarray(pixels[:, ::-1]), box, 0, 1.0, 1)]


def test_random_weights_give_another_map(tmp_path: Path):
    maps = heat_maps.heat_maps(faces(), tmp_path)
    assert all(one.heat.max() == pytest.approx(1.0) for one in maps)
    assert all(one.depends_on_what_was_learned for one in maps), [one.likeness for one in maps]


def test_the_command_gives_the_same_maps(tmp_path: Path):
    argv = [sys.executable, "-m", "detectors.heat_maps", str(tmp_path)]
    done = subprocess.run(argv, input=heat_maps.packed(faces()), capture_output=True, check=True, cwd=ROOT)
    for told, own in zip(heat_maps.unpacked(done.stdout), heat_maps.heat_maps(faces(), tmp_path), strict=True):
        np.testing.assert_array_equal(told.view, own.view)
        np.testing.assert_allclose(told.heat, own.heat, atol=1e-4)


def test_without_weights_there_is_no_map(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(heat_maps, "DETECTOR", "mesonet")
    with pytest.raises(DetectorUnavailable):
        heat_maps.heat_maps(faces(), tmp_path)
