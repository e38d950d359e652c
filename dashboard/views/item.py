"""One media item: what is said of it, on what grounds, where in the media, and how that came about."""

from collections.abc import Sequence
from html import escape

import streamlit as st

from contracts.messages import MediaVerdict
from contracts.vocabulary import Lifecycle, MediaKind
from dashboard import item_queries, marks, opinion_first, wording
from dashboard.item_queries import Row
from dashboard.look import HIDDEN_MARK
from dashboard.projection import DONE, ItemDocuments
from dashboard.session import COMPARE_PAGE, address_value, calm, engine, reader_zone, set_address_values
from dashboard.view_models import HISTORY_HEAD, file_facts, history_table, moment
from dashboard.views.item_card import draw_card
from dashboard.views.item_evidence import draw_detectors, draw_people, draw_player, draw_timeline
from dashboard.views.item_heat_map import draw_heat_maps
from dashboard.views.item_reports import draw_reports
from dashboard.views.item_review import draw_form, draw_reviews, reviewer

LOOK_EVERY_S = 2
_READING_PX = 760


@calm
def draw(media_id: str) -> None:
    """The whole page."""
    _draw_door()
    row = item_queries.item_row(engine(), media_id)
    if row is None:
        _draw_unknown(media_id)
        return
    item = item_queries.item(engine(), media_id)
    st.title(_title(row))
    if item.lifecycle not in DONE:
        _watch(media_id, row["change"])
    if item.verdict is not None and not item.failed and opinion_first.hides(media_id, reviewer()):
        _draw_hidden(item)
        return
    draw_card(item)
    if item.verdict is not None and not item.failed:
        opinion_first.note_seen(media_id)
        _draw_grounds(item, item.verdict)
    else:
        with st.columns([11, 9])[0]:
            draw_player(item, moment_asked())
    _draw_more(item)


def _draw_door() -> None:
    back, switch = st.columns([5, 1], vertical_alignment="center")
    with switch:
        opinion_first.draw_switch()
    if back.button("Inbox", icon=":material/arrow_back:", type="tertiary"):
        set_address_values({"item": "", "t": ""})
        st.rerun()


def _draw_hidden(item: ItemDocuments) -> None:
    words = "The verdict, the scores and the crops are shown when you have said what you think."
    st.html(marks.card("Your opinion first", marks.paragraph(words, kind="tt-lead"), mark=HIDDEN_MARK))
    left, right = st.columns([11, 9], gap="large")
    with left:
        draw_player(item, moment_asked())
    with right:
        draw_form(item.media_id, item.verdict)


def _draw_more(item: ItemDocuments) -> None:
    has_verdict = item.verdict is not None and not item.failed
    names = ["Review", "Reports", "File", "History", "Heat map"] if has_verdict else ["File", "History", "Review"]
    tabs = dict(zip(names, st.tabs(names), strict=True))
    with tabs["Review"], st.container(width=_READING_PX):
        draw_reviews(item.media_id, item.verdict)
    with tabs["File"]:
        st.html(marks.facts(file_facts(item, reader_zone())))
        if st.button("Compare with another item", icon=":material/compare:"):
            st.switch_page(st.session_state[COMPARE_PAGE], query_params={"a": item.media_id})
    with tabs["History"]:
        _draw_history(item.media_id)
    if has_verdict and item.verdict is not None:
        with tabs["Reports"]:
            draw_reports(item, item.verdict)
        with tabs["Heat map"]:
            draw_heat_maps(item.verdict)


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
    if not events and not letters:
        st.caption("No verdict has been published yet.")
    if events:
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
