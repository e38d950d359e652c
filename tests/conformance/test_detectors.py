"""What every detector promises to its callers, whoever made it."""

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
from tests.support.detectors import FakeDetector
from tests.support.faces import a_clip, clips
from tests.support.parts import MEDIA

FETCHED = tuple(name for name in detectors.names() if not detectors.card(name).shipped)
SHIPPED = tuple(name for name in detectors.names() if detectors.card(name).shipped)


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("weights")


@pytest.fixture(
    scope="session",
    params=["a fake", *SHIPPED, *(pytest.param(name, marks=pytest.mark.media) for name in FETCHED)],
)
def make(request: pytest.FixtureRequest, weights: Path) -> Callable[[], Detector]:
    """How to load the detector under test."""
    if request.param == "a fake":
        return FakeDetector
    if request.param in FETCHED and (MEDIA / "weights" / request.param).is_dir():
        fetch(request.param, weights, MEDIA / "weights" / request.param)
    return lambda: detectors.create(request.param, weights=weights)


@pytest.fixture(scope="session")
def detector(make: Callable[[], Detector]) -> Detector:
    return make()


def of_its_length(detector: Detector, count: int) -> list[FaceClip]:
    return clips(count, length=detector.spec.demand.clip_length)


@pytest.mark.parametrize("count", [0, 1, 7])
def test_one_score_per_clip_between_0_and_1(detector: Detector, count: int):
    scores = detector.score(of_its_length(detector, count))
    assert len(scores) == count
    assert all(type(score) is float and 0.0 <= score <= 1.0 for score in scores)


def test_scores_keep_the_order_of_the_clips(detector: Detector):
    some = of_its_length(detector, 5)
    forwards = detector.score(some)
    assert detector.score(some[::-1])[::-1] == pytest.approx(forwards, abs=1e-4)
    assert len(set(forwards)) > 1, "five different clips with one score would pass in any order"


def test_neighbours_in_a_batch_do_not_matter(detector: Detector):
    some = of_its_length(detector, 7)
    assert detector.score(some) == pytest.approx([detector.score([clip])[0] for clip in some], abs=1e-4)


def test_more_clips_than_one_pass_takes_change_nothing(detector: Detector):
    some = of_its_length(detector, 3)
    assert detector.score(some * 15) == pytest.approx(detector.score(some) * 15, abs=1e-4)


@pytest.mark.parametrize(("width_px", "height_px"), [(1, 1), (2, 700), (9, 9), (2600, 1900)])
def test_tiny_and_huge_crops_are_scored(detector: Detector, width_px: int, height_px: int):
    length = detector.spec.demand.clip_length
    odd = a_clip(seed=3, length=length, width_px=width_px, height_px=height_px)
    usual = of_its_length(detector, 1)
    scores = detector.score([*usual, odd])
    assert all(0.0 <= score <= 1.0 for score in scores)
    assert scores[0] == pytest.approx(detector.score(usual)[0], abs=1e-4)


def test_the_same_clip_gets_the_same_score_again(detector: Detector):
    some = of_its_length(detector, 3)
    assert detector.score(some) == detector.score(some)


def test_the_pixels_it_was_given_stay_as_they_were(detector: Detector):
    (clip,) = of_its_length(detector, 1)
    before = clip.crops[0].pixels.copy()
    detector.score([clip])
    assert (clip.crops[0].pixels == before).all()


def test_it_says_who_it_is(detector: Detector):
    assert detector.version == detector.spec.version
    assert (detector.weights_sha256 is None) == detector.untrained
    assert detector.device == "cpu"


def test_it_passes_its_probe(detector: Detector):
    detectors.probe.prove(detector)


def test_weights_are_read_when_it_is_made_and_never_again(
    make: Callable[[], Detector], monkeypatch: pytest.MonkeyPatch
):
    reads: list[object] = []
    really_read = safetensors_torch.load_file

    def counted(path: Path) -> dict[str, torch.Tensor]:
        reads.append(path)
        return really_read(path)

    monkeypatch.setattr(safetensors_torch, "load_file", counted)
    made = make()
    files = len(reads)
    detectors.probe.prove(made)
    made.score(of_its_length(made, 3))
    assert len(reads) == files == len(set(reads))
    assert files == (0 if made.spec.name == "fake" else len(detectors.card(made.spec.name).weights))


@pytest.mark.parametrize("name", FETCHED)
def test_without_weights_the_way_out_is_named(name: str, tmp_path: Path):
    with pytest.raises(DetectorUnavailable, match=f"telltale detectors fetch {name}"):
        detectors.create(name, weights=tmp_path)


@pytest.mark.gpu
def test_processor_and_gpu_agree(detector: Detector, weights: Path):
    if detector.spec.name == "fake":
        pytest.skip("a fake has no network")
    some = of_its_length(detector, 7)
    on_gpu = detectors.create(detector.spec.name, weights=weights, device="cuda:0")
    assert on_gpu.score(some) == pytest.approx(detector.score(some), abs=1e-3)
