"""Before something is sent: lists are read as they are, times and applicability come from the cards."""

from pathlib import Path

import pytest

import detectors
from dashboard import asking, listed_keys


def test_a_list_names_each_key_once_as_it_is():
    assert listed_keys.keys_in("\ufeffa b.mp4\r\n\n  spaced.mp4 \na b.mp4\n") == ["a b.mp4", "  spaced.mp4 "]
    with pytest.raises(ValueError, match="may name 10000"):
        listed_keys.keys_in("\n".join(f"{number}.mp4" for number in range(10_001)))


def test_every_detector_says_what_it_needs_and_takes(tmp_path: Path):
    rows = {row[0]: row for row in asking.rows(detectors.names(), tmp_path)}
    assert set(rows) == set(detectors.names())
    assert rows["telltale"][1:3] == ("face swap, lip sync", "pictures and videos with a face of 48 px or more")
    assert "pictures in a row" in rows["medics"][2]
    assert rows["mesonet"][4] == "weights missing"


def test_the_time_is_that_of_the_card():
    card = detectors.card("telltale")
    assert card.cost is not None
    per_clip_ms = card.cost.ms_per_clip[max(card.cost.ms_per_clip)]
    seconds = 60 * card.spec.demand.frames_per_second * per_clip_ms / 1000
    assert asking.time_words(card) == f"about {seconds:.0f} s"
