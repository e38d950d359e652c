"""The reports of ``telltale evaluate`` in the home folder in; their figures, side by side and one in full, out."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard import card_tables
from dashboard.session import address_value, calm, set_address_value, settings

FOLDER = "evaluations"
_PAGE, _REPORT, _SCORES = "report.html", "report.json", "scores.csv"
_HEIGHT = 900


@dataclass(frozen=True)
class KeptReport:
    """One report and its folder."""

    folder: Path
    facts: dict[str, Any]


@calm
def draw() -> None:
    """The whole page."""
    st.title("Evaluation")
    reports, damaged = kept_reports(settings().home / FOLDER)
    if not reports:
        _nothing_yet()
    else:
        st.html(card_tables.labelled(_HEAD, [_row(report) for report in reports], caption="Reports, the newest first"))
        _one(reports)
    for folder in damaged:
        st.warning(f"The report in {folder.name} cannot be read and is left out.", icon=":material/report:")


def kept_reports(root: Path) -> tuple[list[KeptReport], list[Path]]:
    """All reports below ``root``, the newest first, and the folders of those that cannot be read."""
    found, damaged = [], []
    paths = sorted(root.glob(f"*/{_REPORT}"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in paths:
        try:
            facts = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            facts = None
        if isinstance(facts, dict):
            found.append(KeptReport(path.parent, facts))
        else:
            damaged.append(path.parent)
    return found, damaged


def _nothing_yet() -> None:
    st.html(
        '<div class="tt-empty"><p><b>No labelled items were evaluated here yet.</b></p><p>Measure what the detectors '
        "and their verdicts are worth on files whose truth you know:</p></div>"
    )
    st.code("telltale evaluate real:FOLDER fake:FOLDER --detectors telltale,mesonet", language=None)


_HEAD = ("Report", "Items", "Genuine", "Manipulated", "AUC per item, with its 95 % interval")


def _row(report: KeptReport) -> tuple[str, ...]:
    facts, by_name = report.facts.get("facts", {}), report.facts.get("levels", {}).get("item", {})
    areas = [f"{name}: {_area(found)}" for name, found in by_name.items()]
    counts = (str(facts.get(name, "–")) for name in ("items", "genuine", "manipulated"))
    return report.folder.name, *counts, "; ".join(areas) or "–"


def _area(found: dict[str, Any]) -> str:
    figure = found.get("figures", {}).get("auc") or {}
    if figure.get("value") is None:
        return "–"
    low, high = figure.get("low"), figure.get("high")
    interval = f" ({low:.2f} to {high:.2f})" if low is not None and high is not None else ""
    return f"{figure['value']:.2f}{interval}"


def _one(reports: list[KeptReport]) -> None:
    names = [report.folder.name for report in reports]
    given = address_value("report")
    chosen = st.selectbox("One report in full", names, index=names.index(given) if given in names else 0)
    set_address_value("report", chosen)
    folder = reports[names.index(chosen)].folder
    kinds = ((_PAGE, "text/html"), (_REPORT, "application/json"), (_SCORES, "text/csv"))
    for column, (name, kind) in zip(st.columns(3), kinds, strict=True):
        if (folder / name).is_file():
            column.download_button(f"Download {name}", (folder / name).read_bytes(), f"{chosen}-{name}", kind)
    if (folder / _PAGE).is_file():
        st.iframe((folder / _PAGE).read_text(encoding="utf-8"), height=_HEIGHT)
