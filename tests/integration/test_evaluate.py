"""An evaluation from the command line: real clips in, a report that says how it was made out, scored once."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.media import a_picture
from tests.support.parts import MEDIA, ROOT

pytestmark = pytest.mark.timeout(600)
REAL = (
    "FuxiVirtualHuman__styletalk__style_clips__video__surprisegirl_clip2.mp4",
    "FuxiVirtualHuman__styletalk__style_clips__video__vscodehappy_clip1.mp4",
)
FAKE = ("X-LANCE__AniTalker__lianliru_hubert__girl-lianliru.mp4",)


def evaluate(*arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "telltale", "evaluate", *arguments, "--home", str(home)],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "160", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=540,
    )


@pytest.mark.media
def test_real_clips_give_a_report_and_are_scored_once(tmp_path: Path):
    lines = [f"{MEDIA / 'real' / name},real,{name}," for name in REAL]
    lines += [f"{MEDIA / 'fake' / name},fake,{name},talking head" for name in FAKE]
    (tmp_path / "text.mp4").write_text("no video")
    lines.append("text.mp4,fake,text,")
    manifest = tmp_path / "manifest.csv"
    manifest.write_text("\n".join(["path,label,source,family", *lines]))
    asked = (
        str(manifest),
        "--detectors",
        "telltale,mesonet",
        "--random-weights",
        "--robustness",
        "quick",
        "--limit",
        "1",
    )
    first = evaluate(*asked, "--out", str(tmp_path / "first"), "--json", home=tmp_path / "home")
    assert first.returncode == 0, first.stderr
    report = json.loads(first.stdout)
    assert report == json.loads((tmp_path / "first" / "report.json").read_text())
    item = report["levels"]["item"]["telltale"]
    assert (item["rows"], item["covered"], item["calibrated"]) == (4, 3, True)
    assert item["figures"]["auc"]["value"] is not None
    assert report["levels"]["clip"]["telltale"]["rows"] > 30
    assert set(report["robustness"]) == {"h264-crf23", "h264-crf32", "h264-crf40", "size-0.5"}
    assert report["robustness"]["h264-crf23"]["fusion"]["scored_in_both"] == 1

    earlier = ("--against", str(tmp_path / "first" / "report.json"))
    second = evaluate(*asked, *earlier, "--out", str(tmp_path / "second"), home=tmp_path / "home")
    assert second.returncode == 0, second.stderr
    # The file that is no video was looked at and remembered as well.
    assert "8 of 8 files were scored before" in second.stderr
    again = json.loads((tmp_path / "second" / "report.json").read_text())
    assert {**again, "facts": None, "against": None} == {**report, "facts": None}
    assert (again["against"]["flips"], again["against"]["files_in_both"]) == ([], 4)
    assert {one["change"] for one in again["against"]["figures"]} == {0.0}
    assert_the_files_say_how_they_were_made(tmp_path / "second")


def assert_the_files_say_how_they_were_made(folder: Path) -> None:
    facts = json.loads((folder / "report.json").read_text())["facts"]
    page, table = (folder / "report.html").read_text(), (folder / "scores.csv").read_text()
    weights = [one["weights_sha256"] for one in facts["detectors"] if one["weights_sha256"]]
    told = (facts["manifest_sha256"], facts["made_at"], facts["versions"]["torch"], "--random-weights", *weights)
    assert len(weights) == 1
    assert [fact for fact in told if fact not in page] == []
    assert [fact for fact in told if fact not in table] == []
    rows = list(csv.DictReader(line for line in table.splitlines() if not line.startswith("#")))
    assert {row["level"] for row in rows} == {"item", "track", "clip"}
    assert {row["variant"] for row in rows} == {"", "h264-crf23", "h264-crf32", "h264-crf40", "size-0.5"}


def test_mistakes_are_one_sentence(tmp_path: Path):
    manifest = tmp_path / "manifest.csv"
    picture = a_picture(tmp_path / "a.jpg")
    manifest.write_text("path,label\na.jpg,perhaps\n")
    for arguments, sentence in (
        ([str(manifest)], "line 2: the label is 'perhaps', not one of real, 0, fake, 1"),
        (["manifest-of-no-one.csv"], "manifest-of-no-one.csv: cannot be read: No such file or directory"),
        ([f"real:{picture}", f"fake:{tmp_path}"], "a.jpg is named more than once"),
        ([f"real:{picture}", "--robustness", "blurr"], "No copy is called 'blurr'; there are quick, all, h264-crf23"),
        ([f"real:{picture}", "--against", str(manifest)], "cannot be read as a report"),
        ([f"real:{picture}", "--split", "test"], "No item is of the split 'test'"),
        ([f"real:{tmp_path}/nowhere"], "No such file or folder"),
    ):
        done = evaluate(*arguments, home=tmp_path / "home")
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith("telltale: ")
        assert sentence in done.stderr
    assert not (tmp_path / "home").exists()
