"""Two reports in, what changed between them out: figures by level and detector, and verdicts of the same files."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

Body = Mapping[str, Any]


class NotAReport(ValueError):
    """A file that is no report of an evaluation; the message is one sentence."""


def read_report(file: Path) -> dict[str, Any]:
    """The report that an earlier evaluation wrote as JSON.

    Raises:
        NotAReport: it cannot be read, or lacks what is compared.
    """
    try:
        report = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as why:
        raise NotAReport(f"{file} cannot be read as a report: {why}") from why
    if not isinstance(report, dict) or not {"facts", "levels", "items"} <= report.keys():
        raise NotAReport(f"{file} is not a report of telltale evaluate, or one of a version that kept no verdicts")
    return report


def comparison_of(report: Body, earlier: Body) -> dict[str, Any]:
    """The change of every figure that both reports have, and the files whose verdict word differs.

    Files are the same where their paths are. ``same_files`` tells whether both reports were asked for the same ones;
    where it is false a change of a figure may be one of the files.
    """
    before = {one["path"]: one for one in earlier["items"]}
    both = [(before[one["path"]], one) for one in report["items"] if one["path"] in before]
    flips = [
        {"path": now["path"], "label": now["label"], "before": then["verdict"], "after": now["verdict"]}
        for then, now in both
        if then["verdict"] != now["verdict"]
    ]
    facts, other = report["facts"], earlier["facts"]
    return {
        "made_at": other["made_at"],
        "command": other["command"],
        "same_files": facts["manifest_sha256"] == other["manifest_sha256"],
        "policy_before": _policy(other),
        "policy": _policy(facts),
        "detectors": list(_changed_detectors(facts, other)),
        "files_in_both": len(both),
        "flips": flips,
        "figures": list(_changes(report["levels"], earlier["levels"])),
    }


def _policy(facts: Body) -> dict[str, Any]:
    """What a verdict depends on besides the detectors; a report of a version that did not say so tells nothing."""
    return {key: facts.get(key) for key in ("policy_version", "gates", "thresholds")}


def _changed_detectors(facts: Body, other: Body) -> Iterator[dict[str, Any]]:
    before = {one["name"]: one for one in other["detectors"]}
    for one in facts["detectors"]:
        then = before.get(one["name"])
        told = ("version", "weights_sha256", "calibration", "threshold")
        if then is None or any(then[key] != one[key] for key in told):
            yield {
                "name": one["name"],
                "before": {key: then[key] for key in told} if then else None,
                "after": {key: one[key] for key in told},
            }


def _changes(levels: Body, earlier: Body) -> Iterator[dict[str, Any]]:
    for level, by_detector in levels.items():
        for name, one in by_detector.items():
            then = earlier.get(level, {}).get(name, {}).get("figures", {})
            for figure, now in one["figures"].items():
                value, was = now["value"], then.get(figure, {}).get("value")
                if value is not None and was is not None:
                    change = {"before": was, "after": value, "change": value - was}
                    yield {"level": level, "detector": name, "figure": figure, **change}
