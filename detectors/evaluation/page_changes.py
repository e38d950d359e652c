"""The robustness grid and the comparison of a report in, their sections of the page out."""

from collections.abc import Mapping
from html import escape
from typing import Any

from detectors.evaluation import svg
from detectors.evaluation.page_tables import counted, number, table
from detectors.evaluation.robustness import AT_ONE_PERCENT

Body = Mapping[str, Any]

_LABELS = {0: "genuine", 1: "manipulated"}
_HEAT = {"false alarms": "false_alarms", "AUC": "auc", "flips": "flips"}


def robustness_section(variants: Body) -> str:
    """Heat maps and the whole grid, false alarms first; nothing where no copies were made."""
    if not variants:
        return ""
    heads = ("copy", "detector", "false alarms", "before", "AUC", "before", "TPR at 1 % FPR", "mean shift", "flips")
    rows = [
        [variant, name, *_cells(one)] for variant, by_detector in variants.items() for name, one in by_detector.items()
    ]
    more = ("reversals", "genuine called", "files (genuine)")
    return (
        f'<h2>Robustness: the same files altered</h2><div class="figures">{_heat_maps(variants)}</div>'
        f"{table((*heads, *more), rows, words=2)}"
    )


def _cells(one: Body) -> list[str]:
    rate = number(one[AT_ONE_PERCENT])
    shift = "–" if one["mean_shift"] is None else f"{one['mean_shift']:+.3f}"
    return [
        counted(one["false_alarms"]),
        number(one["false_alarms_before"]),
        number(one["auc"]),
        number(one["auc_before"]),
        f"{rate}\n{one['note']}" if one["note"] else rate,
        shift,
        counted(one["flips"]),
        f"{one['reversals']}" if "reversals" in one else "–",
        counted(one.get("genuine_called")),
        f"{one['files']} ({one['genuine_files']})\n{one['scored_in_both']} scored in both",
    ]


def _heat_maps(variants: Body) -> str:
    names = list(next(iter(variants.values())))
    return "".join(
        svg.heat_map(
            f"Robustness: {title}",
            list(variants),
            names,
            [[_plain(by_detector[name][key]) for name in names] for by_detector in variants.values()],
            good=1.0 if key == "auc" else 0.0,
        )
        for title, key in _HEAT.items()
    )


def _plain(figure: Any) -> float | None:
    return figure["value"] if isinstance(figure, Mapping) else figure


def comparison_section(found: Body | None, columns: Mapping[str, str]) -> str:
    """What changed since an earlier report: figures of whole items, and verdicts; nothing without one."""
    if found is None:
        return ""
    rows = [
        [one["detector"], columns[one["figure"]], number(one["before"]), number(one["after"]), f"{one['change']:+.3f}"]
        for one in found["figures"]
        if one["level"] == "item" and one["figure"] in columns and one["change"]
    ]
    flips = [
        [one["path"], _LABELS[one["label"]], *(one[key].replace("_", " ") for key in ("before", "after"))]
        for one in found["flips"]
    ]
    files = "the same files" if found["same_files"] else "other files: a change may be one of the files"
    judged = "the same policy" if found["policy"] == found["policy_before"] else "another policy, gates or thresholds"
    changed = ", ".join(one["name"] for one in found["detectors"]) or "none"
    return (
        f"<h2>Since the report of {escape(found['made_at'])}</h2><p>Asked for {files}, judged by {judged}. "
        f"Detectors of another version, weights, calibration or threshold: {escape(changed)}. The verdict of "
        f"{len(flips)} of {found['files_in_both']} files changed, and {len(rows)} figures of whole items did.</p>"
        f"{table(('file', 'truth', 'verdict before', 'verdict now'), flips, words=4) if flips else ''}"
        f"{table(('detector', 'figure', 'before', 'now', 'change'), rows, words=2) if rows else ''}"
    )
