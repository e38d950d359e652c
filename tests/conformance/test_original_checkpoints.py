"""A checkpoint in the form in which a system was published goes through ``fetch`` and gives the original's numbers."""

import json
import math
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

import detectors
from detectors.cards import Checkpoint, DetectorCard, WeightsFile
from detectors.fetching import fetch_for
from detectors.networks.original import loaded
from detectors.systems.catalogue import original_network
from detectors.weights import WrongWeights
from tests.parity.fixtures import OWN
from tests.parity.line import compared
from tests.parity.networks import forwarded, tensors_of
from tests.support.checkpoints import FORMS, prefixed, write_checkpoint

SEED = 7
PUBLISHED_AS = {
    "boken": "bare",
    "dessa": "module_beside",
    "medics": "bare",
    "ntech": "half",
    "selimsef": "numpy_scalar",
    "srm": "snapshot",
    "wm": "numpy_logs",
}
EVERY_FORM = ("prefixed", "numpy_scalar", "numpy_logs", "module_beside", "module", "snapshot")
_CHEAP_NUMBERS = 30_000_000


def checkpoint_files(name: str) -> list[tuple[WeightsFile, Checkpoint]]:
    return [(file, file.checkpoint) for file in detectors.card(name).weights if file.checkpoint]


@cache
def fixtures() -> dict[str, dict]:
    found = (json.loads(path.read_text()) for path in OWN.glob("*.json"))
    return {f"{one['system']}/{one['network']}": one for one in found if "network" in one}


def fixtures_of(network: str) -> list[dict]:
    """Those of a network; one that takes the heads of two has both."""
    exact = fixtures().get(network)
    return [exact] if exact else [one for name, one in fixtures().items() if name.startswith(f"{network}_")]


def numbers_of(network: str) -> float:
    """How many numbers a checkpoint holds, without making the network."""
    sizes = [sum(math.prod(shape) for shape, _ in fixture["keys"].values()) for fixture in fixtures_of(network)]
    return min(sizes, default=math.inf)


@cache
def cheapest(name: str) -> tuple[WeightsFile, Checkpoint]:
    return min(checkpoint_files(name), key=lambda pair: (pair[0].optional, numbers_of(pair[1].network)))


FOUNDING = [name for name in detectors.names() if checkpoint_files(name)]
CHEAP = [name for name in FOUNDING if numbers_of(cheapest(name)[1].network) < _CHEAP_NUMBERS]


def recipe(fixture: dict) -> dict[str, Tensor]:
    return tensors_of({**fixture, "seed": SEED})


def published(name: str, tensors: dict[str, Tensor]) -> object:
    """The tensors as the file of this detector wraps them."""
    if name == "eighteen":
        return {"state_dict": prefixed(tensors, cheapest(name)[1].strip[0])}
    return FORMS[PUBLISHED_AS.get(name, "bare")](tensors)


def fetched(name: str, content: object, folder: Path, *, legacy: bool = False) -> Path:
    """What ``fetch`` stores of a file in the published layout."""
    file, checkpoint = cheapest(name)
    write_checkpoint(folder / "weights" / name / file.file, content, legacy=legacy)
    fetch_for(only(detectors.card(name), file), folder / "home", folder)
    return folder / "home" / name / checkpoint.file


def only(card: DetectorCard, file: WeightsFile) -> DetectorCard:
    return card.model_copy(update={"weights": (file,)})


def require_original_numbers(network: str, stored: Path, fixture: dict, *, wanted: object = None) -> None:
    got = forwarded(loaded(original_network(network), stored), {**fixture, "seed": SEED})
    line = compared(network, got, fixture["outputs"][str(SEED)] if wanted is None else wanted)
    assert line.ok, line


def test_there_are_founding_detectors():
    assert {"boken", "dessa", "eighteen", "medics", "ntech", "selimsef", "wm"} <= set(FOUNDING)
    assert len(CHEAP) >= 5


@pytest.mark.parametrize("name", FOUNDING)
def test_every_checkpoint_of_a_card_has_a_network_and_a_fixture(name: str):
    for file, checkpoint in checkpoint_files(name):
        assert original_network(checkpoint.network), file.file
        assert fixtures_of(checkpoint.network), file.file


@pytest.mark.parametrize("name", FOUNDING)
def test_the_published_form_gives_the_original_numbers(name: str, tmp_path: Path):
    network = cheapest(name)[1].network
    for number, fixture in enumerate(fixtures_of(network)):
        tensors = recipe(fixture)
        stored = fetched(name, published(name, tensors), tmp_path / str(number))
        rounded = PUBLISHED_AS.get(name) == "half"
        require_original_numbers(
            network, stored, fixture, wanted=of_half_precision(network, tensors, fixture) if rounded else None
        )


def of_half_precision(network: str, tensors: dict[str, Tensor], fixture: dict) -> np.ndarray:
    """Published with fewer digits, the weights give numbers of their own."""
    widened = {key: tensor.half().to(tensor.dtype) for key, tensor in tensors.items()}
    return forwarded(original_network(network).load(widened, network), {**fixture, "seed": SEED})


@pytest.mark.parametrize(
    ("form", "legacy"), [*((form, False) for form in EVERY_FORM), ("bare", True), ("module", True)]
)
def test_every_form_gives_the_original_numbers(form: str, legacy: bool, tmp_path: Path):
    name = min(CHEAP, key=lambda one: numbers_of(cheapest(one)[1].network))
    network = cheapest(name)[1].network
    fixture = fixtures_of(network)[0]
    stored = fetched(name, FORMS[form](recipe(fixture)), tmp_path, legacy=legacy)
    require_original_numbers(network, stored, fixture)
    assert list(load_file(stored).keys() ^ fixture["keys"].keys()) == []


def changes(tensors: dict[str, Tensor], key: str) -> dict[str, dict[str, Tensor]]:
    rest = {other: tensor for other, tensor in tensors.items() if other != key}
    return {
        "removed": rest,
        "renamed": {**rest, f"{key}_old": tensors[key]},
        "reshaped": {**rest, key: tensors[key][:, None]},
    }


@pytest.mark.parametrize("change", ["removed", "renamed", "reshaped"])
@pytest.mark.parametrize("name", CHEAP)
def test_a_changed_tensor_is_refused_by_name_and_nothing_stays(name: str, change: str, tmp_path: Path):
    tensors = recipe(fixtures_of(cheapest(name)[1].network)[0])
    key = [key for key in tensors if key.endswith(".weight")][len(tensors) // 12]
    told = {
        "removed": f"missing: {key}",
        "renamed": f"missing: {key}; left over: {key}_old",
        "reshaped": f"{key} {tuple(tensors[key][:, None].shape)} instead of {tuple(tensors[key].shape)}",
    }[change]
    with pytest.raises(WrongWeights) as why:
        fetched(name, published(name, changes(tensors, key)[change]), tmp_path)
    assert told in str(why.value)
    assert cheapest(name)[0].file in str(why.value)
    assert list((tmp_path / "home" / name).iterdir()) == []


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
