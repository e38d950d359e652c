"""The rules of dessa: squares, frames, probabilities."""

import numpy as np
import pytest

from detectors.systems.dessa.aggregation import decisions, probabilities, video_score
from detectors.systems.dessa.crops import Square, face_view, square_around
from detectors.systems.dessa.sampling import wanted_frames


def test_the_square_is_1_3_times_the_longer_side():
    assert square_around((100, 80, 200, 180), 640, 480) == Square(85, 65, 130)
    assert square_around((100.9, 80.9, 200.9, 150.9), 640, 480, compat="original") == Square(85, 50, 130)


def test_at_the_right_and_lower_edge_it_moves_back_where_the_original_shrinks():
    assert square_around((560, 400, 660, 500), 640, 480) == Square(510, 350, 130)
    assert square_around((560, 400, 660, 500), 640, 480, compat="original") == Square(545, 385, 95)


@pytest.mark.parametrize("compat", ["corrected", "original"])
def test_it_is_never_larger_than_the_frame(compat):
    assert square_around((10, 10, 111, 90), 120, 100, compat=compat) == Square(0, 0, 100)


def test_a_face_becomes_224_by_224_and_an_empty_box_nothing():
    frame = np.random.default_rng(1).integers(0, 256, (300, 300, 3), dtype=np.uint8)
    seen = face_view(frame, Square(10, 20, 224))
    assert seen is not None
    assert (seen == frame[20:244, 10:234]).all()
    assert face_view(frame, square_around((5, 5, 5, 5), 300, 300)) is None


@pytest.mark.parametrize(
    ("frames", "rate", "count"), [(0, 25.0, 0), (10, 25.0, 10), (500, 25.0, 32), (5000, 25.0, 200), (500, 0.0, 32)]
)
def test_one_frame_a_second_or_32_are_looked_at(frames: int, rate: float, count: int):
    wanted = wanted_frames(frames, rate)
    assert len(wanted) == len(set(wanted)) == count
    assert wanted == sorted(wanted)
    assert not wanted or (wanted[0], wanted[-1]) == (0, frames - 1)


def test_probabilities_are_the_second_share_of_the_softmax():
    logits = [[0.0, np.log(3.0)], [1000.0, -1000.0], [-1000.0, 1000.0]]
    assert probabilities(logits) == pytest.approx([0.75, 0.0, 1.0])
    assert video_score(logits) == pytest.approx(1.75 / 3)
    assert video_score(np.zeros((0, 2))) is None


def test_equal_logits_are_called_genuine():
    assert decisions([[0.0, 0.0], [0.0, 0.1], [0.1, 0.0]]).tolist() == [False, True, False]
