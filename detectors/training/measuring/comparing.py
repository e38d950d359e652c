"""Measured figures of variants with their labels in; one row per variant, and what a card tells of them, out."""

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from detectors.training.measuring.alarm_rates import ANY
from detectors.training.measuring.card_figures import Figure, card_figures
from detectors.training.measuring.held_out import ALL_FAMILIES, CAPTURES
from detectors.training.measuring.spread import require_same_material


def row_of(measured: dict[str, Any]) -> dict[str, float]:
    """The figures that variants are compared by: areas on unseen people, genuine clips that raise an alarm, cost."""
    areas = {row["capture"]: row["auc"] for row in measured["people"] if row["family"] == ALL_FAMILIES}
    clips = next(iter(measured["clips"]["of"].values()))
    rates = {rate["limit"]: rate["share"] for rate in clips["alarm_rates"] if rate["variant"] == ANY}
    return {
        **{f"AUC, {capture}": areas[capture] for capture in CAPTURES},
        "genuine clips called": rates["upper"],
        "genuine clips at or above lower": rates["lower"],
        "ECE": measured["calibrated"]["after"]["ece"]["value"],
        "forward, times plain": measured["cost"]["ratio"],
    }


def compare(measured: Mapping[str, dict[str, Any]], command: str) -> list[dict[str, Any]]:
    """Rows by label and, per variant, its main figures as a card holds them.

    Raises:
        NotComparable: they were not measured on the same people and clips.
    """
    require_same_material(measured)
    return [
        {"label": label, "row": row_of(one), "figures": main_figures(one, command), "weights": one["weights_sha256"]}
        for label, one in measured.items()
    ]


def main_figures(measured: dict[str, Any], command: str) -> list[Figure]:
    """Those of all families on unseen people, and of genuine clips in any encoding, with intervals and command."""
    return [
        figure
        for figure in card_figures(measured, command)
        if "of" not in figure
        and (
            figure["name"] == f"AUC, {ALL_FAMILIES}"
            or (figure["group"] == "genuine_clips" and "at least one" in figure["on"])
        )
    ]


def tried_of(compared: list[dict[str, Any]], why: Mapping[str, str]) -> list[dict[str, Any]]:
    """What a card tells of the variants that were dropped: those that ``why`` gives a reason for, by label.

    Raises:
        KeyError: a reason is given for a label that was not compared.
    """
    rows = {entry["label"]: entry for entry in compared}
    return [{"name": label, "why": reason, "figures": rows[label]["figures"]} for label, reason in why.items()]


def comparison_table(compared: list[dict[str, Any]]) -> Table:
    """One row per variant."""
    columns = list(compared[0]["row"]) if compared else []
    table = Table("variant", *columns)
    for entry in compared:
        table.add_row(entry["label"], *(f"{value:.3f}" for value in entry["row"].values()))
    return table
