"""The reports of one item: each made when it is asked for."""

from collections.abc import Callable

import streamlit as st

from contracts.messages import Evidence, MediaVerdict, utc_now
from dashboard import item_queries, reports, reviews
from dashboard.evidence_pictures import NoPicture, Wanted, crops_of
from dashboard.projection import ItemDocuments
from dashboard.session import engine, reader_zone, work_bucket
from ingest.object_store import ObjectStore


@st.fragment
def draw_reports(item: ItemDocuments, verdict: MediaVerdict) -> None:
    """One button for each format."""
    st.caption(
        "All say the same: the verdict with its limits, the grounds, versions and checksums, and what people said. "
        "A report is marked as a draft until somebody has reviewed the item."
    )
    zone = reader_zone()  # asked here, because a report is made where there is no page
    media_id, database, work = item.media_id, engine(), work_bucket()

    def report() -> reports.Report:
        evidence = [one for track in verdict.tracks for one in track.evidence]
        return reports.report_of(
            item,
            history=item_queries.history_of(database, media_id),
            reviews=reviews.reviews_of(database, media_id),
            crops=_crops(work, evidence),
            zone=zone,
            now=utc_now(),
        )

    def data() -> bytes:
        history = item_queries.history_of(database, media_id)
        return reports.as_json(verdict, history=history, reviews=reviews.reviews_of(database, media_id))

    stem = f"telltale-{media_id[:12]}"
    with st.container(horizontal=True):
        _button("Page (HTML)", lambda: reports.as_html(report()), f"{stem}.html", "text/html")
        _button("Document (PDF)", lambda: reports.as_pdf(report()), f"{stem}.pdf", "application/pdf")
        _button("Data (JSON)", data, f"{stem}.json", "application/json")
        _button("Rows (CSV)", lambda: reports.as_csv(verdict), f"{stem}.csv", "text/csv")
        _button("Charts (PNG)", lambda: reports.as_png(report()), f"{stem}.png", "image/png")


def _button(label: str, made: Callable[[], bytes], name: str, kind: str) -> None:
    st.download_button(label, made, file_name=name, mime=kind, on_click="ignore", key=f"report_{name}")


def _crops(work: ObjectStore, evidence: list[Evidence]) -> dict[Wanted, bytes]:
    try:
        return crops_of(work, evidence)
    except NoPicture:
        return {}
