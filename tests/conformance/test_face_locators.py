"""What every face locator promises: MTCNN on its own weights, the others on seeded random ones."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest

from contracts.clips import FaceBox, Pixels
from ingest.face_locator import FaceLocator
from ingest.face_locators.dsfd import dsfd_locator
from ingest.face_locators.retinaface import retinaface_locator
from ingest.face_tracks import overlap
from stream_processors.face_locators import FACE_LOCATORS, MTCNN_LOCATOR, face_locator
from tests.support.face_networks import random_predictor
from tests.support.media import astronaut


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


# Kept over the whole session: in random order the tests of all locators take turns.
@cache
def made(name: str) -> FaceLocator:
    if name == MTCNN_LOCATOR:
        return face_locator(MTCNN_LOCATOR, weights=Path(), torch_threads=1)
    make = dsfd_locator if name.startswith("dsfd") else retinaface_locator
    return make(random_predictor(name))


@cache
def searched() -> list[Pixels]:
    """Three pictures of one shape and one of another, all with a face."""
    face = np.asarray(cv2.resize(astronaut()[:320, 64:384], (96, 96), interpolation=cv2.INTER_AREA))
    return [face, np.ascontiguousarray(face[:, ::-1]), 255 - face, np.ascontiguousarray(face[:72])]


@cache
def found_by(name: str) -> list[list[FaceBox]]:
    return made(name).locate(searched())


@pytest.fixture(params=FACE_LOCATORS)
def name(request) -> str:
    return request.param


@pytest.fixture
def locator(name) -> FaceLocator:
    return made(name)


@pytest.fixture
def pictures() -> list[Pixels]:
    return searched()


@pytest.fixture
def found(name) -> list[list[FaceBox]]:
    return found_by(name)


def numbers(boxes):
    return np.array([[box.left, box.top, box.right, box.bottom, box.confidence] for box in boxes])


def test_every_locator_finds_something_in_these_pictures(found):
    """Else the tests below would look at nothing."""
    assert sum(map(len, found)) >= 2


def test_one_answer_per_picture_the_largest_face_first(found, pictures):
    assert len(found) == len(pictures)
    for boxes in found:
        areas = [box.width_px * box.height_px for box in boxes]
        assert areas == sorted(areas, reverse=True)


def test_boxes_lie_in_the_picture_they_are_of(found, pictures):
    for boxes, picture in zip(found, pictures, strict=True):
        height, width = picture.shape[:2]
        for box in boxes:
            assert min(box.right, width) - max(box.left, 0) >= 1
            assert min(box.bottom, height) - max(box.top, 0) >= 1


def test_confidences_are_chances_and_landmarks_are_five_or_none(found, locator):
    assert 0 < locator.least_confidence < 1
    for box in (box for boxes in found for box in boxes):
        assert 0 <= box.confidence <= 1
        assert len(box.landmarks) in (0, 5)
        assert np.isfinite(box.landmarks).all()


def test_neighbours_in_a_batch_do_not_matter(found, locator, pictures):
    for picture, together in zip(pictures, found, strict=True):
        (alone,) = locator.locate([picture])
        assert len(alone) == len(together)
        np.testing.assert_allclose(numbers(alone), numbers(together), atol=1e-2)


def test_the_same_again_gives_the_same(found, locator, pictures):
    again = locator.locate(pictures)
    assert [len(boxes) for boxes in again] == [len(boxes) for boxes in found]
    for one, other in zip(again, found, strict=True):
        np.testing.assert_allclose(numbers(one), numbers(other), atol=1e-4)


def test_nothing_in_nothing_out(locator):
    assert locator.locate([]) == []
    assert locator.confirm([], []) == []


def test_small_faces_are_spared_on_demand(locator, pictures):
    assert locator.locate(pictures, min_face_px=200) == [[] for _ in pictures]


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40, 1), (13, 13), (9, 70)])
def test_tiny_pictures_are_answered(locator, shape):
    rows, columns = shape
    picture = np.random.default_rng(3).integers(0, 256, (rows, columns, 3), dtype=np.uint8)
    (boxes,) = locator.locate([picture])
    assert all(min(box.right, columns) > max(box.left, 0) for box in boxes)
    locator.confirm([picture], [FaceBox(0, 0, columns, rows, 1.0)])


def test_a_picture_may_be_a_view_of_another(locator, pictures):
    """Crops are slices of frames: not contiguous, and not to be written to."""
    view = pictures[0][::-1, 10:-10]
    view.flags.writeable = False
    (ours,), (copied,) = locator.locate([view]), locator.locate([view.copy()])
    np.testing.assert_allclose(numbers(ours), numbers(copied), atol=1e-3)


def test_what_is_confirmed_is_about_where_it_was_expected(locator, pictures):
    asked = [FaceBox(24, 12, 72, 78, 1.0), FaceBox(18, 12, 66, 78, 1.0), FaceBox(5, 5, 40, 40, 1.0)]
    answers = locator.confirm(pictures[:3], asked)
    assert len(answers) == 3
    for box, expected in zip(answers, asked, strict=True):
        assert box is None or overlap(box, expected) > 0.0 or locator.least_confidence > box.confidence


def test_one_picture_may_stand_several_times_beside_different_boxes(locator, pictures):
    asked = [FaceBox(24, 12, 72, 78, 1.0), FaceBox(60, 60, 90, 90, 1.0)]
    together = locator.confirm([pictures[0], pictures[0]], asked)
    alone = [locator.confirm([pictures[0]], [box])[0] for box in asked]
    for one, other in zip(together, alone, strict=True):
        assert (one is None) == (other is None)
        if one and other:
            np.testing.assert_allclose(numbers([one]), numbers([other]), atol=1e-2)


def test_nothing_is_confirmed_outside_the_picture(locator, pictures):
    (box,) = locator.confirm([pictures[0]], [FaceBox(400, 400, 460, 460, 1.0)])
    assert box is None or box.confidence < locator.least_confidence
