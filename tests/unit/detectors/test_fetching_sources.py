"""Published weights are found wherever they lie; what nobody pinned is trusted once and then held to."""

import io
import json
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save
from torch import nn

from contracts.errors import DetectorUnavailable, NotNow
from detectors.archives import is_archive
from detectors.cards import Calibration, Checkpoint, DetectorCard, WeightsFile
from detectors.fetching import fetch_for
from detectors.networks.original import OriginalNetwork
from detectors.registry import Registry
from detectors.runtime import Runtime
from detectors.weights import WrongWeights, availability_of, identity_of, version_of
from tests.support.checkpoints import FORMS, unpinned, write_checkpoint
from tests.support.detectors import FakeDetector, a_card
from tests.support.http_files import serving

NAMES = ("one.safetensors", "inside/two.safetensors")


def content(value: float) -> bytes:
    return save({"a": torch.full((400,), value)})


FILES = {name: content(place) for place, name in enumerate(NAMES)}


def the_card(**changes: object) -> DetectorCard:
    return a_card(weights=unpinned(*NAMES)).model_copy(update=changes)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    return tmp_path / "weights"


def lay(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def tar(path: Path, files: dict[str, bytes], *, mode: str = "w") -> Path:
    with tarfile.open(path, mode) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def below(prefix: str) -> dict[str, bytes]:
    return {"readme.txt": b"x"} | {f"{prefix}{name}": data for name, data in FILES.items()}


def require_all(card: DetectorCard, weights: Path) -> None:
    assert availability_of(card, weights).available
    for name, data in FILES.items():
        assert (weights / "fake" / name).read_bytes() == data
    assert {path.name for path in (weights / "fake").iterdir()} == {"one.safetensors", "inside", "fetched.json"}


@pytest.mark.parametrize("prefix", ["", "fake/", "weights/fake/"])
def test_a_folder_may_hold_them_at_three_depths(prefix: str, tmp_path: Path, weights: Path):
    source = lay(tmp_path / "usb", below(prefix))
    assert fetch_for(the_card(), weights, source).missing == ()
    require_all(the_card(), weights)


PACKERS: dict[str, Callable[[Path, dict[str, bytes]], Path]] = {
    "a.tar": tar,
    "a.tar.gz": lambda path, files: tar(path, files, mode="w:gz"),
    "a.tgz": lambda path, files: tar(path, files, mode="w:gz"),
    "a.zip": zipped,
}


@pytest.mark.parametrize("prefix", ["", "./", "fake/", "weights/fake/", "release-1/weights/fake/"])
@pytest.mark.parametrize("name", PACKERS)
def test_an_archive_may_hold_them_anywhere(name: str, prefix: str, tmp_path: Path, weights: Path):
    source = PACKERS[name](tmp_path / name, below(prefix))
    assert fetch_for(the_card(), weights, str(source)).missing == ()
    require_all(the_card(), weights)


def test_an_archive_on_the_web_is_the_cards_last_resort(tmp_path: Path, weights: Path):
    packed = tar(tmp_path / "a.tar.gz", below("weights/fake/"), mode="w:gz").read_bytes()
    with serving({"release/a.tar.gz": packed}) as server:
        card = the_card(archive_url=f"{server.address}release/a.tar.gz")
        assert fetch_for(card, weights).missing == ()
        asked = len(server.asked)
        fetch_for(card, weights)
        assert len(server.asked) == asked, "what is in place is not loaded again"
    require_all(card, weights)
    record = json.loads((weights / "fake" / "fetched.json").read_text())
    assert record["files"][1]["fetched_from"].endswith("/release/a.tar.gz, weights/fake/one.safetensors")


def test_a_broken_archive_download_goes_on_where_it_stopped(tmp_path: Path, weights: Path):
    packed = tar(tmp_path / "a.tar", below("weights/fake/")).read_bytes()
    with serving({"a.tar": packed}) as server:
        server.tag = "one"
        server.break_off_after = 5000
        with pytest.raises(NotNow):
            fetch_for(the_card(), weights, f"{server.address}a.tar")
        server.break_off_after = None
        fetch_for(the_card(), weights, f"{server.address}a.tar")
        assert server.asked == [None, "bytes=5000-"]
    require_all(the_card(), weights)


@pytest.mark.parametrize(("first", "second"), [("one", "two"), (None, None)])
def test_a_download_of_unknown_size_goes_on_only_with_the_same_file(
    first: str | None, second: str | None, weights: Path
):
    card = a_card(weights=unpinned("one.safetensors"))
    with serving({"one.safetensors": content(1)}) as server:
        server.tag, server.break_off_after = first, 500
        with pytest.raises(NotNow):
            fetch_for(card, weights, f"{server.address}one.safetensors")
        server.tag, server.break_off_after = second, None
        server.files["one.safetensors"] = content(2)
        fetch_for(card, weights, server.address)
    assert load_file(weights / "fake" / "one.safetensors")["a"].eq(2).all()


def test_a_folder_on_the_web_has_all_files(weights: Path):
    with serving({f"mirror/{name}": data for name, data in FILES.items()}) as server:
        assert fetch_for(the_card(), weights, f"{server.address}mirror/").missing == ()
    require_all(the_card(), weights)


def test_files_of_one_name_are_told_apart_by_their_folders(tmp_path: Path, weights: Path):
    card = a_card(weights=unpinned("wide/x.safetensors", "close/x.safetensors"))
    source = lay(tmp_path, {"wide/x.safetensors": content(1), "close/x.safetensors": content(2)})
    assert fetch_for(card, weights, source / "close" / "x.safetensors").missing == ("wide/x.safetensors",)
    with serving({"m/wide/x.safetensors": content(1)}) as server:
        assert fetch_for(card, weights, f"{server.address}m/wide/x.safetensors").missing == ()
    with pytest.raises(WrongWeights, match=r"wide/x\.safetensors \(SHA-256 not pinned\); close/"):
        fetch_for(card, weights, lay(tmp_path, {"x.safetensors": content(3)}) / "x.safetensors")


def test_the_only_file_of_a_detector_may_have_any_name(tmp_path: Path, weights: Path):
    card = a_card(weights=unpinned("one.safetensors", "finder.pth", optional=("finder.pth",)))
    fetch_for(card, weights, lay(tmp_path, {"download(1)": content(1)}) / "download(1)")
    assert availability_of(card, weights).available


LINEAR = OriginalNetwork(make=lambda: nn.Linear(2, 1))


def test_a_checkpoint_that_is_called_tar_is_no_archive(tmp_path: Path, weights: Path):
    checkpoint = Checkpoint(file="net.safetensors", network=f"{__name__}:LINEAR")
    card = a_card(weights=(WeightsFile(file="net_1.pth.tar", checkpoint=checkpoint),))
    tensors = nn.Linear(2, 1).state_dict()
    original = write_checkpoint(tmp_path / "net_1.pth.tar", FORMS["numpy_scalar"](tensors))
    assert not is_archive(original)
    fetch_for(card, weights, original)
    assert torch.equal(load_file(weights / "fake" / "net.safetensors")["weight"], tensors["weight"])
    assert {path.name for path in (weights / "fake").iterdir()} == {"net.safetensors", "fetched.json"}


@pytest.mark.parametrize("name", ["../one.safetensors", "/tmp/one.safetensors", "a/../../one.safetensors"])
@pytest.mark.parametrize("pack", [tar, zipped])
def test_an_archive_that_reaches_out_of_itself_is_refused(pack, name: str, tmp_path: Path, weights: Path):
    with pytest.raises(WrongWeights, match="leads out of it"):
        fetch_for(the_card(), weights, pack(tmp_path / "a.tar", {name: b"x"} | below("")).rename(tmp_path / "a.tar"))
    assert list((weights / "fake").iterdir()) == []


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_devices_are_no_files(kind: bytes, tmp_path: Path, weights: Path):
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        info = tarfile.TarInfo("one.safetensors")
        info.type, info.linkname = kind, "/etc/hostname"
        archive.addfile(info)
    with pytest.raises(WrongWeights, match="has none of the files"):
        fetch_for(the_card(), weights, tmp_path / "a.tar")


def test_an_archive_that_swells_is_refused(tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("detectors.archives.MOST_FILE_BYTES", 1000)
    with pytest.raises(WrongWeights, match="far more"):
        fetch_for(the_card(), weights, zipped(tmp_path / "a.zip", {"x": b"\0" * 1001}))


@pytest.mark.parametrize("name", ["a.tar", "a.tar.gz", "a.zip"])
def test_a_damaged_archive_is_told(name: str, tmp_path: Path, weights: Path):
    noise = bytes(torch.randint(0, 256, (5000,), dtype=torch.uint8).tolist())
    path = PACKERS[name](tmp_path / name, {"one.safetensors": noise})
    data = bytearray(path.read_bytes())
    data[2000:3000] = bytes(1000)
    path.write_bytes(data)
    with pytest.raises(WrongWeights):
        fetch_for(the_card(), weights, path)


def test_two_that_could_be_meant_are_named(tmp_path: Path, weights: Path):
    files = {f"{folder}/one.safetensors": b"x" for folder in ("old", "new")}
    with pytest.raises(WrongWeights, match=r"which one is one\.safetensors\? The source has old/one"):
        fetch_for(the_card(), weights, tar(tmp_path / "a.tar", files))


def test_a_card_without_any_address_asks_for_a_place(weights: Path):
    with pytest.raises(DetectorUnavailable, match=r"one\.safetensors, inside/two\.safetensors: name a file, a folder"):
        fetch_for(the_card(), weights)


@pytest.fixture
def trusted(tmp_path: Path, weights: Path) -> Path:
    """A folder that was fetched from once."""
    source = lay(tmp_path / "usb", FILES)
    fetch_for(the_card(), weights, source)
    return source


def test_the_first_file_is_trusted_and_recorded(trusted: Path, weights: Path):
    version = version_of(the_card(), weights / "fake")
    identity = availability_of(the_card(), weights).weights_sha256 or ""
    assert version == f"1.0.0+{identity[:8]}"
    assert fetch_for(the_card(), weights, trusted).missing == ()


def test_another_file_is_refused_until_it_is_wanted(trusted: Path, weights: Path):
    before = version_of(the_card(), weights / "fake")
    (trusted / "one.safetensors").write_bytes(content(9))
    with pytest.raises(WrongWeights, match=r"fetched first .* --replace takes the new one"):
        fetch_for(the_card(), weights, trusted)
    require_all(the_card(), weights)
    fetch_for(the_card(), weights, trusted, replace=True)
    assert availability_of(the_card(), weights).available
    assert version_of(the_card(), weights / "fake") != before


def test_a_file_that_changed_in_its_place_is_not_loaded(trusted: Path, weights: Path):
    (weights / "fake" / "one.safetensors").write_bytes(content(9))
    assert "not the file that was fetched" in availability_of(the_card(), weights).detail


@pytest.mark.parametrize("record", [None, "{", '{"files": [{}]}', "[]"])
def test_without_a_record_nothing_is_trusted(record: str | None, trusted: Path, weights: Path):
    path = weights / "fake" / "fetched.json"
    path.unlink() if record is None else path.write_text(record)
    assert "no record says where it came from" in availability_of(the_card(), weights).detail
    assert fetch_for(the_card(), weights, trusted).missing == ()
    require_all(the_card(), weights)


def test_replacing_goes_into_place_as_a_whole_or_not_at_all(trusted: Path, weights: Path):
    (trusted / "one.safetensors").write_bytes(content(9))
    (trusted / "inside/two.safetensors").write_bytes(b"nonsense")
    with pytest.raises(WrongWeights, match=r"inside/two\.safetensors is not a safetensors file"):
        fetch_for(the_card(), weights, trusted, replace=True)
    require_all(the_card(), weights)


def test_optional_files_come_along_and_are_not_missed(tmp_path: Path, weights: Path):
    card = a_card(weights=unpinned("one.safetensors", "finder.bin", optional=("finder.bin",)))
    source = lay(tmp_path / "usb", {"one.safetensors": content(1)})
    assert fetch_for(card, weights, source).missing == ()
    before = availability_of(card, weights)
    fetch_for(card, weights, lay(source, {"finder.bin": b"finder"}))
    assert (weights / "fake" / "finder.bin").is_file()
    assert availability_of(card, weights) == before, "they are no part of the detector's identity"


def test_only_one_fetch_is_at_work_in_a_folder(tmp_path: Path, weights: Path):
    source = lay(tmp_path / "usb", FILES)

    def meanwhile(*news: object) -> None:
        with pytest.raises(NotNow, match="another fetch is at work"):
            fetch_for(the_card(), weights, source)

    fetch_for(the_card(), weights, source, meanwhile)
    require_all(the_card(), weights)


def test_pinned_weights_do_not_change_the_version(tmp_path: Path):
    pinned = WeightsFile(file="x.pth", sha256="0" * 64, checkpoint=Checkpoint(file="x.safetensors", network="a/b"))
    assert version_of(a_card(weights=(pinned,)), tmp_path) == "1.0.0"


def test_a_calibration_of_weights_that_can_change_names_them():
    calibration = {"id": "x", "method": "none", "prior": 0.5, "fitted_on": "x", "n_items": 1}
    days = {"fitted_at": "2026-01-01T00:00:00Z", "expires_at": "2027-01-01T00:00:00Z"}
    card = the_card(calibration=Calibration.model_validate({**calibration, **days})).model_dump()
    with pytest.raises(ValueError, match="must name its weights"):
        DetectorCard.model_validate(card)
    card["calibration"]["weights_sha256"] = "0" * 64
    assert DetectorCard.model_validate(card).calibration


def make(card: DetectorCard, *, folder: Path, runtime: object) -> FakeDetector:
    """A plug-in that is overtaken while it loads: somebody fetches other weights."""
    made = FakeDetector(card.spec.name)
    made.version, made.weights_sha256 = version_of(card, folder), identity_of(card, folder)
    for other in folder.parent.parent.glob("other.safetensors"):
        fetch_for(card, folder.parent, other, replace=True)
    return made


def test_weights_that_change_while_they_are_loaded_are_not_taken_for_others(tmp_path: Path, weights: Path):
    card = a_card(weights=unpinned("one.safetensors"))
    (tmp_path / "fake.json").write_text(card.model_dump_json())
    registry = Registry((("fake", f"{__name__}:make"),), cards=tmp_path)
    fetch_for(card, weights, lay(tmp_path, {"first": content(1)}) / "first")
    assert registry.create("fake", weights=weights, runtime=Runtime(), allow_untrained=False)
    lay(tmp_path, {"other.safetensors": content(2)})
    with pytest.raises(DetectorUnavailable, match="replaced while they were loaded"):
        registry.create("fake", weights=weights, runtime=Runtime(), allow_untrained=False)
