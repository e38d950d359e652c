"""Which frames selimsef looks at."""

import pytest

from detectors.systems.selimsef.sampling import read_frames, wanted_frames


def test_32_positions_from_the_first_to_the_last_frame():
    wanted = wanted_frames(300)
    assert (len(wanted), wanted[0], wanted[-1]) == (32, 0, 299)
    assert wanted[1] == 9  # 299 / 31 = 9.6


@pytest.mark.parametrize("count", [0, -1])
def test_no_frames_give_no_positions(count):
    assert wanted_frames(count) == read_frames(count) == read_frames(count, compat="original") == []


def test_a_short_video_is_read_whole_and_the_original_reads_its_first_frame():
    assert read_frames(31) == list(range(31))
    assert read_frames(31, compat="original") == [0]


@pytest.mark.parametrize("count", [32, 33, 100, 9000])
def test_from_32_frames_on_both_read_the_same(count):
    assert read_frames(count) == read_frames(count, compat="original") == wanted_frames(count)
