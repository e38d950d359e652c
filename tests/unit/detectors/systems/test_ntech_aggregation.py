"""How ntech makes one score of many probabilities."""

import pytest

from detectors.systems.ntech.aggregation import score_of, sharpened, video_score


def test_probabilities_move_away_from_one_half():
    # 0.25 ** 0.65 = 0.406126, 0.4 ** 0.65 = 0.551228
    assert sharpened([0.75, 0.25, 0.5, 0.9, 0.0]) == pytest.approx([0.906126, 0.093874, 0.5, 0.99, 0.01], abs=1e-6)


def test_one_sure_sample_outweighs_many_undecided_ones():
    assert score_of([0.5] * 16 + [0.99]) == pytest.approx(0.988, abs=5e-4)


def test_the_weight_is_the_distance_before_sharpening():
    # (0.906126 * 0.2501 + 0.01 * 0.5001) / 0.7502
    assert score_of([0.75, 0.0]) == pytest.approx(0.308750, abs=1e-5)


def test_no_samples_are_no_score_and_one_half_in_the_original():
    assert video_score([]) is None
    assert video_score([], compat="original") == 0.5
    assert video_score([0.75]) == pytest.approx(0.906126, abs=1e-6)
    with pytest.raises(ValueError, match="no samples"):
        score_of([])
