"""Finished items without a label in; those worth one first, and the labels so far as a manifest, out."""

import csv
import io

import streamlit as st

from dashboard import card_tables, reviews
from dashboard.models.label_queue import label_queue
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
