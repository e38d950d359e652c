"""Only the pinned bytes are kept, from wherever they come, and a broken download goes on."""

import hashlib
import json
from pathlib import Path

import h5py
import numpy as np
import pytest
from safetensors.numpy import load_file, save

from contracts.errors import DetectorUnavailable, NotNow
from detectors.cards import ConvertedFile, DetectorCard, WeightsFile
from detectors.fetching import FetchResult, fetch, fetch_for
from detectors.networks.mesonet_keras import meso4
from detectors.weights import WrongWeights, availability_of
from tests.support.detectors import a_card
from tests.support.http_files import serving

ONE, TWO = bytes(range(256)) * 400, b"two" * 1000


def pinned(name: str, data: bytes, url: str | None = None, converted: ConvertedFile | None = None) -> WeightsFile:
    sha256 = hashlib.sha256(data).hexdigest()
    return WeightsFile(file=name, sha256=sha256, bytes=len(data), url=url, converted=converted)


def card_of_two(base: str | None = None) -> DetectorCard:
    addresses = [f"{base}{name}" if base else None for name in ("one.safetensors", "two.safetensors")]
    return a_card(weights=(pinned("one.safetensors", ONE, addresses[0]), pinned("two.safetensors", TWO, addresses[1])))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "downloads"
    place.mkdir()
    (place / "one.safetensors").write_bytes(ONE)
    (place / "two.safetensors").write_bytes(TWO)
    return place


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    return tmp_path / "weights"


def test_a_folder_brings_all_files_and_a_record(folder: Path, weights: Path):
    heard: list[tuple[str, int, int]] = []
    result = fetch_for(card_of_two(), weights, folder, lambda *news: heard.append(news))
    assert result.missing == ()
    assert (weights / "fake" / "one.safetensors").read_bytes() == ONE
    assert heard[-1] == ("two.safetensors", len(TWO), len(TWO))
    record = json.loads((weights / "fake" / "fetched.json").read_text())
    assert [file["fetched_from"] for file in record["files"]] == [
        str(folder / "one.safetensors"),
        str(folder / "two.safetensors"),
    ]
    assert availability_of(card_of_two(), weights).available


def test_a_single_file_is_known_by_its_hash_and_the_rest_is_named(folder: Path, weights: Path):
    (folder / "two.safetensors").rename(folder / "saved as.bin")
    result = fetch_for(card_of_two(), weights, folder / "saved as.bin")
    assert [file.file for file in result.files] == ["two.safetensors"]
    assert result.missing == ("one.safetensors",)
    assert not availability_of(card_of_two(), weights).available


def test_files_come_one_after_the_other(folder: Path, weights: Path):
    fetch_for(card_of_two(), weights, folder / "one.safetensors")
    assert len(fetch_for(card_of_two(), weights, folder / "two.safetensors").files) == 2


def test_a_wrong_file_of_the_right_name_leaves_nothing_behind(folder: Path, weights: Path):
    (folder / "one.safetensors").write_bytes(b"something else")
    with pytest.raises(WrongWeights, match=r"one\.safetensors must have"):
        fetch_for(card_of_two(), weights, folder)
    assert [path.name for path in (weights / "fake").iterdir()] == []


def test_a_file_that_nobody_asked_for_is_refused_with_what_was(folder: Path, weights: Path):
    (folder / "other.bin").write_bytes(b"other")
    with pytest.raises(WrongWeights, match=r"one\.safetensors \(SHA-256"):
        fetch_for(card_of_two(), weights, folder / "other.bin")


def test_a_source_that_is_not_there_is_said(weights: Path, tmp_path: Path):
    with pytest.raises(DetectorUnavailable, match="no file or folder"):
        fetch_for(card_of_two(), weights, tmp_path / "nowhere")


def test_without_an_address_a_source_is_asked_for(weights: Path):
    with pytest.raises(DetectorUnavailable, match="no address is known"):
        fetch_for(card_of_two(), weights)


def served() -> dict[str, bytes]:
    return {"one.safetensors": ONE, "two.safetensors": TWO}


def test_the_addresses_of_the_card_are_used(weights: Path):
    with serving(served()) as server:
        assert fetch_for(card_of_two(server.address), weights).missing == ()


def test_a_mirror_replaces_them_and_keeps_its_secret(weights: Path):
    with serving(served()) as server:
        fetch_for(card_of_two(), weights, f"{server.address}one.safetensors?token=secret")
        fetch_for(card_of_two(), weights, server.address)
    record = (weights / "fake" / "fetched.json").read_text()
    assert "secret" not in record
    assert f"{server.address}two.safetensors" in record


def test_files_in_place_are_not_loaded_again(weights: Path):
    with serving(served()) as server:
        fetch_for(card_of_two(server.address), weights)
        asked = len(server.asked)
        result = fetch_for(card_of_two(server.address), weights)
        assert len(server.asked) == asked
    assert len(result.files) == 2


def test_a_broken_download_goes_on_where_it_stopped(weights: Path):
    with serving(served()) as server:
        server.break_off_after = 1000
        with pytest.raises(NotNow):
            fetch_for(card_of_two(), weights, f"{server.address}one.safetensors")
        server.break_off_after = None
        fetch_for(card_of_two(), weights, f"{server.address}one.safetensors")
        assert server.asked == [None, "bytes=1000-"]
    assert (weights / "fake" / "one.safetensors").read_bytes() == ONE


def test_a_server_without_ranges_starts_again(weights: Path):
    with serving(served()) as server:
        server.ranges, server.break_off_after = False, 1000
        with pytest.raises(NotNow):
            fetch_for(card_of_two(), weights, f"{server.address}one.safetensors")
        server.break_off_after = None
        fetch_for(card_of_two(), weights, f"{server.address}one.safetensors")
    assert (weights / "fake" / "one.safetensors").read_bytes() == ONE


def test_damage_in_the_kept_part_is_found_and_thrown_away(weights: Path):
    (weights / "fake").mkdir(parents=True)
    (weights / "fake" / "one.safetensors.part").write_bytes(b"x" * 1000)
    with serving(served()) as server:
        with pytest.raises(WrongWeights):
            fetch_for(card_of_two(server.address), weights)
        assert fetch_for(card_of_two(server.address), weights).missing == ()


@pytest.mark.parametrize("data", [ONE + b"more", b"<html>moved</html>"])
def test_a_file_of_another_size_is_not_even_loaded(data: bytes, weights: Path):
    with serving(served() | {"one.safetensors": data}) as server, pytest.raises(WrongWeights, match="bytes instead of"):
        fetch_for(card_of_two(server.address), weights)


@pytest.mark.parametrize(("status", "failure"), [(404, DetectorUnavailable), (503, NotNow), (429, NotNow)])
def test_a_refusal_says_whether_trying_again_helps(status: int, failure: type[Exception], weights: Path):
    with serving(served()) as server:
        server.status = status
        with pytest.raises(failure, match=str(status)):
            fetch_for(card_of_two(server.address), weights)


def test_a_server_that_is_away_is_a_matter_of_time(weights: Path):
    with serving(served()) as server:
        address = server.address
    with pytest.raises(NotNow, match="try again"):
        fetch_for(card_of_two(address), weights)


def test_shipped_weights_need_no_fetching(weights: Path):
    card = a_card(shipped=True)
    result = fetch_for(card, weights)
    assert isinstance(result, FetchResult)
    assert result.files == result.missing == ()
    assert not weights.exists()


def doubled(source: Path) -> dict[str, np.ndarray]:
    return {"double": np.frombuffer(source.read_bytes(), dtype=np.uint8) * 2}


def test_a_foreign_file_is_converted_once(folder: Path, weights: Path):
    wanted = save({"double": np.frombuffer(TWO, dtype=np.uint8) * 2})
    converted = ConvertedFile(
        file="two.safetensors",
        sha256=hashlib.sha256(wanted).hexdigest(),
        bytes=len(wanted),
        converter=f"{__name__}:doubled",
    )
    (folder / "two.h5").write_bytes(TWO)
    card = a_card(weights=(pinned("two.h5", TWO, converted=converted),))
    assert fetch_for(card, weights, folder).missing == ()
    assert load_file(weights / "fake" / "two.safetensors")["double"][0] == (TWO[0] * 2) % 256
    assert sorted(path.name for path in (weights / "fake").iterdir()) == ["fetched.json", "two.safetensors"]


def keras_file(path: Path, layers: dict[str, dict[str, np.ndarray]]) -> Path:
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [name.encode() for name in layers]
        for name, parts in layers.items():
            group = file.create_group(name)
            group.attrs["weight_names"] = [f"{name}/{part}:0".encode() for part in parts]
            for part, array in parts.items():
                group[f"{name}/{part}:0"] = array
    return path


def test_a_keras_file_of_another_network_is_refused_with_the_keys(tmp_path: Path):
    strange = {
        "conv2d_3": {"kernel": np.zeros((3, 3, 3, 8)), "gain": np.zeros(8)},
        "lstm_1": {"kernel": np.zeros((2, 2))},
    }
    with pytest.raises(WrongWeights) as why:
        meso4(keras_file(tmp_path / "strange.h5", strange))
    told = str(why.value)
    assert "missing: block1.convolution.bias" in told
    assert "left over: block1.convolution.gain, lstm number 1.weight" in told


def test_an_unknown_detector_is_named(weights: Path):
    with pytest.raises(KeyError, match="known:"):
        fetch("nothing", weights)
