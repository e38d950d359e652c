"""A report in; the same report as one HTML page that needs nothing else out: tables, figures, how they were made."""

from collections.abc import Collection, Iterator, Mapping
from html import escape
from typing import Any

from detectors.evaluation.page_changes import comparison_section, robustness_section
from detectors.evaluation.page_figures import agreement_section, figures_section
from detectors.evaluation.page_tables import counted, number, scale_word, table, with_limits
from detectors.evaluation.score_table import FUSION

Body = Mapping[str, Any]

_CALL = "likely_manipulated"
_MOST_SLICES = 60
_LEVEL_WORDS = {"item": "video or picture (headline)", "track": "face track", "clip": "clip and frame"}
_COLUMNS = {
    "false_alarm_rate": "false alarms",
    "auc": "AUC",
    "partial_auc": "partial AUC to 5 % FPR",
    "ap": "AP",
    "eer": "EER",
    "tpr_at_fpr_10": "TPR at 10 % FPR",
    "tpr_at_fpr_5": "TPR at 5 % FPR",
    "tpr_at_fpr_1": "TPR at 1 % FPR",
    "tpr_at_fpr_0.1": "TPR at 0.1 % FPR",
    "fpr_at_tpr_90": "FPR at 90 % TPR",
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "precision_at_prevalence_1": "precision if 1 % are manipulated",
    "precision_at_prevalence_0.1": "precision if 0.1 % are manipulated",
    "log_loss": "LogLoss (clip 1e-15)",
    "log_loss_clipped_at_0.01": "LogLoss (clip 0.01)",
    "brier": "Brier",
    "ece": "ECE",
    "aurc": "AURC",
    **{
        f"{key}_of_raw": f"{name} of raw scores"
        for key, name in (
            ("log_loss", "LogLoss (clip 1e-15)"),
            ("log_loss_clipped_at_0.01", "LogLoss (clip 0.01)"),
            ("brier", "Brier"),
            ("ece", "ECE"),
            ("aurc", "AURC"),
        )
    },
}
_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;color:#1b1b1b;max-width:1180px;margin:2rem auto;padding:0 1rem}
h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2.2rem;border-bottom:1px solid #ccc}
summary h2{display:inline-block;border:0;margin:1rem 0 .4rem;cursor:pointer}
table{border-collapse:collapse;margin:.6rem 0;font-size:13px}
th,td{padding:3px 9px;text-align:right;border-bottom:1px solid #e3e3e3}
th:first-child,td:first-child,.words2 :is(td,th):nth-child(2),.words4 :is(td,th):nth-child(-n+4){text-align:left}
th:first-child,td:first-child{position:sticky;left:0;background:#fff}
td small{color:#666;white-space:nowrap;display:block}
.wide{overflow-x:auto}.figures{display:flex;flex-wrap:wrap;gap:1.2rem}
figure{margin:0;max-width:100%;overflow-x:auto}figcaption{font-weight:600}
svg text{font:11px system-ui,sans-serif;fill:#333}dt{font-weight:600}dd{margin:0 0 .4rem 0;overflow-wrap:anywhere}
@media(min-width:700px){dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1.2rem}dd{margin:0}}
"""
_HEAD = (
    '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    f"<title>Telltale: evaluation</title><style>{_STYLE}</style>"
)


def page_of(report: Body) -> str:
    """The page. ``report`` is what is written as JSON; nothing is worked out here."""
    parts = [
        "<h1>Evaluation of detectors</h1>",
        _headline(report),
        _facts(report),
        *_levels(report["levels"], {one["name"] for one in report["facts"]["detectors"] if one["untrained"]}),
        figures_section(report["levels"]["item"]),
        agreement_section(report["agreement"], report["gain"]),
        *_slices(report["slices"]),
        _verdicts(report["verdicts"], report["abstention"]),
        robustness_section(report.get("robustness") or {}),
        _uncovered(report["levels"]["item"]),
        comparison_section(report.get("against"), _COLUMNS),
        _HOW,
    ]
    return f'<!doctype html><html lang="en"><head>{_HEAD}</head><body>{"".join(parts)}</body></html>\n'


def _headline(report: Body) -> str:
    """What the verdicts came to, false alarms first."""
    facts, verdicts = report["facts"], report["verdicts"]
    called = {word: counts.get(_CALL, 0) for word, counts in verdicts.items()}
    area = with_limits(report["levels"]["item"][FUSION]["figures"].get("auc")).replace("\n", ", 95 %: ")
    return (
        f"<p>Of {facts['genuine']} genuine items {called['genuine']} were called <i>likely manipulated</i>, of "
        f"{facts['manipulated']} manipulated ones {called['manipulated']}. AUC of the fused probability: {area}.</p>"
    )


def _facts(report: Body) -> str:
    facts = report["facts"]
    versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
    told = {
        "Command": facts["command"],
        "Made": facts["made_at"],
        "Versions": versions,
        "Machine": facts["machine"],
        "Scope": facts["scope"],
        "Split": facts["split"] or "all items",
        "Aggregation": facts["aggregation"],
        "Asked for": f"{', '.join(facts['manifests'])} (SHA-256 {facts['manifest_sha256']})",
        "Items": f"{facts['items']} ({facts['genuine']} genuine, {facts['manipulated']} manipulated) "
        f"of {facts['sources']} sources",
        "Policy": f"{facts['policy_version']}, verdict thresholds {facts['thresholds']['lower']:.3f} and "
        f"{facts['thresholds']['upper']:.3f}",
        "Gates": ", ".join(facts["gates"]).replace("_", " ") or "none",
        "Intervals": f"{facts['rounds']} resamples of sources, seed {facts['seed']}",
        **{f"Note {number}": note for number, note in enumerate(facts["notes"], 1)},
    }
    body = "".join(f"<dt>{escape(name)}</dt><dd>{escape(str(text))}</dd>" for name, text in told.items())
    heads = ("detector", "version", "weights (SHA-256)", "calibration", "threshold")
    return f"<dl>{body}</dl>{table(heads, [_detector(one) for one in facts['detectors']], words=4)}"


def _detector(one: Body) -> list[str]:
    weights = one["weights_sha256"] or ("random, says nothing" if one["untrained"] else "none: not run")
    return [one["name"], one["version"], weights, one["calibration"] or "none", number(one["threshold"])]


def _levels(levels: Body, untrained: Collection[str]) -> Iterator[str]:
    """A table per level, a column per detector: there are more figures than a page is wide."""
    for level, by_detector in levels.items():
        heads = ["figure", *(f"{name} (untrained)" if name in untrained else name for name in by_detector)]
        ones = list(by_detector.values())
        used = [key for key in _COLUMNS if any(key in one["figures"] for one in ones)]
        rows = [
            ["genuine", *(_of_class(one, "genuine") for one in ones)],
            ["manipulated", *(_of_class(one, "manipulated") for one in ones)],
            ["coverage", *(with_limits(one["coverage"]) for one in ones)],
            ["threshold", *(f"{scale_word(one)} {one['threshold']:.3f}" for one in ones)],
            *([_COLUMNS[key], *(with_limits(one["figures"].get(key)) for one in ones)] for key in used),
        ]
        yield _section(f"By {_LEVEL_WORDS[level]}", table(heads, rows), folded=level != "item")


def _section(title: str, body: str, *, folded: bool = False) -> str:
    heading = f"<h2>{escape(title)}</h2>"
    return f"<details><summary>{heading}</summary>{body}</details>" if folded else f"{heading}{body}"


def _of_class(one: Body, word: str) -> str:
    return f"{one['covered_of'][word]} of {one[word]}\n{one['sources_of'][word]} sources"


def _slices(slices: Body) -> Iterator[str]:
    for kind, by_value in slices.items():
        heads = (
            kind,
            "detector",
            "false alarms",
            "hits",
            "AUC",
            "TPR at 5 % FPR",
            "genuine",
            "manipulated",
            "coverage",
        )
        parts = [(value, name, one) for value, by_detector in by_value.items() for name, one in by_detector.items()]
        if kind == "source":
            parts.sort(key=lambda part: -(part[2]["flagged"]["genuine"]["value"] or 0.0))
        rows = [[value, name, *_slice(one)] for value, name, one in parts[:_MOST_SLICES]]
        more = f"<p>{len(parts) - _MOST_SLICES} more are in report.json.</p>" if len(parts) > _MOST_SLICES else ""
        if rows:
            yield _section(f"By {kind}", f"{table(heads, rows, words=2)}{more}", folded=kind == "source")


def _slice(one: Body) -> list[str]:
    figures = one["figures"]
    return [
        counted(one["flagged"]["genuine"]),
        counted(one["flagged"]["manipulated"]),
        with_limits(figures.get("auc")),
        with_limits(figures.get("tpr_at_fpr_5")),
        f"{one['genuine']}",
        f"{one['manipulated']}",
        with_limits(one["coverage"]),
    ]


def _verdicts(verdicts: Body, abstention: Body) -> str:
    words = list(dict.fromkeys(word for counts in verdicts.values() for word in counts))
    rows = [[label, *(f"{counts.get(word, 0)}" for word in words)] for label, counts in verdicts.items()]
    reasons = [
        [reason.replace("_", " "), *(f"{counts.get(reason, 0)}" for counts in abstention["reasons"].values())]
        for reason in dict.fromkeys(reason for counts in abstention["reasons"].values() for reason in counts)
    ]
    answered = with_limits(abstention["answered"]).replace("\n", " (95 %: ")
    silent = table(("no verdict because", *abstention["reasons"]), reasons) if reasons else ""
    return (
        f"<h2>Verdicts</h2>{table(['', *(word.replace('_', ' ') for word in words)], rows)}"
        f"<p>Share of items with a verdict: {answered}{')' if '(' in answered else ''}.</p>{silent}"
    )


def _uncovered(items: Body) -> str:
    rows = [
        [name, reason.replace("_", " "), f"{count}"]
        for name, one in items.items()
        if name == FUSION or one["uncovered"]
        for reason, count in one["uncovered"].items()
    ]
    return f"<h2>Items without an answer</h2>{table(('detector', 'reason', 'items'), rows, words=2)}" if rows else ""


_HOW = """<h2>How these numbers are made</h2><ul>
<li>Items that a detector does not cover are counted in its coverage and in no other figure; they are never given a
score.</li>
<li>Small print is the 95 % interval over resamples of whole sources (2.5 % and 97.5 % quantiles). Where it is missing
there are too few sources, or most resamples lack a class.</li>
<li>AUC, AP, EER and TPR rank by the raw score of a detector and by the probability of the fusion. The raw score of an
item is that of its highest face track.</li>
<li>The partial AUC is standardised after McClish, as by scikit-learn's max_fpr: 0.5 is chance, 1 the best.</li>
<li>A rate says "too few" where one item alone exceeds it: TPR at 0.1 % FPR needs 1000 genuine items. ECE needs 50.
Precision at a prevalence weighs the classes; without any false alarm only a lower limit is told (rule of three).</li>
<li>Accuracy, balanced accuracy, precision, recall, F1 and false alarms flag what reaches the upper threshold that a
verdict would be held against; a detector without calibration is held at a raw score of 0.5.</li>
<li>LogLoss keeps probabilities 1e-15, or 0.01, from 0 and 1; always saying one half gives 0.693. ECE takes ten bins
of about equally many items.</li>
<li>Risk is the share of wrong answers among the surest ones, an answer being <i>manipulated</i> from 0.5 on; AURC is
its mean over the coverages reached.</li>
<li>Tracks and clips carry the label of their item, although one face of a manipulated item may be genuine.</li>
<li>A family stands against all genuine items. Where the manifest names no compression, measured bits per
pixel divide.</li>
<li>Correlations are of the logits of probabilities (of raw scores where a detector has none) over items that both
scored.</li></ul>"""
