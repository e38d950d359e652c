"""Published checkpoints in every form give their tensors; what they want to run is never run."""

import io
import os
import pickle
import sys
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from detectors.cards import Checkpoint
from detectors.checkpoint_process import Refused, read_tensors
from detectors.checkpoints import convert_checkpoint, require_fitting
from detectors.networks.original import OriginalNetwork
from detectors.state_dicts import state_dict_of, without_prefix
from detectors.weights import WrongWeights
from tests.support.checkpoints import FORMS, write_checkpoint

NETWORK = OriginalNetwork(make=lambda: nn.Sequential(nn.Conv2d(3, 2, 3), nn.BatchNorm2d(2)))
WANTED = NETWORK.random().state_dict()
CHECKPOINT = Checkpoint(file="x.safetensors", network="made/up")


@pytest.fixture(autouse=True)
def _catalogue(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("detectors.systems.catalogue.original_network", {"made/up": NETWORK}.__getitem__)


def read(content: object, *, legacy: bool = False, folder: Path) -> tuple[dict[str, Tensor], str]:
    with write_checkpoint(folder / "x.pth", content, legacy=legacy).open("rb") as file:
        return read_tensors(file, ("module.",))


def same(got: dict[str, Tensor], wanted: dict[str, Tensor]) -> bool:
    return list(got) == list(wanted) and all(torch.equal(got[key], wanted[key]) for key in wanted)


@pytest.mark.parametrize("legacy", [False, True], ids=["archive", "legacy"])
@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_tensors_under_their_names(form: str, legacy: bool, tmp_path: Path):
    got, how = read(FORMS[form](WANTED), legacy=legacy, folder=tmp_path)
    wanted = {key: tensor.half() for key, tensor in WANTED.items()} if form == "half" else WANTED
    assert same(got, dict(wanted))
    plain = {"bare", "prefixed", "half", "snapshot", "model_state"}
    assert how == ("weights_only" if form in plain else "inert")


def test_gradients_views_and_shared_memory_come_out_as_plain_tensors(tmp_path: Path):
    base = torch.arange(12.0).reshape(3, 4)
    tensors = {"a": base.t(), "b": base[1:], "c": nn.Parameter(base), "d": torch.tensor(2)}
    got, _ = read(tensors, folder=tmp_path)
    assert same(got, {key: tensor.detach() for key, tensor in tensors.items()})
    assert len({tensor.untyped_storage().data_ptr() for tensor in got.values()}) == 4
    assert not any(tensor.requires_grad for tensor in got.values())


def test_prefixes_go_only_where_all_names_have_them():
    tensors = {"module.model.a": torch.zeros(1), "module.model.b": torch.zeros(1)}
    assert list(without_prefix(tensors, ("module.model.", "module."))) == ["a", "b"]
    assert list(without_prefix(tensors | {"module.c": torch.zeros(1)}, ("module.model.", "module."))) == [
        "model.a",
        "model.b",
        "c",
    ]
    assert list(without_prefix({"module.a": torch.zeros(1), "b": torch.zeros(1)}, ("module.",))) == ["module.a", "b"]


class Hostile:
    """Wants ``function(*arguments)`` to be called when it is read."""

    def __init__(self, function: object, *arguments: object) -> None:
        self._call = function, arguments

    def __reduce__(self):
        return self._call


def hostile_things(mark: Path) -> dict[str, object]:
    command = f"touch {mark}"
    inner = io.BytesIO()
    torch.save(Hostile(os.system, command), inner)
    objects = np.empty(1, dtype=object)
    objects[0] = Hostile(os.system, command)
    return {
        "system": Hostile(os.system, command),
        "eval": Hostile(eval, f"__import__('os').system({command!r})"),
        "exec": Hostile(exec, f"import os; os.system({command!r})"),
        "import": Hostile(__import__, "antigravity"),
        "file": Hostile(open, str(mark), "w"),
        "nested": Hostile(torch.storage._load_from_bytes, inner.getvalue()),
        "unpickler": Hostile(pickle.loads, pickle.dumps(Hostile(os.system, command))),
        "map": Hostile(list, Hostile(map, os.system, [command])),
        "objects": objects,
    }


@pytest.mark.parametrize("legacy", [False, True], ids=["archive", "legacy"])
@pytest.mark.parametrize("kind", hostile_things(Path("x")))
def test_nothing_that_a_file_names_is_run(kind: str, legacy: bool, tmp_path: Path):
    mark = tmp_path / "mark"
    content = {"state_dict": dict(WANTED), "more": hostile_things(mark)[kind]}
    path = write_checkpoint(tmp_path / "hostile.pth", content, legacy=legacy)
    with path.open("rb") as file:
        got, how = read_tensors(file, ())
    assert how == "inert"
    assert same(got, dict(WANTED))
    assert not mark.exists()
    assert "antigravity" not in sys.modules


def test_the_hostile_files_would_do_harm_elsewhere(tmp_path: Path):
    mark = tmp_path / "mark"
    for kind in ("system", "eval", "exec", "nested", "unpickler", "map", "objects"):
        path = write_checkpoint(tmp_path / "hostile.pth", hostile_things(mark)[kind])
        torch.load(path, weights_only=False)
        assert mark.exists(), kind
        mark.unlink()


def test_modules_that_a_file_names_are_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "a_foreign_module.py").write_text("class Net:\n    pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    import a_foreign_module  # type: ignore[import-not-found]

    write_checkpoint(tmp_path / "x.pth", {"state_dict": dict(WANTED), "model": a_foreign_module.Net()})
    del sys.modules["a_foreign_module"]
    with (tmp_path / "x.pth").open("rb") as file:
        read_tensors(file, ())
    assert "a_foreign_module" not in sys.modules


def test_a_stand_in_takes_whatever_a_stream_does_to_it(tmp_path: Path):
    class Strange(OrderedDict):
        def __reduce__(self):
            return Strange, (1,), {"state": 1}, iter([4, 5]), iter([("key", "value")])

    globals()["Strange"] = Strange
    Strange.__qualname__ = "Strange"
    got, _ = read({"state_dict": dict(WANTED), "strange": Strange()}, folder=tmp_path)
    assert same(got, dict(WANTED))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"epoch": 3, "loss": np.float64(1)}, r"no state dict but a dict of epoch \(int\), loss"),
        ([1, 2], "no state dict but an object of list"),
        ({}, "a dict of nothing"),
        ({"state_dict": {**WANTED, "note": "x"}}, r"what is no tensor: note \(str\)"),
        ({"state_dict": {"a": torch.zeros(2, 2).to_sparse(), "b": torch.zeros(1)}}, "a is no dense tensor"),
    ],
)
def test_what_is_no_state_dict_is_told(content: object, told: str, tmp_path: Path):
    with pytest.raises(Refused, match=told):
        read(content, folder=tmp_path)


def a_zip(name: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, b"x")
    return file.getvalue()


def whole(folder: Path, *, legacy: bool) -> bytes:
    return write_checkpoint(folder / "whole.pth", dict(WANTED), legacy=legacy).read_bytes()


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (lambda folder: b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "pointer of Git LFS"),
        (lambda folder: b"<html>sign in</html>", "not a file that torch.save wrote"),
        (lambda folder: b"", "not a file that torch.save wrote"),
        (lambda folder: pickle.dumps({"a": 1}), "torch cannot read it"),
        (lambda folder: whole(folder, legacy=False)[:-200], "damaged or unfinished"),
        (lambda folder: whole(folder, legacy=True)[:-50], "torch cannot read it"),
        (lambda folder: a_zip("readme.txt"), "not one that torch.save wrote"),
        (lambda folder: a_zip("x/constants.pkl"), "TorchScript"),
    ],
)
def test_what_is_no_checkpoint_is_told(data, told: str, tmp_path: Path):
    with pytest.raises(Refused, match=told):
        read_tensors(io.BytesIO(data(tmp_path)), ())


def test_a_child_reads_and_the_network_is_asked(tmp_path: Path):
    original = write_checkpoint(tmp_path / "x.pth", FORMS["numpy_scalar"](WANTED))
    convert_checkpoint(original, tmp_path / "x.safetensors", CHECKPOINT, name="x.pth")
    got = load_file(tmp_path / "x.safetensors")
    assert all(torch.equal(got[key], tensor) for key, tensor in WANTED.items())
    assert NETWORK.load(got, "x").state_dict().keys() == WANTED.keys()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, r"missing: 1\.weight$"),
        ({"1.scale": torch.zeros(2)}, r"missing: 1\.weight; left over: 1\.scale"),
        ({"1.weight": torch.zeros(2, 1)}, r"of another shape: 1\.weight \(2, 1\) instead of \(2,\)"),
    ],
    ids=["removed", "renamed", "reshaped"],
)
def test_tensors_that_do_not_fit_are_named(change: dict[str, Tensor], told: str, tmp_path: Path):
    tensors = {key: tensor for key, tensor in WANTED.items() if key != "1.weight"} | change
    save_file(tensors, tmp_path / "x.safetensors")
    with pytest.raises(WrongWeights, match=told):
        require_fitting(tmp_path / "x.safetensors", "made/up", "x.pth")


def test_a_file_that_wants_all_memory_ends_its_reader_only(tmp_path: Path):
    greedy = {"a": torch.zeros(1).expand(1 << 20, 1 << 14)}
    original = write_checkpoint(tmp_path / "x.pth", greedy)
    with pytest.raises(WrongWeights, match=r"x\.pth cannot be used"):
        convert_checkpoint(original, tmp_path / "x.safetensors", CHECKPOINT, name="x.pth")
    assert [path.name for path in tmp_path.iterdir()] == ["x.pth"]


def test_a_whole_module_without_tensors_is_no_state_dict():
    with pytest.raises(ValueError, match="no state dict"):
        state_dict_of({"model": object()})
