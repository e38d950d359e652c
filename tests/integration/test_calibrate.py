"""``telltale calibrate`` scores real clips by the code of the evaluation, and says how many more it needs."""

from pathlib import Path

import pytest

from telltale.calibrate import Wish, run
from telltale.errors import CommandFailed
from tests.support.parts import MEDIA

CLIPS = "FuxiVirtualHuman__styletalk__style_clips__video__{}.mp4"
# Genuine clips all: what is tested is the way of their scores, for which any truth will do.
LABELLED = {
    "sadgirl_clip1": "real",
    "vscodehappy_clip1": "real",
    "surprisegirl_clip2": "fake",
    "sadfather_clip1": "fake",
}


@pytest.mark.media
def test_clips_are_scored_as_the_evaluation_does_and_too_few_are_counted(tmp_path: Path):
    rows = [f"{MEDIA / 'real' / CLIPS.format(clip)},{label},{clip}" for clip, label in LABELLED.items()]
    manifest = tmp_path / "clips.csv"
    manifest.write_text("\n".join(["path,label,source", *rows]) + "\n")
    with pytest.raises(CommandFailed) as why:
        run([str(manifest)], Wish(detector="telltale", home=tmp_path / "home"))
    told = str(why.value)
    assert "8 more genuine items (there are 2 of 10)" in told
    assert "2 more identities of manipulated items (there are 2 of 4)" in told
    assert len(list((tmp_path / "home" / "evaluation-scores").rglob("*.jsonl"))) == len(LABELLED)
