"""The command line: quick help, one sentence per mistake, never a traceback."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
COMMANDS = ("scan", "evaluate", "up", "status", "submit", "watch", "dashboard", "doctor", "demo", "detectors", "bench")
COMMANDS += ("train", "runs", "dead-letters", "reconcile")


def telltale(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "telltale", *arguments],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "200", **env},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_help_names_every_command():
    said = telltale("--help").stdout
    assert [command for command in COMMANDS if command not in said] == []


def test_help_loads_nothing_heavy():
    program = (
        "import sys\n"
        "import telltale.cli\n"
        "heavy = {'torch', 'av', 'cv2', 'kafka', 'numpy', 'faust', 'streamlit', 'pydantic'}\n"
        "sys.exit(', '.join(heavy & sys.modules.keys()) or 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence", "code"),
    [
        (("scan", "nowhere.mp4"), "No such file or folder: nowhere.mp4", 2),
        (("submit", "pyproject.toml"), "Nothing runs in", 1),
        (("watch",), "Nothing runs in", 1),
        (("dead-letters", "list"), "Nothing runs in", 1),
        (("dead-letters", "list", "--stage", "nobody"), "No stage is called 'nobody'; known: ingest, extract", 2),
        (("dead-letters", "list", "--since", "soon"), "--since understands 30m, 2h, 3d or a date", 2),
        (("dead-letters", "replay"), "Say which letters: ids, --stage,", 2),
        (("dead-letters", "drop", "--all", "--because", " "), "A letter is dropped for a reason", 2),
        (("reconcile",), "There is no read model in", 1),
        (("detectors", "show", "nobody"), "'nobody' is not a detector; known:", 1),
        (("detectors", "fetch", "dessa", "nowhere.pth"), "there is no file or folder nowhere.pth", 1),
        (("detectors", "fetch", "dessa", "README.md"), "README.md (as best_model.pth) cannot be used: it is not", 1),
        (("up", "--detectors", "nobody"), "No detector is called nobody; known:", 2),
        (("up", "--bucket", "."), "must not lie inside the watched bucket", 2),
    ],
)
def test_a_mistake_is_one_sentence(tmp_path: Path, arguments: tuple[str, ...], sentence: str, code: int):
    home = str(ROOT / ".telltale-of-no-one") if "--bucket" in arguments else str(tmp_path)
    done = telltale(*arguments, TELLTALE_HOME=home, KAFKA_BOOTSTRAP_SERVERS="")
    assert sentence in done.stderr
    assert done.stderr.startswith("telltale: ")
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""
    assert done.returncode == code


def test_the_place_of_a_mistake_is_shown_on_demand(tmp_path: Path):
    done = telltale("detectors", "show", "nobody", TELLTALE_HOME=str(tmp_path), TELLTALE_DEBUG="1")
    assert "Traceback" in done.stderr
    assert done.returncode == 1


def test_status_is_json_even_where_nothing_ran(tmp_path: Path):
    done = telltale("status", "--home", str(tmp_path), "--json")
    assert json.loads(done.stdout)["ready"] is False
    assert done.returncode == 1
    assert done.stderr == ""


def test_an_unset_kafka_address_and_an_empty_one_are_the_same(tmp_path: Path):
    done = telltale("watch", "--home", str(tmp_path), KAFKA_BOOTSTRAP_SERVERS="")
    assert "telltale up" in done.stderr
