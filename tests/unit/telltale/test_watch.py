"""Events are shown as they come, to people as lines and to programs as the messages that they are."""

import json

import pytest

from contracts.codec import encode
from telltale.watch import show
from tests.support.verdicts import a_dead_letter, a_verdict


def test_programs_get_the_message_itself(capsys: pytest.CaptureFixture[str]):
    show(a_verdict(), as_json=True)
    assert json.loads(capsys.readouterr().out) == json.loads(encode(a_verdict()))


def test_people_get_a_line(capsys: pytest.CaptureFixture[str]):
    show(a_verdict(raw=0.99), as_json=False)
    show(a_dead_letter(), as_json=False)
    verdict, letter = capsys.readouterr().out.splitlines()
    assert "clip.mp4  Final: Likely manipulated" in verdict
    assert "set aside by extract: the decoder took more memory than it may" in letter
