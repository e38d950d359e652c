from collections.abc import Iterator

import numpy as np
import pytest

from contracts.clips import FaceBox
from contracts.demands import CropDemand
from ingest.crop_bundles import pack, unpack
from ingest.extraction import ExtractionRules, extract
from ingest.face_locators.mtcnn import MtcnnFaceLocator
from ingest.face_tracks import overlap
from tests.support.media import a_picture, a_video, astronaut, astronauts

FACE = FaceBox(172, 61, 277, 201, 1.0)


@pytest.fixture(scope="module")
def locator() -> Iterator[MtcnnFaceLocator]:
    import torch

    threads = torch.get_num_threads()
    yield MtcnnFaceLocator.load(torch_threads=1)
    torch.set_num_threads(threads)


def test_the_astronaut_is_found_where_she_is(locator):
    (boxes,) = locator.locate([astronaut()])
    assert overlap(boxes[0], FACE) > 0.6
    assert boxes[0].confidence > 0.99
    right_eye, left_eye, nose, *mouth = boxes[0].landmarks
    assert right_eye[0] < nose[0] < left_eye[0]
    assert all(y > nose[1] > right_eye[1] for _, y in mouth)


def test_it_agrees_with_the_published_cascade(locator):
    """The same networks behind facenet-pytorch's own pyramid and cut-outs."""
    from facenet_pytorch import MTCNN

    picture = astronauts(640, 360, [(20, 20), (250, 150), (450, 60)])
    boxes, chances = MTCNN(keep_all=True, min_face_size=14).detect(picture)
    theirs = [FaceBox(*map(float, b), confidence=float(c)) for b, c in zip(boxes, chances, strict=True) if c > 0.9]
    ours = [box for box in locator.locate([picture])[0] if box.confidence > 0.9]
    assert len(ours) == len(theirs) == 3
    assert all(max(overlap(one, other) for other in theirs) > 0.8 for one in ours)


def test_neighbours_in_a_batch_do_not_matter(locator):
    pictures = [astronauts(400, 300, [(100, 60)], shift=n) for n in (0, 30)] + [np.zeros((300, 400, 3), np.uint8)]
    together = locator.locate([*pictures, astronaut()])
    alone = [locator.locate([picture])[0] for picture in [*pictures, astronaut()]]
    for one, other in zip(together, alone, strict=True):
        assert [box.left for box in one] == pytest.approx([box.left for box in other], abs=0.5)
        assert [box.confidence for box in one] == pytest.approx([box.confidence for box in other], abs=1e-3)


@pytest.mark.parametrize("shape", [(1, 1), (5, 400), (13, 13), (20, 20)])
def test_tiny_pictures_hold_no_face(locator, shape):
    assert locator.locate([np.zeros((*shape, 3), np.uint8)]) == [[]]


def test_nothing_in_nothing_out(locator):
    assert locator.locate([]) == []
    assert locator.confirm([], []) == []


def test_a_face_near_the_expected_place_is_confirmed_and_straightened(locator):
    shifted = FaceBox(FACE.left + 25, FACE.top - 20, FACE.right + 25, FACE.bottom - 20, 1.0)
    (box,) = locator.confirm([astronaut()], [shifted])
    assert box is not None
    assert overlap(box, FACE) > 0.6
    assert len(box.landmarks) == 5


@pytest.mark.parametrize(
    "expected", [FaceBox(20, 350, 120, 470, 1.0), FaceBox(700, 700, 800, 800, 1.0), FaceBox(-90, -90, -10, -10, 1.0)]
)
def test_no_face_is_confirmed_where_there_is_none(locator, expected):
    (box,) = locator.confirm([astronaut()], [expected])
    assert box is None or box.confidence < 0.9


def extracted(path, locator, **demand):
    demands = [CropDemand(detector="d", min_frames=8, **demand)]
    (chunk,) = extract(path, media_id="m", demands=demands, locator=locator, rules=ExtractionRules())
    return chunk


def test_a_video_of_two_astronauts_gives_two_tracks(locator, tmp_path):
    path = a_video(
        tmp_path / "two.mp4", frames=50, scene=lambda n: astronauts(640, 360, [(20, 60), (350, 80)], shift=n)
    )
    chunk = extracted(path, locator)
    assert [track.face_frames for track in chunk.snapshot.tracks] == [8, 8]
    assert len(chunk.clips["d"]) == 16
    assert chunk.snapshot.quality.sharpness_p5 > 50
    assert chunk.snapshot.quality.located_frames <= 4


def test_a_crowd_of_thirty_is_capped(locator, tmp_path):
    corners = [(10 + 165 * (n % 6), 10 + 165 * (n // 6)) for n in range(30)]
    path = a_picture(tmp_path / "crowd.png", astronauts(1010, 840, corners), form="PNG")
    chunk = extracted(path, locator)
    assert len(chunk.crops) == 16
    assert "30 faces" in chunk.snapshot.problems[0].detail


def test_a_lying_phone_picture_is_turned_before_the_search(locator, tmp_path):
    path = a_picture(tmp_path / "phone.jpg", np.ascontiguousarray(np.rot90(astronaut(), 1)), orientation=6)
    assert len(extracted(path, locator).crops) == 1


def test_a_small_face_in_a_large_frame_is_not_missed(locator, tmp_path):
    """32 px of 1920: nothing is left of it at 640."""
    scene = astronauts(1920, 1080, [(900, 500)], scale=0.3)
    chunk = extracted(a_picture(tmp_path / "far.png", scene, form="PNG"), locator, min_face_px=20)
    assert len(chunk.crops) == 1


def test_followed_faces_keep_their_five_landmarks_up_to_the_bundle(locator, tmp_path):
    """Every crop of a densely sampled video can be aligned, however its face was found."""
    path = a_video(tmp_path / "walk.mp4", frames=26, scene=lambda n: astronauts(480, 270, [(60, 40)], shift=3 * n))
    chunk = extracted(path, locator, frames_per_second=25.0, clip_length=13)
    assert chunk.snapshot.quality.located_frames <= 4
    crops = unpack(pack(chunk.crops))
    assert len(crops) == 26
    for crop in crops:
        assert len(crop.box.landmarks) == 5
        (one_eye, other_eye, nose, *mouth), box = crop.box.landmarks, crop.box
        assert box.left < one_eye[0] < nose[0] < other_eye[0] < box.right
        assert all(box.top < one_eye[1] < nose[1] < y < box.bottom for _, y in mouth)
    noses = [crop.origin[0] + crop.box.landmarks[2][0] for crop in crops]
    assert np.diff(noses) == pytest.approx([3.0] * 25, abs=2.5)
