"""Finished items without a label in; those worth one first, and the labels so far as a manifest, out."""

import csv
import io

import streamlit as st
from sqlalchemy import Engine

from contracts.vocabulary import Verdict
from dashboard import card_tables, reviews, wording
from dashboard.models.human_agreement import Pairs, Tally, against_verdicts, among_people
from dashboard.models.label_queue import Candidate, label_queue
from dashboard.models.recent_verdicts import recent_verdicts
from dashboard.read_model import url_of
from dashboard.session import FIRST_PAGE, calm, engine, settings

_LOOKED_AT = 500
_MOST_SHOWN = 50
_KEPT_S = 30


@calm
def draw() -> None:
    """The whole page."""
    st.title("Label queue")
    st.html(
        '<p class="tt-prose">A label teaches most where detectors contradict each other and the estimate is near one '
        "half. Open an item, say in the review form what you found out, and allow its use for evaluation.</p>"
    )
    database = engine()  # whoever may not look gets nothing out of what is kept for others
    candidates = _candidates(url_of(settings()))
    labelled = reviews.reviewed_among(database, [one.media_id for one in candidates])
    _labels_so_far()
    _queue([one for one in candidates if one.media_id not in labelled][:_MOST_SHOWN])
    _agreement()


@st.cache_data(ttl=_KEPT_S, max_entries=4, show_spinner=False)
def _candidates(url: str) -> list[Candidate]:
    # The address tells read models apart. What is kept is the order alone: five hundred verdicts would take longer to
    # fetch than to read.
    assert url == url_of(settings()), "one server has one read model at a time"
    return label_queue(recent_verdicts(engine(), most=_LOOKED_AT), labelled=(), most=_LOOKED_AT)


def _queue(queue: list[Candidate]) -> None:
    if not queue:
        st.html('<div class="tt-empty"><p><b>Nothing waits for a label.</b></p></div>')
        return
    names = {one.media_id: one.name for one in queue}
    chosen = st.selectbox("Open", list(names), format_func=lambda media_id: names[media_id])
    if st.button("Open this item"):
        st.switch_page(st.session_state[FIRST_PAGE], query_params={"item": chosen})
    rows = [
        (f"{place}", one.name, f"{one.disagreement:.2f}", f"{one.doubt:.2f}", one.media_id[:12])
        for place, one in enumerate(queue, start=1)
    ]
    head = ("", "Name", "Disagreement", "Doubt", "Item")
    st.html(card_tables.labelled(head, rows, caption=f"Of the latest {_LOOKED_AT} finished items"))


def _agreement() -> None:
    """What people concluded beside what the verdicts say; before they saw them, and after."""
    tallies, pairs = _agreed(url_of(settings()))
    if not tallies:
        return
    st.subheader("People and verdicts")
    st.html(
        '<p class="tt-prose">Only conclusions that were given before the verdict was seen tell whether people and '
        "detectors find the same; a verdict that was seen pulls along.</p>"
    )
    for before, caption in ((True, "Concluded before the verdict was seen"), (False, "Concluded after it")):
        part = [tally for tally in tallies if tally.before_verdict is before]
        if part:
            st.html(card_tables.labelled(_VERDICTS_HEAD, _crossed(part), caption=caption))
    if pairs.count:
        words = f"{pairs.alike:,} of {pairs.count:,} pairs of people who reviewed the same item concluded alike."
        st.html(f'<p class="tt-prose">{words}</p>')


@st.cache_data(ttl=_KEPT_S, max_entries=4, show_spinner=False)
def _agreed(url: str) -> tuple[list[Tally], Pairs]:
    assert url == url_of(settings()), "one server has one read model at a time"
    return against_verdicts(engine()), among_people(engine())


_VERDICTS_HEAD = ("Conclusion", *(wording.VERDICT_WORDS[verdict].word for verdict in Verdict))


def _crossed(tallies: list[Tally]) -> list[tuple[str, ...]]:
    counts = {(tally.outcome, tally.verdict): tally.count for tally in tallies}
    return [
        (reviews.OUTCOME_WORDS[outcome], *(f"{counts.get((outcome, verdict), 0):,}" for verdict in Verdict))
        for outcome in reviews.Outcome
    ]


def _labels_so_far() -> None:
    database = engine()  # asked here, because the file is made where there is no page
    if not reviews.has_labels(database):
        return
    st.download_button(
        "Download the labels as a manifest for telltale evaluate",
        lambda: _manifest(database),
        "labels.csv",
        "text/csv",
        on_click="ignore",
    )


def _manifest(database: Engine) -> str:
    manifest = io.StringIO()
    writer = csv.writer(manifest)
    writer.writerow(("path", "label", "sha256", "reviewer", "basis"))
    found = reviews.labels(database)
    writer.writerows((one.path, one.label, one.sha256 or "", one.reviewer, one.basis) for one in found)
    return manifest.getvalue()
