"""A table of scores becomes figures: scikit-learn's on what is covered, by slice, with what is missing counted."""

from pathlib import Path

import numpy as np
import pytest
from sklearn import metrics as learned

from detectors.evaluation.score_table import FUSION, ScoreRow, range_order, read_csv, write_csv
from detectors.evaluation.summary import Rules, summary_of
from tests.support.score_tables import HELPLESS_EVERY, a_row, a_table

COMMITTED = Path(__file__).parent / "scores.csv"
RULES = Rules(thresholds={"alpha": 0.6, "beta": 0.8, FUSION: 0.6}, rounds=60)


def item_rows(rows: list[ScoreRow], detector: str) -> list[ScoreRow]:
    return [row for row in rows if row.level == "item" and row.detector == detector and row.ranked is not None]


def figures(summary: dict, detector: str, level: str = "item") -> dict[str, float]:
    return {name: one["value"] for name, one in summary["levels"][level][detector]["figures"].items()}


def test_a_committed_table_has_the_figures_of_scikit_learn():
    rows = read_csv(COMMITTED)
    summary = summary_of(rows, RULES)
    scored = item_rows(rows, "alpha")
    labels, said = [row.label for row in scored], np.array([row.calibrated for row in scored])
    raw, flagged = [row.raw for row in scored], said >= 0.6
    expected = {
        "auc": learned.roc_auc_score(labels, raw),
        "ap": learned.average_precision_score(labels, raw),
        "log_loss": learned.log_loss(labels, said),
        "log_loss_of_raw": learned.log_loss(labels, raw),
        "brier": learned.brier_score_loss(labels, said),
        "accuracy": learned.accuracy_score(labels, flagged),
        "balanced_accuracy": learned.balanced_accuracy_score(labels, flagged),
        "precision": learned.precision_score(labels, flagged),
        "recall": learned.recall_score(labels, flagged),
        "f1": learned.f1_score(labels, flagged),
    }
    found = figures(summary, "alpha")
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=1e-9)


def test_every_figure_lies_within_its_interval():
    found = summary_of(read_csv(COMMITTED), RULES)["levels"]["item"]
    for one in found.values():
        for name, figure in one["figures"].items():
            if "ece" not in name:  # a resample is noisier than the sample, so its gaps are wider on the whole
                assert figure["low"] <= figure["value"] <= figure["high"], name


def test_what_is_not_covered_is_counted_and_never_scored():
    rows = a_table()
    found = summary_of(rows, RULES)["levels"]["item"]
    helpless = len(range(0, 60, HELPLESS_EVERY))
    assert found["alpha"]["covered"] == 60 - helpless
    assert found["alpha"]["coverage"]["value"] == pytest.approx(1 - helpless / 60)
    assert found["alpha"]["uncovered"] == {"no_face": helpless}
    assert found["beta"]["coverage"]["value"] == 1.0
    # The curve ends where the answers end.
    assert found["alpha"]["curves"]["risk_coverage"][-1][0] == pytest.approx(1 - helpless / 60, abs=1e-6)


def test_without_calibration_a_raw_score_of_one_half_decides_and_no_probability_is_claimed():
    rows = a_table()
    found = summary_of(rows, RULES)["levels"]["item"]["beta"]
    scored = item_rows(rows, "beta")
    accuracy = np.mean([((row.raw or 0.0) >= 0.5) == bool(row.label) for row in scored])
    assert (found["calibrated"], found["threshold"]) == (False, 0.5)
    assert found["figures"]["accuracy"]["value"] == pytest.approx(accuracy)
    assert "log_loss" not in found["figures"]
    assert "log_loss_of_raw" in found["figures"]
    assert found["curves"]["reliability"] == []


def test_a_family_stands_against_all_genuine_items():
    rows = a_table()
    found = summary_of(rows, RULES)["slices"]["family"]
    genuine = sum(row.label == 0 for row in item_rows(rows, "beta"))
    assert sorted(found) == ["lips", "swap"]
    assert all(one["beta"]["genuine"] == genuine and one["beta"]["manipulated"] < 30 for one in found.values())
    swaps = [row for row in item_rows(rows, "beta") if row.label == 0 or row.family == "swap"]
    auc = learned.roc_auc_score([row.label for row in swaps], [row.raw for row in swaps])
    assert found["swap"]["beta"]["figures"]["auc"]["value"] == pytest.approx(auc, abs=1e-9)


def test_compression_and_face_size_divide_both_classes():
    found = summary_of(a_table(), RULES)["slices"]
    assert list(found["compression"]) == ["c23", "c40"]
    assert list(found["face size"]) == ["under 64 px", "64 to 96 px", "96 to 160 px", "160 px and more"]
    for kind in ("compression", "face size"):
        assert sum(one["beta"]["rows"] for one in found[kind].values()) == 60


def test_one_class_gives_counts_and_rates_but_no_ranking():
    rows = [a_row(0, value, raw=value, source=f"s{value}") for value in (0.1, 0.7, 0.9)]
    found = summary_of(rows, RULES)["levels"]["item"]["alpha"]
    assert found["figures"] == {}
    assert found["flagged"] == {"genuine": pytest.approx(2 / 3), "manipulated": None}
    assert found["curves"]["roc"] == []


def test_detectors_are_compared_without_the_fusion():
    found = summary_of(a_table(), RULES)["agreement"]
    assert found["names"] == ("alpha", "beta")
    assert found["items"][0][1] == 60 - len(range(0, 60, HELPLESS_EVERY))


def test_verdicts_are_counted_by_truth():
    found = summary_of(a_table(), RULES)["verdicts"]
    assert sum(found["genuine"].values()) == sum(found["manipulated"].values()) == 30


def test_a_table_is_read_as_it_was_written(tmp_path: Path):
    rows = [*a_table(items=7), a_row(1, 0.5, path="#odd, name.mp4", track=3, start_s=1.5, variant="half size")]
    write_csv(rows, tmp_path / "scores.csv", preamble=["telltale evaluate\nx", "second"])
    assert (tmp_path / "scores.csv").read_text().startswith("# telltale evaluate x\n# second\npath,label,")
    assert read_csv(tmp_path / "scores.csv") == rows
    (tmp_path / "other.csv").write_text("path,label\n")
    with pytest.raises(ValueError, match="columns"):
        read_csv(tmp_path / "other.csv")


def test_ranges_of_what_was_measured():
    sizes = {px: a_row(0, face_height_px=px).face_bucket for px in (None, 10.0, 64.0, 96.0, 500.0)}
    assert list(sizes.values()) == ["unknown", "under 64 px", "64 to 96 px", "96 to 160 px", "160 px and more"]
    assert a_row(0, compression="c40", bits_per_pixel=0.2).compression_level == "c40"
    assert a_row(0, bits_per_pixel=0.07).compression_level == "0.05 to 0.1 bit per pixel"
    assert sorted(["unknown", "0.1 and more", "under 0.05"], key=range_order) == [
        "under 0.05",
        "0.1 and more",
        "unknown",
    ]
