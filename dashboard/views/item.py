"""One media item: what is said of it, on what grounds, where in the media, and how that came about."""

from collections.abc import Sequence
from html import escape

import streamlit as st

from contracts.messages import MediaVerdict, Probability
from contracts.vocabulary import Lifecycle, MediaKind, Verdict
from dashboard import item_queries, marks, what_if, wording
from dashboard.certainty import what_limits
from dashboard.item_queries import Row
from dashboard.look import FAILED_MARK, VERDICT_MARKS, WORKING_MARK
from dashboard.projection import DONE, ItemDocuments
from dashboard.session import address_value, calm, engine, reader_zone, set_address_value
from dashboard.view_models import (
    HISTORY_HEAD,
    failure_words,
    file_facts,
    history_table,
    looked_for,
    missing_words,
    moment,
)
from dashboard.views.item_evidence import draw_detectors, draw_people, draw_player, draw_timeline

LOOK_EVERY_S = 2


@calm
def draw(media_id: str) -> None:
    """The whole page."""
    if st.button("Inbox", icon=":material/arrow_back:", type="tertiary"):
        for name in ("item", "t"):
            set_address_value(name, "")
        st.rerun()
    row = item_queries.item_row(engine(), media_id)
    if row is None:
        _draw_unknown(media_id)
        return
    item = item_queries.item(engine(), media_id)
    st.title(_title(row))
    if item.lifecycle not in DONE:
        _watch(media_id, row["change"])
    _draw_card(item)
    if item.verdict is not None and not item.failed:
        _draw_grounds(item, item.verdict)
    else:
        with st.columns([11, 9])[0]:
            draw_player(item, moment_asked())
    st.subheader("File")
    st.html(marks.facts(file_facts(item, reader_zone())))
    _draw_history(media_id)


def _title(row: Row) -> str:
    return "".join(f"\\{letter}" if letter in "\\`*_{}[]<>()#+-.!|~$:" else letter for letter in row["name"])


def moment_asked() -> float:
    """The moment of the media that the address asks for, in seconds."""
    try:
        return max(0.0, float(address_value("t", "0")))
    except ValueError:
        return 0.0


def _draw_unknown(media_id: str) -> None:
    st.title("No such item")
    words = f"There is no item {media_id[:64]} here. It may have been removed, or it has not arrived yet."
    st.html(
        marks.card("Not found", marks.paragraph(words) + marks.paragraph("Go back to the inbox and search for it."))
    )


@st.fragment(run_every=LOOK_EVERY_S)
@calm
def _watch(media_id: str, seen_change: int) -> None:
    row = item_queries.item_row(engine(), media_id)
    if row is None:
        return
    if row["change"] != seen_change and row["verdict"] is None:
        st.rerun()  # nothing to read has been drawn yet, so nothing can move under the reader's eyes
    status, fresh = st.columns([4, 2], vertical_alignment="center")
    lifecycle = Lifecycle(row["lifecycle"])
    done = f" {row['detectors_done']} of {row['detectors_all']} detectors finished." if row["detectors_all"] else ""
    if lifecycle is not Lifecycle.FAILED:
        status.html(f'<p class="tt-quiet" role="status">{escape(wording.LIFECYCLE_SENTENCES[lifecycle] + done)}</p>')
    if row["change"] != seen_change and fresh.button("New results — refresh", type="primary", key="refresh_item"):
        st.rerun()


def _draw_card(item: ItemDocuments) -> None:
    if item.failed:
        happened, means, do = failure_words(item)
        body = marks.paragraph(happened, kind="tt-lead") + marks.paragraph(means) + marks.paragraph(do)
        st.html(marks.card("Not assessed — the pipeline could not finish", body, mark=FAILED_MARK))
    elif item.verdict is None:
        words = wording.LIFECYCLE_SENTENCES[item.lifecycle]
        st.html(marks.card(_working_title(item), marks.paragraph(words, kind="tt-lead"), mark=WORKING_MARK))
    else:
        st.html(_verdict_card(item.verdict))
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


def _verdict_card(verdict: MediaVerdict) -> str:
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
    return f"<p><b>Why it is not more certain</b></p>{advice}{listed}"


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


def _draw_grounds(item: ItemDocuments, verdict: MediaVerdict) -> None:
    left, right = st.columns([11, 9], gap="large")
    with left:
        draw_player(item, moment_asked())
    with right:
        if verdict.detectors:
            draw_detectors(verdict)
    if verdict.tracks and verdict.media.kind is not MediaKind.IMAGE:
        draw_timeline(verdict)
    if verdict.tracks:
        draw_people(verdict)


def _draw_history(media_id: str) -> None:
    events = item_queries.history_of(engine(), media_id)
    letters = item_queries.dead_letters_of(engine(), media_id)
    if events:
        st.subheader("History")
        st.html(marks.table(HISTORY_HEAD, history_table(events, reader_zone()), caption="Every verdict, newest first"))
    if letters:
        with st.expander(f"What went wrong on the way ({wording.counted(len(letters), 'dead letter')})"):
            st.html(_letters(letters))


def _letters(letters: Sequence[Row]) -> str:
    rows = [
        (
            moment(letter["failed_at_s"], reader_zone()),
            letter["stage"],
            letter["reason"],
            letter["detail"],
            f"{letter['topic']}/{letter['partition']}/{letter['offset']}",
        )
        for letter in letters
    ]
    return marks.table(("When", "Stage", "Reason", "Detail", "Message"), rows, caption="Parked messages of this item")
