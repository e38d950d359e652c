"""The page holds every figure of the report and nothing that it would have to fetch."""

import re
from xml.etree import ElementTree

import pytest

from detectors.evaluation.comparison import comparison_of
from detectors.evaluation.page import page_of
from detectors.evaluation.robustness import robustness_of
from detectors.evaluation.score_table import FUSION
from detectors.evaluation.summary import Rules, summary_of
from tests.support.score_tables import a_row, a_table

FACTS = {
    "command": "telltale evaluate real:<folder> --detectors alpha,beta",
    "made_at": "2026-11-21T10:00:00+00:00",
    "versions": {"telltale": "0.1.0", "torch": "2.14.0"},
    "manifests": ["real:<folder>"],
    "manifest_sha256": "a" * 64,
    "items": 60,
    "genuine": 30,
    "manipulated": 30,
    "sources": 20,
    "policy_version": "evidence-desk.1",
    "split": None,
    "machine": "Linux, cpu",
    "scope": "faces",
    "aggregation": "pooled",
    "gates": ["heavy_compression", "out_of_domain"],
    "thresholds": {"lower": 0.4, "upper": 0.6},
    "rounds": 20,
    "seed": 0,
    "notes": ["A note."],
    "detectors": [
        {"name": "alpha", "version": "1", "weights_sha256": "b" * 64, "untrained": False, "calibration": "fit-1"}
        | {"threshold": 0.6},
        {"name": "beta", "version": "2", "weights_sha256": None, "untrained": True, "calibration": None}
        | {"threshold": 0.5},
    ],
}


@pytest.fixture(scope="module")
def report() -> dict:
    rows = a_table()
    rows += [a_row(row.label, row.calibrated, **_copied(row)) for row in rows if row.level == "item"]
    rules = Rules(thresholds={"alpha": 0.6, "beta": 0.5, FUSION: 0.6}, rounds=10)
    made = {"facts": FACTS, **summary_of(rows, rules), "robustness": robustness_of(rows, rules)}
    earlier = {**made, "items": [{**made["items"][1], "verdict": "inconclusive"}, *made["items"][2:]]}
    return {**made, "against": comparison_of(made, earlier)}


def _with_auc(report: dict, auc: dict) -> dict:
    """The report with another area of alpha, compared with itself as it was."""
    item = report["levels"]["item"]
    alpha = {**item["alpha"], "figures": {**item["alpha"]["figures"], "auc": auc}}
    changed = {**report, "levels": {**report["levels"], "item": {**item, "alpha": alpha}}}
    return {**changed, "against": comparison_of(changed, report)}


def _copied(row) -> dict:
    return {"path": row.path, "source": row.source, "detector": row.detector, "raw": row.raw, "variant": "JPEG 50"}


@pytest.fixture(scope="module")
def page(report: dict) -> str:
    return page_of(report)


def test_it_states_how_it_was_made(page: str):
    assert "telltale evaluate real:&lt;folder&gt; --detectors alpha,beta" in page
    for fact in (
        "2026-11-21T10:00:00+00:00",
        "torch 2.14.0",
        "a" * 64,
        "b" * 64,
        "A note.",
        "beta (untrained)",
        "fit-1",
    ):
        assert fact in page


def test_the_headline_counts_false_alarms_first(page: str):
    assert "Of 30 genuine items 0 were called <i>likely manipulated</i>, of 30 manipulated ones 0." in page
    assert "Gates</dt><dd>heavy compression, out of domain" in page


def test_every_figure_of_every_level_is_on_it(report: dict, page: str):
    texts = set(re.findall(r"(?:<td>|<small>)([^<]*)", page))
    for by_detector in report["levels"].values():
        for one in by_detector.values():
            shown = {
                name: figure["note"] if figure["value"] is None else f"{figure['value']:.3f}"
                for name, figure in one["figures"].items()
            }
            missing = [name for name, text in shown.items() if text not in texts]
            assert missing == []


def test_every_drawing_is_on_it_and_is_well_formed(page: str):
    captions = re.findall(r"<figcaption>([^<]*)</figcaption>", page)
    assert captions == [
        "ROC",
        "Precision and recall",
        "Reliability",
        "Risk and coverage",
        "Scores of alpha",
        "Scores of beta",
        "Scores of fusion",
        "Pearson&#x27;s correlation",
        "Rank correlation",
        "Robustness: false alarms",
        "Robustness: AUC",
        "Robustness: flips",
    ]
    drawings = [ElementTree.fromstring(found) for found in re.findall(r"<svg.*?</svg>", page)]
    marks = [len(list(drawing.iter())) for drawing in drawings]
    assert len(drawings) == len(captions)
    assert min(marks) > 8


def test_slices_agreement_verdicts_and_robustness_are_on_it(page: str):
    for heading in (
        "By family",
        "By compression",
        "By face size",
        "By source",
        "Agreement",
        "Verdicts",
        "Robustness",
        "Since the report",
    ):
        assert f"<h2>{heading}" in page
    for cell in ("swap", "c40", "160 px and more", "JPEG 50", "no face"):
        assert f"<td>{cell}</td>" in page
    assert "Effective number of detectors: " in page


def test_only_figures_that_changed_are_in_the_comparison(report: dict):
    auc = report["levels"]["item"]["alpha"]["figures"]["auc"]
    now = page_of(_with_auc(report, {**auc, "value": auc["value"] - 0.5}))
    assert "and 1 figures of whole items did" in now
    assert "<td>AUC</td><td>" in now
    assert "and 0 figures of whole items did" in page_of(report)


def test_it_fetches_nothing(page: str):
    assert re.findall(r"<(?:script|link|img|iframe)|(?:src|href)=|url\(|@import", page) == []
    addresses = set(re.findall(r"https?://[^\"' <]+", page))
    assert addresses == {"http://www.w3.org/2000/svg"}  # the name of a language, not a place


def test_a_report_without_figures_is_still_a_page():
    rows = [a_row(0, detector=name, reason="no_face") for name in ("alpha", FUSION)]
    rules = Rules(thresholds={"alpha": 0.6, FUSION: 0.6}, rounds=5)
    page = page_of({"facts": FACTS, **summary_of(rows, rules), "robustness": None})
    assert "Items without an answer" in page
    assert "Robustness: the same" not in page
    assert "Since the report" not in page
