"""A founding system's published pipeline runs on a real video, and says what it stands on."""

from pathlib import Path

import pytest

from contracts.errors import DetectorUnavailable
from telltale.errors import CommandFailed
from telltale.original_score import original_score, run
from tests.support.short_clips import a_face_clip


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("original") / "clip.mp4"
    path.write_bytes(a_face_clip(frames=6))
    return path


def test_a_face_is_found_and_scored_by_the_published_rules(clip: Path, tmp_path: Path):
    score = original_score("dessa", clip, weights=tmp_path, compat="original", random_weights=True)
    assert score.untrained
    assert score.published.value is not None
    assert 0.0 <= score.published.value <= 1.0
    assert score.published.faces == 6
    assert "histogram" in score.finder, "nobody may think that dlib found these faces"
    again = original_score("dessa", clip, weights=tmp_path, compat="original", random_weights=True)
    assert again.as_object() == score.as_object()


def test_untrained_numbers_are_marked_where_they_are_shown(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    run("dessa", clip, tmp_path, compat="corrected", random_weights=True, as_json=False)
    assert "untrained" in capsys.readouterr().out


def test_without_weights_there_is_no_number(clip: Path, tmp_path: Path):
    with pytest.raises(DetectorUnavailable, match="telltale detectors fetch dessa"):
        original_score("dessa", clip, weights=tmp_path, compat="original", random_weights=False)


def test_only_founding_systems_have_a_published_pipeline(clip: Path, tmp_path: Path):
    with pytest.raises(CommandFailed, match="no published pipeline"):
        original_score("telltale", clip, weights=tmp_path, compat="original", random_weights=True)


def test_what_is_no_video_is_one_sentence(tmp_path: Path):
    notes = tmp_path / "notes.txt"
    notes.write_text("nothing to see here\n" * 20)
    with pytest.raises(CommandFailed, match=r"notes\.txt cannot be scored"):
        run("dessa", notes, tmp_path, compat="original", random_weights=True, as_json=True)
