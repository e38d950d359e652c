"""The demo passes only if each file got its right kind of outcome."""

from pathlib import Path

import pytest

from contracts.messages import DeadLetter, MediaVerdict
from contracts.vocabulary import Reason
from ingest import sample_media
from telltale.demo import EXPECTED, report
from telltale.outcomes import Outcome
from tests.support.verdicts import a_dead_letter, a_verdict

RIGHT: dict[str, MediaVerdict | DeadLetter] = {
    sample_media.GENUINE: a_verdict(raw=0.01),
    sample_media.SWAPPED: a_verdict(raw=0.99),
    sample_media.PICTURE: a_verdict(raw=0.01),
    sample_media.NO_FACE: a_verdict(raw=None, reason=Reason.NO_FACE),
    sample_media.CORRUPT: a_verdict(raw=None, reason=Reason.DECODE_ERROR),
}
FILES = [Path(name) for name in RIGHT]


def outcomes_with(**changed: MediaVerdict | DeadLetter) -> list[Outcome]:
    return [Outcome(path=name, news=news) for name, news in {**RIGHT, **changed}.items()]


def test_five_right_outcomes_pass():
    assert report(outcomes_with(), FILES, EXPECTED) == 0


def test_a_dead_letter_is_right_for_a_file_that_cannot_be_read():
    assert report(outcomes_with(**{sample_media.CORRUPT: a_dead_letter()}), FILES, EXPECTED) == 0


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        (sample_media.GENUINE, a_verdict(raw=0.99)),
        (sample_media.GENUINE, a_verdict(raw=None, reason=Reason.NO_FACE)),
        (sample_media.SWAPPED, a_verdict(raw=0.01)),
        (sample_media.PICTURE, a_dead_letter()),
        (sample_media.NO_FACE, a_verdict(raw=0.01)),
        (sample_media.NO_FACE, a_verdict(raw=None, reason=Reason.DECODE_ERROR)),
        (sample_media.CORRUPT, a_verdict(raw=0.01)),
        (sample_media.CORRUPT, a_verdict(raw=None, reason=Reason.NO_FACE)),
    ],
)
def test_one_wrong_outcome_fails_and_is_named(
    name: str, wrong: MediaVerdict | DeadLetter, capsys: pytest.CaptureFixture[str]
):
    assert report(outcomes_with(**{name: wrong}), FILES, EXPECTED) == 1
    assert f"{name}: expected" in capsys.readouterr().out


def test_a_missing_outcome_fails():
    assert report(outcomes_with()[1:], FILES, EXPECTED) == 1


def test_given_files_need_an_outcome_of_any_kind():
    assert report([Outcome(path="a.mp4", news=a_dead_letter())], [Path("a.mp4")], {}) == 0
    assert report([], [Path("a.mp4")], {}) == 1
