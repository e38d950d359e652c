"""New weights take over between two batches, and only when they are better than what serves."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save

from contracts.errors import BrokenDetector, DetectorUnavailable
from detectors.fetch_record import stamp_of
from detectors.fetching import fetch_for
from detectors.probe import prove
from detectors.residence import WarmDetector
from detectors.weights import availability_of, identity_of, version_of
from ingest.telemetry import metric
from stream_processors.serving import Serving, Unavailable
from tests.support.checkpoints import unpinned
from tests.support.detectors import FakeDetector, a_card, a_spec, constant
from tests.support.faces import clips


class Shelf:
    """What the next load gives, and a stamp that a test can turn."""

    def __init__(self, first: object) -> None:
        self.next = first
        self.stamp = 0
        self.loads = 0

    def load(self):
        self.loads += 1
        if isinstance(self.next, Exception):
            raise self.next
        return self.next

    def put(self, thing: object) -> None:
        self.next = thing
        self.stamp += 1


def detector(version: str, *, untrained: bool = False) -> FakeDetector:
    made = FakeDetector("hot", untrained=untrained)
    made.version, made.weights_sha256 = version, None if untrained else version.ljust(64, "0")
    return made


def a_serving(shelf: Shelf) -> Serving:
    return Serving("hot", load=shelf.load, stamp=lambda: shelf.stamp)


def changes(outcome: str) -> float:
    return metric("telltale_weights_changes_total").labels(detector="hot", outcome=outcome)._value.get()


def shown(version: str) -> float:
    labels = {"detector": "hot", "version": version, "weights": version.ljust(12, "0")[:12]}
    return metric("telltale_model_info").labels(**labels)._value.get()


def test_nothing_is_loaded_while_nothing_changes():
    shelf = Shelf(detector("1"))
    serving = a_serving(shelf)
    shelf.next = detector("2")
    serving.look()
    assert shelf.loads == 1
    assert serving.now.version == "1"


def test_new_weights_take_over_and_are_shown():
    shelf = Shelf(detector("3"))
    serving, taken = a_serving(shelf), changes("taken")
    shelf.put(detector("4"))
    serving.look()
    assert serving.now.version == "4"
    assert changes("taken") == taken + 1
    assert (shown("3"), shown("4")) == (0, 1)


@pytest.mark.parametrize(
    "worse",
    [
        BrokenDetector("it failed its probe"),
        DetectorUnavailable("no memory left"),
        RuntimeError("CUDA out of memory"),
        Unavailable(a_spec("hot"), "the files are gone"),
        detector("5", untrained=True),
    ],
    ids=lambda worse: type(worse).__name__,
)
def test_what_serves_is_kept_when_the_new_is_worse_and_the_next_chance_is_taken(worse: object):
    shelf = Shelf(detector("5"))
    serving, refused = a_serving(shelf), changes("refused")
    shelf.put(worse)
    serving.look()
    assert serving.now.version == "5"
    assert changes("refused") == refused + 1
    serving.look()
    assert shelf.loads == 2, "a bad load is not repeated all the time"
    shelf.put(detector("6"))
    serving.look()
    assert serving.now.version == "6"


def test_a_broken_first_one_ends_the_worker():
    with pytest.raises(BrokenDetector):
        a_serving(Shelf(BrokenDetector("it failed its probe")))


def test_an_unavailable_detector_comes_to_life():
    shelf = Shelf(Unavailable(a_spec("hot"), "no weights"))
    serving = a_serving(shelf)
    shelf.put(Unavailable(a_spec("hot"), "one file is still missing"))
    serving.look()
    assert serving.now == Unavailable(a_spec("hot"), "one file is still missing")
    shelf.put(detector("7"))
    serving.look()
    assert serving.now.version == "7"


def test_the_same_weights_again_change_nothing():
    first = detector("8")
    shelf = Shelf(first)
    serving, taken = a_serving(shelf), changes("taken")
    shelf.put(detector("8"))
    serving.look()
    assert serving.now is first
    assert changes("taken") == taken


def test_idle_weights_are_released_and_come_back():
    now_s = [0.0]
    warm = WarmDetector(lambda: detector("9"), idle_s=10.0, clock=lambda: now_s[0])
    serving = a_serving(Shelf(warm))
    now_s[0] = 11.0
    serving.look()
    assert not warm.holds_weights
    assert len(serving.now.score(clips(2))) == 2


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    return tmp_path / "weights"


def test_a_fetched_file_becomes_a_new_version(tmp_path: Path, weights: Path):
    card = a_card("hot", weights=unpinned("net.safetensors"))
    folder, source = weights / "hot", tmp_path / "net.safetensors"

    def load():
        state = availability_of(card, weights)
        if not state.available:
            return Unavailable(card.spec, state.detail)
        made = FakeDetector("hot")
        made.version, made.weights_sha256 = version_of(card, folder), identity_of(card, folder)
        prove(made if source.stat().st_size < 5000 else constant("hot"))
        return made

    serving = Serving("hot", load=load, stamp=lambda: stamp_of(folder))
    assert isinstance(serving.now, Unavailable)
    versions = []
    for size in (10, 20, 5000):
        source.write_bytes(save({"a": torch.zeros(size)}))
        fetch_for(card, weights, source, replace=True)
        serving.look()
        versions.append(serving.now.version)
    assert versions[0].startswith("1.0.0+")
    assert versions[1] not in (versions[0], "1.0.0")
    assert versions[2] == versions[1], "the one that fails its probe is not taken"
