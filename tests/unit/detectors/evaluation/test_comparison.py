"""What changed since an earlier report is told by figure and by verdict."""

import json
from pathlib import Path

import pytest

from detectors.evaluation.comparison import NotAReport, comparison_of, read_report


def a_report(
    *, auc: float | None = 0.8, verdict: str = "some_evidence", version: str = "1", sha: str = "a", gates: tuple = ()
) -> dict:
    told = {"name": "alpha", "version": version, "weights_sha256": "b", "calibration": None, "threshold": 0.5}
    return {
        "facts": {
            "made_at": "2026-11-21",
            "command": "telltale evaluate",
            "manifest_sha256": sha,
            "policy_version": "p",
            "gates": gates,
            "thresholds": {"lower": 0.4, "upper": 0.6},
            "detectors": [told],
        },
        "levels": {"item": {"alpha": {"figures": {"auc": {"value": auc}, "ap": {"value": 0.5}}}}},
        "items": [{"path": "a.mp4", "label": 1, "verdict": verdict}],
    }


def test_figures_and_verdicts_that_changed():
    found = comparison_of(a_report(auc=0.9, verdict="likely_manipulated", version="2"), a_report())
    assert found["figures"][0] == {
        "level": "item",
        "detector": "alpha",
        "figure": "auc",
        "before": 0.8,
        "after": 0.9,
        "change": pytest.approx(0.1),
    }
    assert found["flips"] == [{"path": "a.mp4", "label": 1, "before": "some_evidence", "after": "likely_manipulated"}]
    assert [one["name"] for one in found["detectors"]] == ["alpha"]
    assert found["same_files"]


def test_what_only_one_report_has_is_not_compared():
    found = comparison_of(a_report(auc=None), a_report(sha="other"))
    assert [one["figure"] for one in found["figures"]] == ["ap"]
    assert (found["flips"], found["detectors"], found["same_files"]) == ([], [], False)


def test_another_policy_is_told_even_by_a_report_that_did_not_name_its_gates():
    assert comparison_of(a_report(), a_report())["policy"] == comparison_of(a_report(), a_report())["policy_before"]
    found = comparison_of(a_report(gates=("out_of_domain",)), a_report())
    assert found["policy"] != found["policy_before"]
    older = a_report()
    del older["facts"]["gates"]
    assert comparison_of(a_report(), older)["policy_before"]["gates"] is None


def test_a_report_is_read_back_and_other_files_are_refused(tmp_path: Path):
    file = tmp_path / "report.json"
    file.write_text(json.dumps(a_report()))
    assert read_report(file) == json.loads(json.dumps(a_report()))
    for text in ("{}", "[]", "no JSON"):
        file.write_text(text)
        with pytest.raises(NotAReport, match="report"):
            read_report(file)
    with pytest.raises(NotAReport, match="cannot be read"):
        read_report(tmp_path / "nowhere.json")
