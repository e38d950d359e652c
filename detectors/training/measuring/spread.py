"""Measured figures of runs that differ in their seed in; mean, range and standard deviation per figure out."""

from collections.abc import Mapping, Sequence
from statistics import fmean, stdev
from typing import Any

from rich.table import Table

from detectors.training.measuring.card_figures import card_figures

LEFT_OUT = ("probability, ",)  # of single clips: shown in the card, but nothing that a seed is judged by


class NotComparable(ValueError):
    """Measured figures that are to stand side by side were not measured on the same people and clips."""


def require_same_material(measured: Mapping[str, dict[str, Any]]) -> None:
    """Raise ``NotComparable`` unless all were measured on the same split with the same numbers of items."""
    kinds = {
        name: (one["split_seed"], one["clips"]["genuine_clips"], tuple(row["people"] for row in one["people"]))
        for name, one in measured.items()
    }
    if len(set(kinds.values())) > 1:
        told = "; ".join(f"{name}: split {kind[0]}, {kind[1]} genuine clips" for name, kind in kinds.items())
        raise NotComparable(f"these were not measured on the same people and clips ({told})")


def spread_of(measured: Mapping[int, dict[str, Any]], command: str) -> list[dict[str, Any]]:
    """The figures of runs by seed, as a card holds them: name, on what, the values by seed, and the command.

    Only figures that every run has are compared.

    Raises:
        NotComparable: there are fewer than two runs, or they were not measured on the same material.
    """
    if len(measured) < 2:
        raise NotComparable(f"a spread needs runs of two seeds or more, got {len(measured)}")
    require_same_material({f"seed {seed}": one for seed, one in measured.items()})
    by_seed = {seed: _ours(one) for seed, one in measured.items()}
    first = next(iter(by_seed.values()))
    return [
        {
            "name": name,
            "on": on,
            "values": {str(seed): figures[name, on] for seed, figures in by_seed.items()},
            "command": command,
        }
        for name, on in first
        if all((name, on) in figures for figures in by_seed.values())
    ]


def _ours(measured: dict[str, Any]) -> dict[tuple[str, str], float]:
    return {
        (figure["name"], figure["on"]): figure["value"]
        for figure in card_figures(measured, "")
        if "of" not in figure and not figure["name"].startswith(LEFT_OUT)
    }


def summary_of(values: Sequence[float]) -> dict[str, float]:
    """Mean, least, most and standard deviation (of a sample) of the values of the seeds."""
    return {"mean": fmean(values), "min": min(values), "max": max(values), "standard_deviation": stdev(values)}


def with_summaries(spread: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each entry with the numbers that sum it up."""
    return [{**entry, **summary_of(list(entry["values"].values()))} for entry in spread]


def spread_table(spread: Sequence[dict[str, Any]]) -> Table:
    """One row per figure."""
    table = Table("figure", "on", "mean", "least", "most", "st. dev.", "seeds")
    for entry in with_summaries(spread):
        numbers = [f"{entry[key]:.3f}" for key in ("mean", "min", "max", "standard_deviation")]
        table.add_row(entry["name"], entry["on"], *numbers, ", ".join(entry["values"]))
    return table
