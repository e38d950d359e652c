"""What the command shows of verdicts and dead letters, to programs and to people."""

import io
import json

from rich.console import Console

from contracts.vocabulary import Reason, Verdict
from telltale.outcomes import Outcome, as_object, line_of, table_of
from tests.support.verdicts import a_dead_letter, a_verdict

NAMES_OTHERS_RELY_ON = {"path", "media_id", "verdict", "reasons", "probability", "detectors", "tracks"}


def test_a_verdict_becomes_one_flat_object():
    body = as_object(Outcome(path="in/a.mp4", news=a_verdict(raw=0.99)))
    assert body.keys() >= NAMES_OTHERS_RELY_ON
    assert (body["path"], body["verdict"]) == ("in/a.mp4", Verdict.LIKELY_MANIPULATED)
    assert body["probability"]["low"] <= body["probability"]["value"] <= body["probability"]["high"]
    assert [(d["name"], d["status"], d["raw"]) for d in body["detectors"]] == [("alpha", "scored", 0.99)]
    assert json.loads(json.dumps(body, allow_nan=False)) == body


def test_without_a_score_there_is_no_number_and_the_reason_comes_with_advice():
    body = as_object(Outcome(path="a.mp4", news=a_verdict(raw=None, reason=Reason.NO_FACE)))
    assert (body["verdict"], body["probability"]) == ("not_assessed", None)
    assert "no_face" in body["reasons"]
    assert len(body["advice"]) == len(body["reasons"])
    assert all(body["advice"])
    assert "Measured so." in body["problems"][0]["detail"]


def test_a_dead_letter_is_an_object_with_the_same_names_and_no_verdict():
    body = as_object(Outcome(path="a.mp4", news=a_dead_letter()))
    assert body.keys() >= NAMES_OTHERS_RELY_ON
    assert (body["verdict"], body["probability"], body["reasons"]) == (None, None, ["decoder_killed"])
    assert body["dead_letter"]["stage"] == "extract"


def test_people_read_words_and_frequencies():
    console = Console(file=io.StringIO(), width=160)
    outcomes = [
        Outcome(path="[b]fake[/b].mp4", news=a_verdict(raw=0.99)),
        Outcome(path="empty.mp4", news=a_verdict(raw=None, reason=Reason.NO_FACE)),
        Outcome(path="bomb.png", news=a_dead_letter()),
    ]
    console.print(table_of(outcomes))
    assert isinstance(console.file, io.StringIO)
    lines = console.file.getvalue().splitlines()
    assert "[b]fake[/b].mp4" in lines[1]
    assert "Likely manipulated" in lines[1]
    assert "in 100" in lines[1]
    assert "Not assessed — no face found" in lines[2]
    assert "in 100" not in lines[2]
    assert "Set aside — decoder_killed" in lines[3]


def test_untrained_detectors_are_marked_to_programs_and_to_people():
    outcome = Outcome(path="a.mp4", news=a_verdict(raw=0.99, untrained="wild"))
    body = as_object(outcome)
    assert [(d["name"], d["untrained"], d["calibrated"] is None) for d in body["detectors"]] == [
        ("alpha", False, False),
        ("wild", True, True),
    ]
    assert "Untrained weights (wild)" in body["sentence"]
    assert (body["verdict"], body["ensemble"]["used"]) == ("likely_manipulated", ["alpha"])
    console = Console(file=io.StringIO(), width=160)
    console.print(table_of([outcome]))
    assert isinstance(console.file, io.StringIO)
    said = console.file.getvalue()
    assert "wild 0.50 untrained" in said
    assert "alpha 0.99 untrained" not in said
    assert line_of(a_verdict(raw=0.99, untrained="wild")).endswith("(untrained: wild)")
    assert "untrained" not in line_of(a_verdict(raw=0.99))


def test_an_event_is_one_line():
    line = line_of(a_verdict(raw=0.99))
    assert "clip.mp4" in line
    assert "Final: Likely manipulated" in line
    assert "\n" not in line
