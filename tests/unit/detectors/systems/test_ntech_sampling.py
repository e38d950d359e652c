"""Which frames and samples ntech looks at."""

import math

import pytest

from detectors.systems.ntech.sampling import face_samples, sequence_samples, step_of


@pytest.mark.parametrize(
    ("rate", "step"),
    [(30, 2), (29.97, 2), (25, 2), (24, 2), (23.976, 2), (60, 4), (59.94, 4), (22, 1), (15, 1), (8, 1), (7, 0), (0, 0)],
)
def test_the_original_cuts_the_decimals_off_and_rounds_halves_to_the_even_number(rate: float, step: int):
    assert step_of(rate, compat="original") == step


@pytest.mark.parametrize(("rate", "step"), [(30, 2), (29.97, 2), (22.5, 2), (7, 1), (0, 1), (math.nan, 1)])
def test_every_video_has_frames(rate: float, step: int):
    assert step_of(rate) == step


@pytest.mark.parametrize(("length", "starts"), [(6, []), (7, [0]), (20, [0]), (21, [0, 14]), (35, [0, 14, 28])])
def test_sequences_of_seven_start_every_fourteen_frames_while_they_fit(length: int, starts: list[int]):
    samples = sequence_samples(length)
    assert [sample.first for sample in samples] == starts
    assert [sample.boxed - sample.first for sample in samples] == [3] * len(starts)
    assert [sample.mirrored for sample in samples] == [True, False, True][: len(starts)]


def test_the_frame_networks_take_turns_and_each_sees_mirrored_and_plain_faces():
    samples = face_samples(13)
    assert [sample.position for sample in samples] == [0, 2, 4, 6, 8, 10, 12]
    assert [sample.mirrored for sample in samples] == [True, False, True, False, True, False, True]
    wide, close = "frame_wide", "frame_close"
    assert [sample.member for sample in samples] == [wide, wide, close, close, wide, wide, close]
    assert face_samples(0) == []
