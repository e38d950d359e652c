"""A calibration fitted here is in force for exactly the weights it was fitted on, and refused by name for others."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from contracts.vocabulary import Reason
from detectors.calibration import Calibration
from detectors.calibration.false_alarms import FalseAlarms
from detectors.calibration.stored import StoredCalibration, in_force, path_of, write
from detectors.cards import DetectorCard, Thresholds, WeightsFile
from detectors.weights import availability_of
from stream_processors import members
from stream_processors.members import Member, members_of
from stream_processors.outcomes import _too_old
from tests.support.cases import a_score
from tests.support.detectors import a_card

CONTENT = b"some tensors"
OF_WEIGHTS = hashlib.sha256(CONTENT).hexdigest()


def a_fit(*, weights_sha256: str | None = OF_WEIGHTS, id: str = "fake-here") -> Calibration:
    return Calibration(
        id=id,
        method="beta",
        a=1.5,
        b=0.2,
        c=0.8,
        prior=0.5,
        fitted_on="made-up clips",
        fitted_at=datetime(2026, 1, 1, tzinfo=UTC),
        expires_at=datetime(2027, 1, 1, tzinfo=UTC),
        n_items=200,
        weights_sha256=weights_sha256,
    )


def a_stored(fit: Calibration, *, version: str = "1.0.0") -> StoredCalibration:
    told = {"measured": 0.01, "bound": 0.04, "items": 100, "sources": 40, "effective_items": 60.0, "hits": 0.5}
    return StoredCalibration(
        detector="fake",
        version=version,
        calibration=fit,
        thresholds=Thresholds(lower=0.4, upper=0.9, chosen_by="false alarms"),
        lower=FalseAlarms(limit=0.4, wanted=0.1, **told),
        upper=FalseAlarms(limit=0.9, wanted=0.02, **told),
        reported_on="5 folds",
        honesty=(),
        command="telltale calibrate",
    )


@pytest.fixture
def card(tmp_path: Path) -> DetectorCard:
    file = WeightsFile(file="w.safetensors", sha256=OF_WEIGHTS, bytes=len(CONTENT))
    card = a_card("fake", weights=(file,))
    (tmp_path / "fake").mkdir()
    (tmp_path / "fake" / file.file).write_bytes(CONTENT)
    assert availability_of(card, tmp_path).weights_sha256 == OF_WEIGHTS
    return card


def test_it_takes_the_place_of_the_card_with_its_thresholds(card: DetectorCard, tmp_path: Path):
    stored = a_stored(a_fit(), version=card.spec.version)
    assert write(stored, tmp_path) == path_of("fake", tmp_path)
    found = in_force(card, tmp_path)
    assert found.origin == "here"
    assert found.calibration == stored.calibration
    assert found.card.thresholds == stored.thresholds
    assert "fake-here" in found.detail
    assert "to be renewed by 2027-01-01" in found.detail


def test_that_of_other_weights_is_refused_by_name(card: DetectorCard, tmp_path: Path):
    write(a_stored(a_fit(weights_sha256="f" * 64), version=card.spec.version), tmp_path)
    found = in_force(card, tmp_path)
    assert found.calibration == card.calibration
    assert found.origin != "here"
    assert f"fitted on the weights ffffffff, those of fake here are {OF_WEIGHTS[:8]}" in found.detail


@pytest.mark.parametrize(
    ("fit", "version", "told"),
    [
        (a_fit(), "99.0", "was fitted on fake 99.0"),
        (a_fit(weights_sha256=None), None, "does not say which weights"),
    ],
)
def test_that_of_another_version_or_of_nobody_is_refused(
    fit: Calibration, version: str | None, told: str, card: DetectorCard, tmp_path: Path
):
    write(a_stored(fit, version=version or card.spec.version), tmp_path)
    assert told in in_force(card, tmp_path).detail
    assert in_force(card, tmp_path).origin != "here"


def test_a_broken_file_is_named_and_not_used(card: DetectorCard, tmp_path: Path):
    path_of("fake", tmp_path).write_text('{"format": 1}')
    found = in_force(card, tmp_path)
    assert found.origin != "here"
    assert "cannot be read as a calibration" in found.detail


def test_beside_no_weights_the_scores_tell_whose_they_are(card: DetectorCard, tmp_path: Path, monkeypatch):
    (tmp_path / "fake" / "w.safetensors").unlink()
    write(a_stored(a_fit(), version=card.spec.version), tmp_path)
    monkeypatch.setattr(members.detectors, "card", lambda _name: card)
    (member,) = members_of(["fake"], tmp_path)
    assert member.calibration == a_fit()
    assert member.thresholds == (0.4, 0.9)
    score = a_score([0.4], detector="fake")
    own = {"detector_version": card.spec.version, "untrained": False}
    assert member.is_calibrated_for(score.model_copy(update={**own, "weights_sha256": OF_WEIGHTS}))
    assert not member.is_calibrated_for(score.model_copy(update={**own, "weights_sha256": "f" * 64}))


def test_without_a_folder_the_card_counts():
    (member,) = members_of(["telltale"])
    assert member.calibration is not None


def test_after_its_day_it_is_named_as_too_old():
    score = a_score([0.4], detector="fake")
    member = Member(name="fake", version="1", calibration=a_fit())
    before, after = (score.model_copy(update={"scored_at": datetime(year, 6, 1, tzinfo=UTC)}) for year in (2026, 2027))
    assert _too_old(member, before) is None
    problem = _too_old(member, after)
    assert problem is not None
    assert problem.reason is Reason.CALIBRATION_MISSING
