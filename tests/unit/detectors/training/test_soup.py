"""An average of weights is the mean of each tensor, keeps true batch norms, and only comes of kin."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from detectors.training.measuring.soup import NoSoup, Parent, averaged, require_kin, restate_norms
from detectors.weights import WrongWeights


def stored(path: Path, tensors: dict[str, torch.Tensor]) -> Path:
    save_file(tensors, path)
    return path


def test_the_average_is_that_of_each_tensor(tmp_path: Path):
    one = stored(tmp_path / "1", {"w": torch.tensor([1.0, 2.0]), "n": torch.tensor(7)})
    two = stored(tmp_path / "2", {"w": torch.tensor([3.0, 6.0]), "n": torch.tensor(9)})
    found = averaged([one, two])
    torch.testing.assert_close(found["w"], torch.tensor([2.0, 4.0]))
    assert found["n"] == load_file(one)["n"]


def test_other_tensors_are_refused_by_name(tmp_path: Path):
    one = stored(tmp_path / "1", {"w": torch.zeros(2)})
    with pytest.raises(WrongWeights, match="extra"):
        averaged([one, stored(tmp_path / "2", {"w": torch.zeros(2), "extra": torch.zeros(1)})])
    with pytest.raises(WrongWeights, match="shape"):
        averaged([one, stored(tmp_path / "3", {"w": torch.zeros(3)})])


def test_norms_are_measured_again_and_each_batch_counts_alike():
    norm = nn.BatchNorm2d(3)
    network = nn.Sequential(nn.Identity(), norm)
    random = torch.Generator().manual_seed(1)
    batches = [torch.randn(8, 3, 4, 4, generator=random) * 2.0 + 5.0 for _ in range(6)]
    restate_norms(network, batches)
    assert norm.running_mean is not None
    torch.testing.assert_close(norm.running_mean, torch.stack([one.mean(dim=(0, 2, 3)) for one in batches]).mean(dim=0))
    assert not network.training


@pytest.mark.parametrize(
    ("starts", "hashes", "why"),
    [
        (("a",), ("1",), "two or more"),
        (("a", "a"), ("1", "1"), "two or more"),
        (("a", "b"), ("1", "2"), "same weights"),
    ],
)
def test_strangers_are_not_averaged(starts: tuple[str, ...], hashes: tuple[str, ...], why: str):
    parents = [Parent("f", sha, start, 1) for start, sha in zip(starts, hashes, strict=True)]
    with pytest.raises(NoSoup, match=why):
        require_kin(parents)


def test_kin_may_be_averaged():
    require_kin([Parent("f", "1", "start", 1), Parent("g", "2", "start", 2)])
