"""What every detector promises to its callers, whoever made it; untrained where its weights are not here."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors import torch as safetensors_torch

import detectors
from contracts.clips import FaceClip
from contracts.errors import DetectorUnavailable
from detectors.detector import Detector
from detectors.fetching import fetch
from detectors.probe import prove
from detectors.promises import (
    PROMISES,
    a_clip,
    crops_of_any_size_are_scored,
    it_says_who_it_is,
    order_and_neighbours_do_not_matter,
    unfit_clips_are_refused,
)
from tests.support.detectors import FakeDetector
from tests.support.faces import clips
from tests.support.parts import MEDIA

FETCHED = tuple(name for name in detectors.names() if not detectors.card(name).shipped)
VERY_LARGE = ("medics",)
FEW = (it_says_who_it_is, unfit_clips_are_refused, order_and_neighbours_do_not_matter, crops_of_any_size_are_scored)
SMALL = ("a fake", "mesonet", "telltale")


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("weights")


def maker(name: str, weights: Path) -> Callable[[], Detector]:
    """How to load a detector, with its weights where they are here."""
    if name == "a fake":
        return FakeDetector
    if name in FETCHED and (MEDIA / "weights" / name).is_dir():
        fetch(name, weights, MEDIA / "weights" / name)
    return lambda: detectors.create(name, weights=weights, allow_untrained=True)


@pytest.fixture(scope="module", params=["a fake", *detectors.names()])
def detector(request: pytest.FixtureRequest, weights: Path) -> Detector:
    return maker(request.param, weights)()


@pytest.fixture(scope="module", params=SMALL)
def make_small(request: pytest.FixtureRequest, weights: Path) -> Callable[[], Detector]:
    """One of those that score many clips in no time; what is said of them is said of code that all share."""
    return maker(request.param, weights)


@pytest.fixture(scope="module")
def small_detector(make_small: Callable[[], Detector]) -> Detector:
    return make_small()


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.__name__)
def test_it_keeps_every_promise(detector: Detector, promise: Callable[[Detector], None]):
    if detector.spec.name in VERY_LARGE and promise not in FEW and not os.environ.get("EVERY_PROMISE"):
        pytest.skip("takes half a minute per clip; EVERY_PROMISE=1 asks for all of them")
    promise(detector)


def test_it_passes_its_probe(small_detector: Detector):
    prove(small_detector)


def test_more_clips_than_one_pass_takes_change_nothing(small_detector: Detector):
    some = of_its_length(small_detector, 3)
    assert small_detector.score(some * 15) == pytest.approx(small_detector.score(some) * 15, abs=1e-4)


def of_its_length(detector: Detector, count: int) -> list[FaceClip]:
    return clips(count, length=detector.spec.demand.clip_length)


def test_weights_are_read_when_it_is_made_and_never_again(
    make_small: Callable[[], Detector], monkeypatch: pytest.MonkeyPatch
):
    reads: list[object] = []
    really_read = safetensors_torch.load_file

    def counted(path: Path) -> dict[str, torch.Tensor]:
        reads.append(path)
        return really_read(path)

    monkeypatch.setattr(safetensors_torch, "load_file", counted)
    made = make_small()
    files = len(reads)
    prove(made)
    made.score(of_its_length(made, 3))
    assert len(reads) == files == len(set(reads))
    name = made.spec.name
    assert files == (0 if name == "fake" or made.untrained else len(detectors.card(name).weights))


@pytest.mark.parametrize("name", FETCHED)
def test_without_weights_the_way_out_is_named(name: str, tmp_path: Path):
    with pytest.raises(DetectorUnavailable, match=f"telltale detectors fetch {name}"):
        detectors.create(name, weights=tmp_path)


@pytest.mark.gpu
def test_processor_and_gpu_agree(detector: Detector, weights: Path):
    if detector.spec.name == "fake":
        pytest.skip("a fake has no network")
    some = [a_clip(seed, detector.spec.demand.least_crops) for seed in range(3)]
    on_gpu = detectors.create(detector.spec.name, weights=weights, device="cuda:0", allow_untrained=True)
    assert on_gpu.score(some) == pytest.approx(detector.score(some), abs=1e-3)
