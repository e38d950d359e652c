from importlib import import_module
from pkgutil import iter_modules

import cv2
import numpy as np
import pytest
from pydantic import ValidationError

import detectors
from contracts.errors import DetectorUnavailable
from contracts.settings import ExtractSettings
from detectors import systems
from detectors.systems.face_finders.networks import NETWORKS
from detectors.systems.footage import FinderNeed
from detectors.weights import WrongWeights
from ingest.face_locators.mtcnn import MtcnnFaceLocator
from ingest.face_locators.one_pass import OnePassFaceLocator
from ingest.face_locators.priors import dsfd_priors, retinaface_priors
from stream_processors.face_locators import (
    FACE_LOCATORS,
    SYSTEMS,
    FaceLocatorUnavailable,
    face_locator,
    finder_for,
    locator_of,
    weights_file,
)
from tests.support.media import astronaut, astronauts

SMALL = "retinaface_mobilenet025"


@pytest.fixture(autouse=True)
def one_thread():
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def weights(tmp_path):
    """A folder of fetched weights in which the smallest network lies where its system's card says."""
    from safetensors.torch import save_file

    system = SYSTEMS[SMALL]
    file = next(file for file in detectors.card(system).weights if file.checkpoint and SMALL in file.checkpoint.network)
    path = tmp_path / system / file.loaded_file
    path.parent.mkdir()
    save_file(NETWORKS[f"{system}/{SMALL}"].random().state_dict(), path)
    return tmp_path


def published_needs():
    for package in iter_modules(systems.__path__):
        if package.ispkg and any(part.name == "published" for part in _parts(package.name)):
            yield package.name, import_module(f"detectors.systems.{package.name}.published").FINDER


def _parts(name):
    return iter_modules(import_module(f"detectors.systems.{name}").__path__)


def test_every_locator_that_the_settings_know_exists_and_has_a_network():
    known = ExtractSettings.model_fields["face_locator"].annotation.__args__
    assert set(known) == set(FACE_LOCATORS)
    assert {f"{system}/{name}" for name, system in SYSTEMS.items()} == NETWORKS.keys()
    with pytest.raises(ValidationError):
        ExtractSettings(face_locator="none")


def test_mtcnn_needs_no_weights(tmp_path):
    locator = locator_of(ExtractSettings(torch_threads=1), weights=tmp_path)
    assert isinstance(locator, MtcnnFaceLocator)
    assert locator.least_confidence == 0.9


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_missing_file_names_the_command_that_mends_it(name, tmp_path):
    with pytest.raises(DetectorUnavailable, match=f"Run: telltale detectors fetch {SYSTEMS[name]} ") as caught:
        locator_of(ExtractSettings(face_locator=name), weights=tmp_path)
    assert isinstance(caught.value, FaceLocatorUnavailable)
    assert ".safetensors" in str(caught.value)
    with pytest.raises(FaceLocatorUnavailable):
        finder_for(FinderNeed(name), weights=tmp_path, torch_threads=1)


def test_a_locator_that_nobody_has_is_said_so(tmp_path):
    with pytest.raises(KeyError):
        face_locator("haar", weights=tmp_path)


def test_fetched_weights_make_a_locator(weights):
    locator = face_locator(SMALL, weights=weights, torch_threads=1)
    assert isinstance(locator, OnePassFaceLocator)
    assert len(locator.locate([np.zeros((40, 60, 3), np.uint8)])) == 1


def test_weights_of_another_network_are_refused(weights):
    from safetensors.torch import load_file, save_file

    path = weights_file(SMALL, weights)
    tensors = load_file(path)
    tensors["fpn.extra.weight"] = tensors.pop("fpn.output1.0.weight")
    save_file(tensors, path)
    with pytest.raises(WrongWeights, match=r"missing: fpn\.output1\.0\.weight; left over: fpn\.extra\.weight"):
        face_locator(SMALL, weights=weights, torch_threads=1)


def seeing_one_face(name, *_):
    """In place of a loaded network: a face where the first prior is."""
    priors_of = dsfd_priors if name == "dsfd_resnet152" else retinaface_priors

    def predict(batch):
        numbers = np.zeros((len(batch), len(priors_of(*batch.shape[2:])), 16))
        numbers[:, 0, 5] = 0.95
        return numbers

    return predict


@pytest.fixture
def without_networks(monkeypatch):
    monkeypatch.setattr("stream_processors.face_locators._loaded", seeing_one_face)


@pytest.mark.parametrize(("system", "need"), list(published_needs()))
def test_every_published_pipeline_gets_its_finder(system, need, without_networks, tmp_path):
    """Its options are known, and its pictures may be of any size."""
    finder = finder_for(need, weights=tmp_path, torch_threads=1)
    face, tiny = cv2.resize(astronaut()[20:240, 120:340], (440, 440)), np.zeros((8, 8, 3), np.uint8)
    found = finder([face, tiny, face])
    assert [len(boxes) for boxes in found[::2]] == [1, 1]
    assert found[0][0].left == pytest.approx(found[2][0].left, abs=0.01)
    assert len(found) == 3


def test_where_the_original_fails_it_finds_nobody(without_networks, tmp_path):
    """A width that becomes 8 n + 0.6 pixels: OpenCV makes one more cell of it than the original counts with."""
    height, width = next(
        (301, width)
        for width in range(302, 2000)
        if round(width * 400 / 301) % 8 == 1 and int(width * 400 / 301) % 8 == 0
    )
    picture = np.zeros((height, width, 3), np.uint8)
    ours, theirs = (
        finder_for(FinderNeed(SMALL), weights=tmp_path, torch_threads=1, compat=compat)([picture])
        for compat in ("corrected", "original")
    )
    assert ([len(boxes) for boxes in ours], theirs) == ([1], [[]])


def test_an_option_that_a_finder_does_not_have_is_an_error(without_networks, tmp_path):
    for need in (FinderNeed("mtcnn", {"margins": 3}), FinderNeed(SMALL, {"margins": 3})):
        with pytest.raises(TypeError, match="margins"):
            finder_for(need, weights=tmp_path, torch_threads=1)


@pytest.mark.parametrize("options", [{"factor": 0.6, "margin": 14}, {"select_largest": False, "min_face_size": 40}])
def test_mtcnn_finds_what_facenet_finds_in_its_order(options, tmp_path):
    from facenet_pytorch import MTCNN

    picture = astronauts(480, 300, [(20, 20), (250, 50)])
    boxes, chances, points = MTCNN(keep_all=True, **options).detect(picture, landmarks=True)
    (found,) = finder_for(FinderNeed("mtcnn", options), weights=tmp_path, torch_threads=1)([picture])
    assert len(found) == len(boxes) >= 2
    np.testing.assert_allclose([[b.left, b.top, b.right, b.bottom] for b in found], boxes.astype(float))
    np.testing.assert_allclose([box.confidence for box in found], chances.astype(float))
    np.testing.assert_allclose([box.landmarks for box in found], points.astype(float))


def test_in_place_of_the_histogram_finder_the_surest_face_comes_first(tmp_path):
    finder = finder_for(FinderNeed("hog", {"enlarged": 1}), weights=tmp_path, torch_threads=1)
    (found,) = finder([astronauts(640, 360, [(20, 20), (350, 80)])])
    confidences = [box.confidence for box in found]
    assert len(found) >= 2
    assert confidences == sorted(confidences, reverse=True)
