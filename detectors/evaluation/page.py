"""A report in; the same report as one HTML page that needs nothing else out: tables, figures, how they were made."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from html import escape
from typing import Any

from detectors.evaluation import svg
from detectors.evaluation.agreement import MARKED
from detectors.evaluation.score_table import FUSION

Body = Mapping[str, Any]

_LEVEL_WORDS = {"item": "whole items", "track": "face tracks", "clip": "single clips and frames"}
_COLUMNS = {
    "auc": "AUC",
    "ap": "AP",
    "eer": "EER",
    "tpr_at_fpr_10": "TPR at 10 % FPR",
    "tpr_at_fpr_5": "TPR at 5 % FPR",
    "tpr_at_fpr_1": "TPR at 1 % FPR",
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "false_alarm_rate": "false alarms",
    "log_loss": "LogLoss",
    "brier": "Brier",
    "ece": "ECE",
    "log_loss_of_raw": "LogLoss of raw scores",
    "brier_of_raw": "Brier of raw scores",
    "ece_of_raw": "ECE of raw scores",
}
_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;color:#1b1b1b;max-width:1180px;margin:2rem auto;padding:0 1rem}
h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2.2rem;border-bottom:1px solid #ccc}
table{border-collapse:collapse;margin:.6rem 0;font-size:13px}
th,td{padding:3px 9px;text-align:right;border-bottom:1px solid #e3e3e3}
th:first-child,td:first-child{text-align:left}td small{color:#666;white-space:nowrap;display:block}
.wide{overflow-x:auto}.figures{display:flex;flex-wrap:wrap;gap:1.2rem}figure{margin:0}figcaption{font-weight:600}
svg text{font:11px system-ui,sans-serif;fill:#333}dt{font-weight:600}dd{margin:0 0 .4rem 0;overflow-wrap:anywhere}
"""


def page_of(report: Body) -> str:
    """The page. ``report`` is what is written as JSON; nothing is worked out here."""
    parts = [
        "<h1>Evaluation of detectors</h1>",
        _facts(report),
        *_levels(report["levels"], {one["name"] for one in report["facts"]["detectors"] if one["untrained"]}),
        f"<h2>Figures, whole items</h2>{_figures(report)}",
        _agreement(report["agreement"]),
        *_slices(report["slices"]),
        _verdicts(report["verdicts"]),
        _robustness(report.get("robustness") or {}),
        _uncovered(report["levels"]["item"]),
        _HOW,
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Telltale: evaluation</title>'
        f"<style>{_STYLE}</style></head><body>{''.join(parts)}</body></html>\n"
    )


def _facts(report: Body) -> str:
    facts = report["facts"]
    versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
    told = {
        "Command": facts["command"],
        "Made": facts["made_at"],
        "Versions": versions,
        "Asked for": f"{', '.join(facts['manifests'])} (SHA-256 {facts['manifest_sha256']})",
        "Items": f"{facts['items']} ({facts['genuine']} genuine, {facts['manipulated']} manipulated) "
        f"of {facts['sources']} sources",
        "Policy": facts["policy_version"],
        "Intervals": f"{facts['rounds']} resamples of sources, seed {facts['seed']}",
        **{f"Note {number}": note for number, note in enumerate(facts["notes"], 1)},
    }
    body = "".join(f"<dt>{escape(name)}</dt><dd>{escape(str(text))}</dd>" for name, text in told.items())
    heads = ("detector", "version", "weights (SHA-256)", "calibration", "threshold")
    return f"<dl>{body}</dl>{_table(heads, [_detector(one) for one in facts['detectors']])}"


def _detector(one: Body) -> list[str]:
    weights = one["weights_sha256"] or ("random, says nothing" if one["untrained"] else "none: not run")
    return [one["name"], one["version"], weights, one["calibration"] or "none", _number(one["threshold"])]


def _levels(levels: Body, untrained: Collection[str]) -> Iterator[str]:
    for level, by_detector in levels.items():
        used = [key for key in _COLUMNS if any(key in one["figures"] for one in by_detector.values())]
        heads = ["detector", "rows", "coverage", "threshold on", *(_COLUMNS[key] for key in used)]
        rows = [
            [
                f"{name} (untrained)" if name in untrained else name,
                f"{one['rows']}",
                _with_limits(one["coverage"]),
                f"{'probability' if one['calibrated'] else 'raw score'} {one['threshold']:.3f}",
                *(_with_limits(one["figures"].get(key)) for key in used),
            ]
            for name, one in by_detector.items()
        ]
        yield f"<h2>By {_LEVEL_WORDS[level]}</h2>{_table(heads, rows)}"


def _figures(report: Body) -> str:
    items = report["levels"]["item"]
    curves = {name: one["curves"] for name, one in items.items()}
    calibrated = {name: curve for name, curve in curves.items() if items[name]["calibrated"]}
    reliability = {name: _shares(curve["reliability"]) for name, curve in calibrated.items()}
    drawn = [
        svg.lines("ROC", _some(curves, "roc"), x="false-alarm rate", y="hit rate", diagonal=True),
        svg.dots("Reliability", reliability, x="stated probability", y="share manipulated"),
        svg.lines("Risk and coverage", _some(calibrated, "risk_coverage"), x="coverage", y="share of wrong answers"),
        *(
            svg.bars(
                f"Scores of {name}",
                curve["histogram"]["genuine"],
                curve["histogram"]["manipulated"],
                x=_of(items[name]),
            )
            for name, curve in curves.items()
        ),
    ]
    areas = ", ".join(f"{name} {_number(curve['aurc'])}" for name, curve in calibrated.items())
    return f'<div class="figures">{"".join(drawn)}</div><p>Area under risk and coverage: {escape(areas)}.</p>'


def _of(one: Body) -> str:
    return "probability" if one["calibrated"] else "raw score"


def _some(curves: Mapping[str, Body], key: str) -> dict[str, Any]:
    return {name: curve[key] for name, curve in curves.items()}


def _shares(bins: Sequence[Body]) -> list[tuple[float, float, float]]:
    total = sum(one["items"] for one in bins) or 1.0
    return [(one["said"], one["seen"], one["items"] / total) for one in bins]


def _agreement(found: Body) -> str:
    drawn = svg.matrix("Correlation of detectors", found["names"], found["correlations"], marked=MARKED)
    pairs = "; ".join(" and ".join(pair) for pair in found["marked"]) or "none"
    return (
        f"<h2>Agreement</h2>{drawn}<p>Correlated by {MARKED} or more: {escape(pairs)}. Effective number of detectors: "
        f"{_number(found['effective_number'])} of {len(found['names'])}.</p>"
    )


def _slices(slices: Body) -> Iterator[str]:
    for kind, by_value in slices.items():
        heads = (
            kind,
            "detector",
            "genuine",
            "manipulated",
            "coverage",
            "AUC",
            "TPR at 5 % FPR",
            "false alarms",
            "hits",
        )
        rows = [
            [value, name, *_slice(one)] for value, by_detector in by_value.items() for name, one in by_detector.items()
        ]
        if rows:
            yield f"<h2>By {escape(kind)}</h2>{_table(heads, rows)}"


def _slice(one: Body) -> list[str]:
    figures = one["figures"]
    return [
        f"{one['genuine']}",
        f"{one['manipulated']}",
        _with_limits(one["coverage"]),
        _with_limits(figures.get("auc")),
        _with_limits(figures.get("tpr_at_fpr_5")),
        _number(one["flagged"]["genuine"]),
        _number(one["flagged"]["manipulated"]),
    ]


def _verdicts(verdicts: Body) -> str:
    words = list(dict.fromkeys(word for counts in verdicts.values() for word in counts))
    rows = [[label, *(f"{counts.get(word, 0)}" for word in words)] for label, counts in verdicts.items()]
    return f"<h2>Verdicts</h2>{_table(['', *(word.replace('_', ' ') for word in words)], rows)}"


def _robustness(variants: Body) -> str:
    heads = ("copy", "detector", "files", "AUC before", "AUC", "mean shift", "flips", "reversals", "genuine called")
    rows = [
        [
            variant,
            name,
            f"{one['files']}",
            *(_number(one[key]) for key in ("auc_before", "auc", "mean_shift")),
            *_words(one),
        ]
        for variant, by_detector in variants.items()
        for name, one in by_detector.items()
    ]
    return f"<h2>Robustness: the same files encoded anew</h2>{_table(heads, rows)}" if rows else ""


def _words(one: Body) -> list[str]:
    if "flips" not in one:
        return ["–", "–", "–"]
    return [_with_limits(one["flips"]), f"{one['reversals']}", _number(one["genuine_called"])]


def _uncovered(items: Body) -> str:
    rows = [
        [name, reason.replace("_", " "), f"{count}"]
        for name, one in items.items()
        if name == FUSION or one["uncovered"]
        for reason, count in one["uncovered"].items()
    ]
    return f"<h2>Items without an answer</h2>{_table(('detector', 'reason', 'items'), rows)}" if rows else ""


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    top = "".join(f"<th>{escape(head)}</th>" for head in heads)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'


def _cell(text: str) -> str:
    value, _, limits = text.partition("\n")
    return f"<td>{escape(value)}{f'<small>{escape(limits)}</small>' if limits else ''}</td>"


def _with_limits(figure: Body | None) -> str:
    if figure is None or figure["value"] is None:
        return "–"
    limits = "" if figure["low"] is None else f"\n{_number(figure['low'])} to {_number(figure['high'])}"
    return _number(figure["value"]) + limits


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


_HOW = """<h2>How these numbers are made</h2><ul>
<li>Items that a detector does not cover are counted in its coverage and in no other figure; they are never given a
score.</li>
<li>Small print is the 95 % interval over resamples of whole sources (2.5 % and 97.5 % quantiles). Where it is missing
there are too few sources, or most resamples lack a class.</li>
<li>AUC, AP, EER and TPR rank by the raw score of a detector and by the probability of the fusion. The raw score of an
item is that of its highest face track.</li>
<li>Accuracy, balanced accuracy, precision, recall, F1 and false alarms flag what reaches the upper threshold that a
verdict would be held against; a detector without calibration is held at a raw score of 0.5.</li>
<li>LogLoss keeps probabilities 1e-15 away from 0 and 1; always saying one half gives 0.693. ECE takes ten bins of about
equally many items.</li>
<li>Risk is the share of wrong answers among the surest ones, an answer being <i>manipulated</i> from 0.5 on.</li>
<li>Tracks and clips carry the label of their item, although one face of a manipulated item may be genuine.</li>
<li>A family stands against all genuine items. Where the manifest names no compression, measured bits per
pixel divide.</li>
<li>Correlations are Pearson's, of the logits of raw scores over items that both detectors scored.</li></ul>"""
