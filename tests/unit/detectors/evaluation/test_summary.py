"""A table of scores becomes figures: scikit-learn's on what is covered, by slice, with what is missing counted."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn import metrics as learned
from sklearn.calibration import calibration_curve

from detectors.evaluation.score_table import FUSION, Level, ScoreRow, range_order, read_csv, write_csv
from detectors.evaluation.summary import Rules, summary_of
from tests.support.score_tables import HELPLESS_EVERY, a_large_table, a_row, a_table

ROUNDS = 30
COMMITTED = Path(__file__).parents[3] / "data" / "evaluation" / "scores.csv"
RULES = Rules(thresholds={"alpha": 0.6, "beta": 0.8, FUSION: 0.6}, rounds=ROUNDS)


@pytest.fixture(scope="module")
def committed() -> list[ScoreRow]:
    return read_csv(COMMITTED)


@pytest.fixture(scope="module")
def of_committed(committed: list[ScoreRow]) -> dict:
    return summary_of(committed, RULES)


@pytest.fixture(scope="module")
def of_table() -> dict:
    return summary_of(a_table(), RULES)


def item_rows(rows: list[ScoreRow], detector: str) -> list[ScoreRow]:
    return [row for row in rows if row.level == "item" and row.detector == detector and row.ranked is not None]


def figures(summary: dict, detector: str, level: str = "item") -> dict[str, float]:
    return {name: one["value"] for name, one in summary["levels"][level][detector]["figures"].items()}


def test_the_committed_table_is_what_its_generator_makes(committed: list[ScoreRow]):
    assert committed == a_large_table()


@pytest.mark.parametrize("level", ["item", "clip"])
def test_a_committed_table_has_the_figures_of_scikit_learn(level: Level, committed: list[ScoreRow], of_committed: dict):
    scored = [row for row in committed if row.level == level]
    labels, said = np.array([row.label for row in scored]), np.array([row.calibrated for row in scored])
    raw = np.array([row.raw for row in scored])
    found = figures(of_committed, "alpha", level)
    untold = {name for name in found if found[name] is None}
    expected = learned_figures(labels, raw, said)
    assert {name: found[name] for name in found if name not in untold} == pytest.approx(
        {name: value for name, value in expected.items() if name not in untold}, abs=1e-9
    )
    # 120 genuine items are too few for 0.1 %, and none of them is called; 1080 genuine clips tell every figure.
    of_items = {"tpr_at_fpr_0.1", "precision_at_prevalence_1", "precision_at_prevalence_0.1"}
    assert untold == (of_items if level == "item" else set())


def learned_figures(labels: np.ndarray, raw: np.ndarray, said: np.ndarray) -> dict[str, float]:
    """Every figure, by functions of scikit-learn or from the points of its curves."""
    flagged = said >= 0.6
    false_alarms, hits, _ = learned.roc_curve(labels, raw, drop_intermediate=False)
    genuine = int(np.sum(labels == 0))
    limits = [(10, 0.1), (5, 0.05), (1, 0.01), *([(0.1, 0.001)] if genuine >= 1000 else [])]
    crossing = np.argmax(false_alarms >= 1.0 - hits)
    slope = np.interp(0.0, (false_alarms + hits - 1.0)[crossing - 1 : crossing + 1], [0.0, 1.0])
    return {
        "auc": learned.roc_auc_score(labels, raw),
        "partial_auc": learned.roc_auc_score(labels, raw, max_fpr=0.05),
        "ap": learned.average_precision_score(labels, raw),
        "eer": false_alarms[crossing - 1] + slope * (false_alarms[crossing] - false_alarms[crossing - 1]),
        "fpr_at_tpr_90": false_alarms[hits >= 0.9].min(),
        **{f"tpr_at_fpr_{percent}": hits[false_alarms <= limit].max() for percent, limit in limits},
        "false_alarm_rate": 1.0 - learned.recall_score(labels, flagged, pos_label=0),
        "accuracy": learned.accuracy_score(labels, flagged),
        "balanced_accuracy": learned.balanced_accuracy_score(labels, flagged),
        "precision": learned.precision_score(labels, flagged),
        "recall": learned.recall_score(labels, flagged),
        "f1": learned.f1_score(labels, flagged),
        "precision_at_prevalence_1": at_prevalence(labels, flagged, 0.01),
        "precision_at_prevalence_0.1": at_prevalence(labels, flagged, 0.001),
        **learned_honesty(labels, said),
        **{f"{name}_of_raw": value for name, value in learned_honesty(labels, raw).items()},
    }


def at_prevalence(labels: np.ndarray, flagged: np.ndarray, share: float) -> float:
    weights = np.where(labels == 1, share, 1.0 - share)  # the table has as many items of either class
    return float(learned.precision_score(labels, flagged, sample_weight=weights))


def learned_honesty(labels: np.ndarray, said: np.ndarray) -> dict[str, float]:
    seen, stated = calibration_curve(labels, said, n_bins=10, strategy="quantile")
    sure, called = np.round(np.abs(said - 0.5), 12), said >= 0.5
    steps, answers = np.unique(sure, return_counts=True)
    risks = [np.mean(labels[sure >= least] != called[sure >= least]) for least in steps]
    return {
        "log_loss": learned.log_loss(labels, said),
        "log_loss_clipped_at_0.01": learned.log_loss(labels, np.clip(said, 0.01, 0.99)),
        "brier": learned.brier_score_loss(labels, said),
        "ece": float(np.mean(np.abs(seen - stated))),
        "aurc": float(np.average(risks, weights=answers)),
    }


def test_resampling_frames_instead_of_people_gives_a_narrower_interval(committed: list[ScoreRow]):
    rows = [row for row in committed if row.level == "clip"]
    alone = [replace(row, source=f"{row.path} at {row.start_s}") for row in rows]
    by_person, by_frame = (
        summary_of(some, RULES)["levels"]["clip"]["alpha"]["figures"]["auc"] for some in (rows, alone)
    )
    assert by_person["value"] == by_frame["value"]
    assert by_person["high"] - by_person["low"] > 2 * (by_frame["high"] - by_frame["low"])


def test_a_figure_that_the_items_cannot_tell_is_a_sentence_and_no_number():
    rows = [a_row(at % 2, 0.3 + 0.4 * (at % 2), raw=0.4, path=f"{at}", source=f"{at}") for at in range(20)]
    found = summary_of(rows, RULES)["levels"]["item"]["alpha"]["figures"]
    assert found["tpr_at_fpr_0.1"]["value"] is None
    assert found["tpr_at_fpr_0.1"]["note"] == "too few: 10 of 1000 genuine"
    assert found["ece"]["note"] == "too few: 20 of 50 items"
    # Up to 3 of 10 could be false alarms: 0.01 / (0.01 + 0.99 * 0.3).
    assert found["precision_at_prevalence_1"]["note"] == "no false alarm among 10: above 0.033"
    assert "note" not in found["tpr_at_fpr_10"]


def test_abstention_is_counted_by_reason_and_truth():
    rows = [
        a_row(0, 0.4, detector=FUSION, verdict="inconclusive", reason="detectors_disagree", path="a", source="a"),
        a_row(1, detector=FUSION, verdict="not_assessed", reason="no_face", path="b", source="b"),
        a_row(1, 0.9, detector=FUSION, verdict="likely_manipulated", path="c", source="c"),
    ]
    found = summary_of(rows, RULES)["abstention"]
    assert found["answered"]["value"] == pytest.approx(1 / 3)
    assert found["reasons"] == {"genuine": {"detectors_disagree": 1}, "manipulated": {"no_face": 1}}


def test_every_figure_lies_within_its_interval(of_committed: dict):
    for one in of_committed["levels"]["item"].values():
        for name, figure in one["figures"].items():
            if (
                figure["value"] is not None and "ece" not in name
            ):  # a resample is noisier than the sample, so its gaps are wider on the whole
                assert figure["low"] <= figure["value"] <= figure["high"], name


def test_what_is_not_covered_is_counted_and_never_scored(of_table: dict):
    found = of_table["levels"]["item"]
    helpless = len(range(0, 60, HELPLESS_EVERY))
    assert found["alpha"]["covered"] == 60 - helpless
    assert found["alpha"]["coverage"]["value"] == pytest.approx(1 - helpless / 60)
    assert found["alpha"]["uncovered"] == {"no_face": helpless}
    assert found["beta"]["coverage"]["value"] == 1.0
    # The curve ends where the answers end.
    assert found["alpha"]["curves"]["risk_coverage"][-1][0] == pytest.approx(1 - helpless / 60, abs=1e-6)


def test_without_calibration_a_raw_score_of_one_half_decides_and_no_probability_is_claimed(of_table: dict):
    found = of_table["levels"]["item"]["beta"]
    scored = item_rows(a_table(), "beta")
    accuracy = np.mean([((row.raw or 0.0) >= 0.5) == bool(row.label) for row in scored])
    assert (found["calibrated"], found["threshold"]) == (False, 0.5)
    assert found["figures"]["accuracy"]["value"] == pytest.approx(accuracy)
    assert "log_loss" not in found["figures"]
    assert "log_loss_of_raw" in found["figures"]
    assert found["curves"]["reliability"] == []


def test_a_family_stands_against_all_genuine_items(of_table: dict):
    rows = a_table()
    found = of_table["slices"]["family"]
    genuine = sum(row.label == 0 for row in item_rows(rows, "beta"))
    assert sorted(found) == ["lips", "swap"]
    assert all(one["beta"]["genuine"] == genuine and one["beta"]["manipulated"] < 30 for one in found.values())
    swaps = [row for row in item_rows(rows, "beta") if row.label == 0 or row.family == "swap"]
    auc = learned.roc_auc_score([row.label for row in swaps], [row.raw for row in swaps])
    assert found["swap"]["beta"]["figures"]["auc"]["value"] == pytest.approx(auc, abs=1e-9)


def test_compression_and_face_size_divide_both_classes(of_table: dict):
    found = of_table["slices"]
    assert list(found["compression"]) == ["c23", "c40"]
    assert list(found["face size"]) == ["under 64 px", "64 to 96 px", "96 to 160 px", "160 px and more"]
    for kind in ("compression", "face size"):
        assert sum(one["beta"]["rows"] for one in found[kind].values()) == 60


def test_every_source_is_a_slice_with_its_false_alarms(of_table: dict):
    found = of_table["slices"]["source"]
    assert len(found) == 20
    genuine = [one["beta"]["flagged"]["genuine"] for one in found.values()]
    assert sum(one["of"] for one in genuine) == 30
    assert sum(one["count"] for one in genuine) == sum(
        row.label == 0 and (row.raw or 0.0) >= 0.5 for row in item_rows(a_table(), "beta")
    )


def test_one_class_gives_counts_and_rates_but_no_ranking():
    rows = [a_row(0, value, raw=value, source=f"s{value}") for value in (0.1, 0.7, 0.9)]
    found = summary_of(rows, RULES)["levels"]["item"]["alpha"]
    assert found["figures"] == {}
    assert found["flagged"]["genuine"]["value"] == pytest.approx(2 / 3)
    assert (found["flagged"]["genuine"]["count"], found["flagged"]["genuine"]["of"]) == (2, 3)
    assert found["flagged"]["manipulated"]["value"] is None
    assert found["curves"]["roc"] == []


def test_detectors_are_compared_without_the_fusion(of_table: dict):
    found = of_table["agreement"]
    assert found["names"] == ("alpha", "beta")
    assert found["items"][0][1] == 60 - len(range(0, 60, HELPLESS_EVERY))


def test_verdicts_are_counted_by_truth(of_table: dict):
    found = of_table["verdicts"]
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
