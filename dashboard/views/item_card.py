"""The card of one item: what is said of it, how sure that is and why not surer, and other base rates."""

from collections.abc import Sequence
from html import escape

import streamlit as st

from contracts.messages import MediaVerdict, Probability
from contracts.vocabulary import Lifecycle, Verdict
from dashboard import marks, what_if, wording
from dashboard.certainty import what_limits
from dashboard.look import FAILED_MARK, VERDICT_MARKS, WORKING_MARK
from dashboard.projection import ItemDocuments
from dashboard.session import calm, reader_zone
from dashboard.view_models import failure_words, looked_for, missing_words, moment


def draw_card(item: ItemDocuments) -> None:
    """The verdict, or how far the item has come, or why there will be none."""
    if item.failed:
        happened, means, do = failure_words(item)
        body = marks.paragraph(happened, kind="tt-lead") + marks.paragraph(means) + marks.paragraph(do)
        st.html(marks.card("Not assessed — the pipeline could not finish", body, mark=FAILED_MARK))
    elif item.verdict is None:
        words = wording.LIFECYCLE_SENTENCES[item.lifecycle]
        st.html(marks.card(_working_title(item), marks.paragraph(words, kind="tt-lead"), mark=WORKING_MARK))
    else:
        st.html(verdict_card(item.verdict))
        if item.verdict.probability is not None and item.verdict.verdict is not Verdict.INCONCLUSIVE:
            _draw_base_rate(item.verdict.probability)


@st.fragment
@calm
def _draw_base_rate(probability: Probability) -> None:
    with st.expander("What it means where manipulated files are rare: a secondary figure, not the verdict"):
        given = round(probability.prior * 1000)
        shares = sorted({*what_if.SHARES_PER_1000, given})
        per_1000 = st.select_slider(
            "Manipulated files among 1,000 such files",
            shares,
            value=given,
            format_func=lambda share: f"{share} in 1,000",
        )
        st.html(marks.paragraph(what_if.base_rate_words(probability, per_1000), kind="tt-secondary"))
        st.html(marks.paragraph(what_if.likelihood_ratio_words(probability), kind="tt-quiet"))


def _working_title(item: ItemDocuments) -> str:
    if item.extracted is None or not item.extracted.quality.sampled_frames:
        return wording.LIFECYCLE_WORDS[item.lifecycle]
    quality = item.extracted.quality
    return f"Analysing — faces in {quality.face_frames} of {quality.sampled_frames} frames so far"


def verdict_card(verdict: MediaVerdict) -> str:
    """The framed statement of a verdict, as HTML."""
    is_first_look = verdict.lifecycle is Lifecycle.PROVISIONAL
    title = wording.headline(verdict.verdict, verdict.reasons)
    details = [wording.detail_of(reason, verdict.problems) for reason in verdict.reasons]
    said = marks.paragraph(wording.sentence(verdict), kind="tt-lead")
    missing = missing_words(verdict)
    if missing:
        said += marks.paragraph(missing)
    said += _not_more_certain(verdict, details)
    said += marks.paragraph(looked_for(verdict), kind="tt-quiet")
    aside = _scale(verdict) + _small_print(verdict)
    body = f'<div class="tt-two"><div>{said}</div><div>{aside}</div></div>'
    return marks.card(f"First look: {title}" if is_first_look else title, body, verdict=verdict.verdict)


def _not_more_certain(verdict: MediaVerdict, details: Sequence[str | None]) -> str:
    advice = marks.advice(verdict.reasons, details)
    limits = "".join(f"<li>{escape(sentence)}</li>" for sentence in what_limits(verdict))
    if not advice and not limits:
        return ""
    listed = f'<ul class="tt-reasons">{limits}</ul>' if limits else ""
    return f"<p><b>{wording.limits_title(verdict.verdict)}</b></p>{advice}{listed}"


def _scale(verdict: MediaVerdict) -> str:
    if verdict.probability is None:
        return ""
    low, high = verdict.probability.low, verdict.probability.high
    bar = marks.range_bar(low, high, colour=VERDICT_MARKS[verdict.verdict].colour, thresholds=verdict.thresholds)
    words = escape(f"Estimate: {wording.frequency_range(verdict.probability)}")
    # Where no call is made, a number in large type would be read as one.
    lead = f'<p class="tt-quiet">{words}</p>' if verdict.verdict is Verdict.INCONCLUSIVE else f"<p><b>{words}</b></p>"
    return (
        f'<div class="tt-scale">{lead}{bar}'
        '<div class="tt-ends"><span>1 in 100</span><span>50 in 100</span><span>99 in 100</span></div></div>'
    )


def _small_print(verdict: MediaVerdict) -> str:
    when = moment(verdict.produced_at.timestamp(), reader_zone())
    words = f"{wording.LIFECYCLE_WORDS[verdict.lifecycle]} · {when} · policy {verdict.policy_version}"
    return marks.paragraph(words, kind="tt-quiet")
