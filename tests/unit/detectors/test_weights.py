"""Weights are the pinned ones and fit their network to the last tensor, or they are refused by name."""

import hashlib
import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from contracts.errors import DetectorUnavailable
from detectors import create
from detectors.cards import DetectorCard, WeightsFile
from detectors.devices import _on_this_machine, resolved
from detectors.probe import probe_clips, prove
from detectors.weights import SHIPPED, WrongWeights, availability_of, folder_of, identity_of, load_strictly, sha256_of
from tests.support.detectors import a_card


def card_for(*contents: bytes, shipped: bool = False) -> DetectorCard:
    files = tuple(
        WeightsFile(file=f"{place}.bin", sha256=hashlib.sha256(data).hexdigest(), bytes=len(data))
        for place, data in enumerate(contents)
    )
    return a_card(weights=files, shipped=shipped)


def put(weights: Path, *contents: bytes) -> None:
    (weights / "fake").mkdir(parents=True, exist_ok=True)
    for place, data in enumerate(contents):
        (weights / "fake" / f"{place}.bin").write_bytes(data)


def test_weights_lie_below_their_name_unless_shipped(tmp_path: Path):
    assert folder_of(card_for(b"a"), tmp_path) == tmp_path / "fake"
    assert folder_of(card_for(b"a", shipped=True), tmp_path) == SHIPPED


def test_the_right_files_make_a_detector_available(tmp_path: Path):
    put(tmp_path, b"a", b"b")
    state = availability_of(card_for(b"a", b"b"), tmp_path)
    assert state.available
    assert state.weights_sha256 == identity_of(card_for(b"a", b"b"), tmp_path / "fake")


def test_a_missing_and_a_wrong_file_are_named_with_the_way_out(tmp_path: Path):
    put(tmp_path, b"tampered")
    state = availability_of(card_for(b"a", b"b"), tmp_path)
    assert not state.available
    assert state.weights_sha256 is None
    assert "0.bin is not the file" in state.detail
    assert "1.bin is missing" in state.detail
    assert "telltale detectors fetch fake" in state.detail


def test_a_card_without_weights_is_not_available(tmp_path: Path):
    assert not availability_of(a_card(shipped=True), tmp_path).available


def test_the_identity_is_the_hash_of_one_file_and_of_the_list_of_several(tmp_path: Path):
    alone = identity_of(card_for(b"a"), tmp_path)
    assert alone == hashlib.sha256(b"a").hexdigest()
    assert len({alone, identity_of(card_for(b"a", b"b"), tmp_path), identity_of(card_for(b"b", b"a"), tmp_path)}) == 3


def test_a_changed_file_is_read_again(tmp_path: Path):
    path = tmp_path / "x"
    path.write_bytes(b"a")
    first = sha256_of(path)
    path.write_bytes(b"b")
    os.utime(path, ns=(1, 1))
    assert sha256_of(path) != first


def a_network() -> nn.Module:
    return nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))


def test_tensors_that_fit_are_loaded(tmp_path: Path):
    theirs, ours = a_network(), a_network()
    save_file(theirs.state_dict(), tmp_path / "w.safetensors")
    load_strictly(ours, tmp_path / "w.safetensors")
    assert all(torch.equal(one, other) for one, other in zip(theirs.parameters(), ours.parameters(), strict=True))


def test_missing_and_surplus_tensors_are_listed(tmp_path: Path):
    tensors = a_network().state_dict()
    tensors["extra"] = tensors.pop("1.bias")
    save_file(tensors, tmp_path / "w.safetensors")
    with pytest.raises(WrongWeights, match=r"missing: 1\.bias; left over: extra"):
        load_strictly(a_network(), tmp_path / "w.safetensors")


def test_a_tensor_of_another_shape_is_listed(tmp_path: Path):
    tensors = a_network().state_dict() | {"1.weight": torch.zeros(1, 4)}
    save_file(tensors, tmp_path / "w.safetensors")
    with pytest.raises(WrongWeights, match=r"1\.weight \(1, 4\) instead of \(1, 3\)"):
        load_strictly(a_network(), tmp_path / "w.safetensors")


def test_without_weights_nothing_is_made_and_the_command_is_named(tmp_path: Path):
    with pytest.raises(DetectorUnavailable, match="telltale detectors fetch mesonet"):
        create("mesonet", weights=tmp_path)


def test_untrained_needs_the_switch_and_says_so(tmp_path: Path):
    first, second = (create("mesonet", weights=tmp_path, allow_untrained=True) for _ in range(2))
    assert first.untrained
    assert first.weights_sha256 is None
    assert first.score(probe_clips(first.spec)) == second.score(probe_clips(second.spec))


@pytest.mark.parametrize("name", ["dessa", "mesonet", "telltale"])  # the large ones keep their promises elsewhere
def test_untrained_detectors_pass_the_probe(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("detectors.weights.SHIPPED", tmp_path)
    prove(create(name, weights=tmp_path, allow_untrained=True))


def test_making_random_weights_leaves_the_global_randomness_alone(tmp_path: Path):
    torch.manual_seed(1)
    wanted = torch.rand(1)
    torch.manual_seed(1)
    create("mesonet", weights=tmp_path, allow_untrained=True)
    assert torch.equal(torch.rand(1), wanted)


@pytest.mark.parametrize(
    ("wish", "cuda_devices", "devices"),
    [
        ("auto", 0, ("cpu",)),
        ("auto", 2, ("cuda:0",)),
        ("cuda", 1, ("cuda:0",)),
        ("cuda:1", 2, ("cuda:1",)),
        ("cuda:0,1", 2, ("cuda:0", "cuda:1")),
    ],
)
def test_a_wish_becomes_devices(wish: str, cuda_devices: int, devices: tuple[str, ...]):
    assert _on_this_machine(wish, cuda_devices) == devices


def test_a_device_that_is_not_here_is_refused_with_the_way_out():
    with pytest.raises(DetectorUnavailable, match="TELLTALE_DEVICE=auto"):
        _on_this_machine("cuda:1", 1)


def test_one_device_is_not_two():
    with pytest.raises(ValueError, match="twice"):
        _on_this_machine("cuda:1,1", 2)


@pytest.mark.parametrize("wish", ["gpu", "cuda:x", "", "mps", "cuda:0,", "cuda:0;1"])
def test_a_device_that_does_not_exist_is_a_mistake(wish: str):
    with pytest.raises(ValueError, match="cuda:N"):
        resolved(wish)


def test_many_missing_files_are_told_in_few_words(tmp_path: Path):
    assert "0.bin and 1.bin are missing. " in availability_of(card_for(b"a", b"b"), tmp_path).detail
    five = availability_of(card_for(b"a", b"b", b"c", b"d", b"e"), tmp_path).detail
    assert "0.bin, 1.bin and 3 more files are missing. " in five
