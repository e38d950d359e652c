"""Frames and faces of boken: which are looked at, how the square lies, what the networks see."""

import numpy as np
import pytest

from contracts.clips import FaceBox
from detectors.systems.boken.aggregation import video_score
from detectors.systems.boken.crops import batch_of, face_of, largest, square_around
from detectors.systems.boken.sampling import wanted_frames
from tests.support.footage import flat

FRAME = {"width": 640, "height": 480}


def test_15_positions_from_the_first_to_the_last_frame_cut_to_whole_numbers():
    # 299 / 14 = 21.357
    assert wanted_frames(300) == [0, 21, 42, 64, 85, 106, 128, 149, 170, 192, 213, 234, 256, 277, 299]


def test_a_short_video_is_read_whole_each_frame_once():
    assert wanted_frames(15) == list(range(15))
    assert wanted_frames(3) == [0, 1, 2]
    assert wanted_frames(1) == [0]
    assert wanted_frames(0) == wanted_frames(-1) == []


def test_the_largest_face_counts_and_the_first_among_equals():
    small, large, equal = FaceBox(0, 0, 9, 9, 1.0), FaceBox(0, 0, 5, 30, 0.7), FaceBox(0, 0, 30, 5, 0.9)
    assert largest([small, large, equal]) is large
    assert largest([]) is None


@pytest.mark.parametrize(
    ("box", "square"),
    [
        # side int(1.2 * 100) = 120, middle (150, 150): 150 - 60 = 90
        ((100.0, 110.0, 200.0, 190.0), (90, 90, 120)),
        # side int(1.2 * 50.9) = 61, half of it 30; middle floor(125.45) = 125 and floor(120.2) = 120
        ((100.0, 100.2, 150.9, 140.2), (95, 90, 61)),
        # at the upper left corner the square starts at 0 and keeps its side
        ((-20.0, 5.0, 80.0, 85.0), (0, 0, 120)),
        # at the right border it shrinks: 640 - 530 = 110
        ((540.0, 200.0, 640.0, 300.0), (530, 190, 110)),
        # at the lower border, too: 480 - 370 = 110
        ((300.0, 380.0, 400.0, 480.0), (290, 370, 110)),
        # in the lower right corner what is less decides: 640 - 580 = 60, 480 - 390 = 90
        ((590.0, 400.0, 690.0, 500.0), (580, 390, 60)),
    ],
)
def test_the_square_around_a_box(box, square):
    assert square_around(FaceBox(*box, confidence=0.9), **FRAME) == square


def test_the_face_is_cut_before_it_is_stretched():
    picture = flat(0, width_px=200, height_px=200)
    picture[40:160, 40:160] = 250
    face = face_of(picture, FaceBox(50.0, 50.0, 150.0, 150.0, 0.9))
    assert face is not None
    assert face.shape == (224, 224, 3)
    assert (face == 250).all()


def test_a_face_of_224_pixels_is_not_resampled():
    picture = np.random.default_rng(0).integers(0, 256, (300, 300, 3), dtype=np.uint8)
    face = face_of(picture, FaceBox(50.0, 50.0, 237.0, 237.0, 0.9))  # int(1.2 * 187) = 224; middle 143
    assert face is not None
    assert (face == picture[31:255, 31:255]).all()


def test_a_box_outside_the_picture_is_no_face():
    assert face_of(flat(0, width_px=50, height_px=50), FaceBox(80.0, 10.0, 90.0, 20.0, 0.9)) is None


def test_the_networks_see_values_from_0_to_1_in_rgb():
    picture = flat(0, width_px=224, height_px=224)
    picture[..., 0], picture[..., 2] = 255, 51
    batch = batch_of([picture])
    assert (batch.shape, batch.dtype) == ((1, 3, 224, 224), np.float32)
    assert batch[0, :, 5, 5].tolist() == pytest.approx([1.0, 0.0, 0.2])


def test_the_score_is_the_mean_over_the_networks_of_means_over_faces():
    assert video_score([np.array([0.2, 0.4]), np.array([0.6, 0.8]), np.array([0.5, 0.5])]) == pytest.approx(0.5)


@pytest.mark.parametrize(("probability", "score"), [(0.001, 0.01), (0.999, 0.99), (0.98, 0.98)])
def test_the_score_ends_at_one_and_99_hundredths(probability, score):
    assert video_score([np.array([probability])]) == pytest.approx(score)


def test_without_faces_there_is_no_score_and_the_original_says_one_half():
    assert video_score([np.zeros(0)] * 3) is None
    assert video_score([np.zeros(0)] * 3, compat="original") == 0.5


def test_networks_that_saw_other_faces_are_refused():
    with pytest.raises(ValueError, match="same faces"):
        video_score([np.array([0.9]), np.array([0.9, 0.1])])
