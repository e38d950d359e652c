"""Every page of the model owner draws without an error, empty and filled, and shows what was put in."""

import json
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from contracts.vocabulary import Verdict
from dashboard.access import KeyStore, Role
from dashboard.models.alarm_book import AlarmBook
from dashboard.models.drift_alarms import Alarm, Raised
from dashboard.read_model import ReadModelWriter, open_engine
from dashboard.views.evaluations import kept_reports
from detectors.training.runs.run_record import Artefacts, write_record
from tests.support.items import NOON, a_probability, a_result, a_verdict, an_upload
from tests.support.pages import drawn, words_of
from tests.support.run_records import a_config, a_record
from tests.support.verdicts import a_verdict as a_judged_verdict

PAGES = ("drift", "evaluations", "experiments", "labels", "policy")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TELLTALE_HOME", str(tmp_path))
    monkeypatch.setenv("TELLTALE_BUCKET", str(tmp_path / "bucket"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("page", PAGES)
def test_an_empty_install_says_what_is_missing(home: Path, page: str):
    app = drawn(page)
    assert not app.error
    assert not app.warning


def test_drift_is_told_where_scores_have_shifted(home: Path):
    writer = ReadModelWriter(open_engine(f"sqlite:///{home / 'read_model.sqlite'}"))
    rng = np.random.default_rng(1)
    for at in range(200):
        score = float(rng.beta(5, 2) if at >= 100 else rng.beta(2, 5))
        upload = an_upload(f"c{at}.mp4", at=NOON + timedelta(minutes=at))
        verdict = a_verdict(
            upload, Verdict.INCONCLUSIVE, detectors=[a_result(calibrated=score)], probability=a_probability(0.5)
        )
        writer.apply([upload, verdict])
    app = drawn("drift")
    assert "Not enough items yet" in words_of(app), "250 on each side are asked for at first"
    words = words_of(app.selectbox[0].select(100).run())
    assert "scores have shifted" in words
    assert "inconclusive" in words
    assert "c199.mp4" in words_of(drawn("labels"))


def test_a_kept_alarm_is_shown_and_can_be_acknowledged(home: Path):
    engine = open_engine(f"sqlite:///{home / 'read_model.sqlite'}")
    figures = {"now": 250.0, "before": 250.0, "stability": 0.41}
    AlarmBook(engine).update([Raised(subject="telltale", alarm=Alarm.SHIFTED, figures=figures)], now_s=1_000_000.0)
    app = drawn("drift")
    app.session_state["presented_key"] = KeyStore(engine).create("Vera", Role.VIEWER)
    assert "An analyst can acknowledge alarms" in words_of(app.run())
    assert not app.button
    app = drawn("drift")
    assert "**telltale**: scores have shifted (stability index 0.41" in words_of(app)
    assert "nobody yet" in words_of(app)
    app.text_input[0].set_value("new camera")
    app.text_input[1].set_value("Anna")
    app = app.button[0].click().run()
    assert not app.exception
    words = words_of(app)
    assert "Anna" in words
    assert "new camera" in words
    assert not app.warning, "it holds on, but nobody has to be told"
    (kept,) = AlarmBook(engine).alarms()
    assert (kept.acknowledged_by, kept.note) == ("Anna", "new camera")


def test_reports_are_listed_and_damaged_ones_named(home: Path):
    good, bad = home / "evaluations" / "one", home / "evaluations" / "two"
    figure = {"auc": {"value": 0.91, "low": 0.8, "high": 0.97}}
    report = {
        "facts": {"items": 8, "genuine": 5, "manipulated": 3, "detectors": []},
        "levels": {"item": {"telltale": {"figures": figure}}},
    }
    for folder, text in ((good, json.dumps(report)), (bad, "{")):
        folder.mkdir(parents=True)
        (folder / "report.json").write_text(text)
    words = words_of(drawn("evaluations"))
    assert "telltale: 0.91 (0.80 to 0.97)" in words
    assert "two cannot be read" in words
    assert len(kept_reports(home / "evaluations")[0]) == 1


def test_runs_are_listed_with_their_curves(home: Path):
    for name, aucs in (("first", (0.7, 0.8)), ("second", (0.6, 0.9, 0.85))):
        config = a_config(home / "runs" / name, schedule__learning_rate=1e-4 * len(aucs))
        write_record(a_record(config, *aucs), config.out)
    words = words_of(drawn("experiments"))
    assert "first" in words
    assert "0.900 at 200" in words


def test_a_run_says_what_it_left_and_how_a_detector_is_made_of_it(home: Path):
    config = a_config(home / "runs" / "kept")
    write_record(a_record(config, 0.7, 0.8), config.out)
    weights = config.out / "telltale.safetensors"
    weights.write_bytes(b"tensors..")
    app = drawn("experiments")
    assert weights.name in words_of(app)
    assert [one.value for one in app.code] == [f"telltale detectors new NAME --from-run {config.out}"]
    weights.unlink()
    app = drawn("experiments")
    assert f"{weights.name} is no longer there" in words_of(app)
    assert not app.code


def test_what_a_run_did_not_save_is_said(home: Path):
    config = a_config(home / "runs" / "begun")
    write_record(a_record(config).model_copy(update={"artefacts": Artefacts()}), config.out)
    assert "not saved" in words_of(drawn("experiments"))


def test_other_thresholds_are_tried_on_kept_verdicts_and_their_settings_shown(home: Path):
    writer = ReadModelWriter(open_engine(f"sqlite:///{home / 'read_model.sqlite'}"))
    for at, level in enumerate((0.01, 0.3, 0.6, 0.7, 0.999)):
        verdict = a_judged_verdict(raw=level, media_id=f"{at:032x}")
        writer.apply([verdict.uploaded, verdict])
    app = drawn("policy")
    words = words_of(app)
    assert "No item would be called otherwise" in words
    assert "These are the numbers in use" in words
    assert "LogLoss" in words, "what the calibration in force was worth"
    app.number_input[1].set_value(0.9999)
    words = words_of(app.run())
    assert "items would be called otherwise" in words
    assert "Likely manipulated → Some evidence" in words
    assert "./?item=" in words
    assert "TELLTALE_UPPER_THRESHOLD=0.9999" in app.code[0].value
    assert "evidence-desk.2 thresholds=0.35,0.9999" in words
    app.number_input[0].set_value(1.0)
    assert "lies above the upper one" in words_of(app.run())


def test_items_of_another_policy_are_counted_and_left_out(home: Path):
    writer = ReadModelWriter(open_engine(f"sqlite:///{home / 'read_model.sqlite'}"))
    upload = an_upload("old.mp4")
    writer.apply([upload, a_verdict(upload, probability=a_probability(0.9))])
    assert "1 item judged by another policy version" in words_of(drawn("policy"))
