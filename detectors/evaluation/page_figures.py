"""The figures of whole items in, their drawings for the page out: curves, histograms, agreement of detectors."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from detectors.evaluation import svg
from detectors.evaluation.agreement import MARKED
from detectors.evaluation.page_tables import number, scale_word

Body = Mapping[str, Any]


def figures_section(items: Body) -> str:
    """Curves of all detectors together, then a histogram of each; ``items`` are the item figures by detector."""
    drawn = "".join([*_curves(items), *_histograms(items)])
    return (
        f'<h2>Figures, whole items</h2><div class="figures">{drawn}</div>'
        "<p>Large dots stand where the threshold of the policy does.</p>"
    )


def _curves(items: Body) -> Iterator[str]:
    curves = {name: one["curves"] for name, one in items.items()}
    # Curves of probabilities are empty where a detector states none, so each keeps its colour.
    reliability = {name: _shares(curve["reliability"]) for name, curve in curves.items()}
    roc, hits = _each(curves, "roc"), _each(curves, "precision_recall")
    alarms_and_hits, hits_and_precision = _points(curves, "false_alarms", "hits"), _points(curves, "hits", "precision")
    yield svg.lines("ROC", roc, x="false-alarm rate", y="hit rate", diagonal=True, marks=alarms_and_hits)
    yield svg.lines("Precision and recall", hits, x="recall", y="precision", marks=hits_and_precision)
    yield svg.dots("Reliability", reliability, x="stated probability", y="share manipulated")
    risk = _each(curves, "risk_coverage")
    yield svg.lines("Risk and coverage", risk, x="coverage", y="share of wrong answers")


def _histograms(items: Body) -> Iterator[str]:
    for name, one in items.items():
        counts = one["curves"]["histogram"]
        yield svg.bars(f"Scores of {name}", counts["genuine"], counts["manipulated"], x=scale_word(one))


def _points(curves: Mapping[str, Body], x: str, y: str) -> dict[str, tuple[float, float] | None]:
    points = {name: curve["point"] for name, curve in curves.items()}
    return {name: (at[x], at[y]) if at and at[y] is not None else None for name, at in points.items()}


def _each(curves: Mapping[str, Body], key: str) -> dict[str, Any]:
    return {name: curve[key] for name, curve in curves.items()}


def _shares(bins: Sequence[Body]) -> list[tuple[float, float, float]]:
    total = sum(one["items"] for one in bins) or 1.0
    return [(one["said"], one["seen"], one["items"] / total) for one in bins]


def agreement_section(found: Body, gain: Body | None) -> str:
    """Both correlations of every pair, how many detectors these count as, and what the fusion gains."""
    drawn = "".join(
        svg.matrix(title, found["names"], found[key], marked=MARKED)
        for title, key in (("Pearson's correlation", "correlations"), ("Rank correlation", "rank_correlations"))
    )
    pairs = "; ".join(" and ".join(pair) for pair in found["marked"]) or "none"
    return (
        f'<h2>Agreement</h2><div class="figures">{drawn}</div><p>Correlated by {MARKED} or more: {escape(pairs)}. '
        f"Effective number of detectors: {number(found['effective_number'])} of {len(found['names'])}.</p>{_gain(gain)}"
    )


def _gain(gain: Body | None) -> str:
    if gain is None:
        return ""
    low, high = gain["gain"]["low"], gain["gain"]["high"]
    limits = "" if low is None else f" (95 %: {low:+.3f} to {high:+.3f})"
    return (
        f"<p>The fusion's AUC is {number(gain['auc_of_fusion'])}, that of the best single detector "
        f"({escape(gain['best'])}) {number(gain['auc_of_best'])} on the same {gain['items']} items: a gain of "
        f"{gain['gain']['value']:+.3f}{limits}. The best one was chosen by these items.</p>"
    )
