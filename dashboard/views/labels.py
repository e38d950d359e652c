"""Finished items without a label in; those worth one first, and the labels so far as a manifest, out."""

import csv
import io

import streamlit as st

from contracts.vocabulary import Verdict
from dashboard import card_tables, reviews, wording
from dashboard.models.human_agreement import Tally, against_verdicts, among_people
from dashboard.models.label_queue import Candidate, label_queue
from dashboard.models.recent_verdicts import recent_verdicts
from dashboard.session import FIRST_PAGE, calm, engine

_LOOKED_AT = 500


@calm
def draw() -> None:
    """The whole page."""
    st.title("Label queue")
    st.html(
        '<p class="tt-prose">A label teaches most where detectors contradict each other and the estimate is near one '
        "half. Open an item, say in the review form what you found out, and allow its use for evaluation.</p>"
    )
    verdicts = recent_verdicts(engine(), most=_LOOKED_AT)
    labelled = reviews.reviewed_among(engine(), [verdict.media_id for verdict in verdicts])
    queue = label_queue(verdicts, labelled=labelled)
    _labels_so_far()
    _queue(queue)
    _agreement()


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
    tallies = against_verdicts(engine())
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
    pairs = among_people(engine())
    if pairs.count:
        words = f"{pairs.alike:,} of {pairs.count:,} pairs of people who reviewed the same item concluded alike."
        st.html(f'<p class="tt-prose">{words}</p>')


_VERDICTS_HEAD = ("Conclusion", *(wording.VERDICT_WORDS[verdict].word for verdict in Verdict))


def _crossed(tallies: list[Tally]) -> list[tuple[str, ...]]:
    counts = {(tally.outcome, tally.verdict): tally.count for tally in tallies}
    return [
        (reviews.OUTCOME_WORDS[outcome], *(f"{counts.get((outcome, verdict), 0):,}" for verdict in Verdict))
        for outcome in reviews.Outcome
    ]


def _labels_so_far() -> None:
    found = list(reviews.labels(engine()))
    if not found:
        return
    manifest = io.StringIO()
    writer = csv.writer(manifest)
    writer.writerow(("path", "label", "sha256", "reviewer", "basis"))
    writer.writerows((one.path, one.label, one.sha256 or "", one.reviewer, one.basis) for one in found)
    st.download_button(
        f"Download {len(found)} labels as a manifest for telltale evaluate",
        manifest.getvalue(),
        "labels.csv",
        "text/csv",
    )
