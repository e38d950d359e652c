"""The live inbox: the address says what is asked, the read model answers, and the list moves by itself."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import streamlit as st

from contracts.messages import Evidence
from dashboard import item_counts, item_pages, item_queries, opinion_first, reviews
from dashboard.evidence_pictures import NoPicture, thumbnail_of
from dashboard.inbox_list import Thumbnail, list_data, mount_list, mount_pulse
from dashboard.item_queries import Question, Row
from dashboard.session import address_value, calm, engine, set_address_value, watched_bucket, work_bucket
from dashboard.views import inbox_filters
from dashboard.views.inbox_filters import HELD_AT, PLACES, asked_question
from dashboard.views.inbox_samples import offer

LOOK_EVERY_S = 2
# A bundle takes a moment to open, so each look opens a few and the list fills up over the next ones.
_THUMBNAILS_PER_LOOK = 4
_REVEALED = "inbox_revealed"


@calm
def draw() -> None:
    """The whole page."""
    st.title("Inbox")
    inbox_filters.draw()
    _live()


@st.fragment(run_every=LOOK_EVERY_S)
@calm
def _live() -> None:
    database = engine()
    mount_pulse(item_queries.heartbeat_age_s(database), item_queries.pulse(database))
    question = replace(asked_question(), until_change=_held_at())
    after, before = (address_value(place) for place in PLACES)
    page = item_pages.page_at(database, question, after=after, before=before)
    counts = item_counts.counted(database, question)
    asked = mount_list(
        list_data(
            question,
            page,
            counts,
            newer=item_queries.newer_items(database, question),
            thumbnails=_thumbnails(page.rows),
            bucket_name=watched_bucket().bucket,
            reviewed=reviews.reviewed_among(database, [row["media_id"] for row in page.rows]),
            reviewed_in=_reviewed_in(question),
            hides=opinion_first.hidden_among(page.rows) if opinion_first.is_on() else (),
            place=after or before,
        )
    )
    if not question.is_filtered and not any(count.number for count in counts.values()):
        offer()
    _follow(asked)


def _reviewed_in(question: Question) -> dict[str, int]:
    # The numbers are those of all items, so they say nothing beside those of a few.
    return {} if question.is_filtered else reviews.reviewed_by_tab(engine())


def _held_at() -> int | None:
    if address_value("insert") != "ask":
        return None
    return st.session_state.setdefault(HELD_AT, item_queries.last_change(engine()))


def _follow(asked: Mapping[str, Any]) -> None:
    if asked.get("open"):
        set_address_value("item", str(asked["open"]))
    elif asked.get("tab"):
        inbox_filters.ask({"tab": "" if asked["tab"] == "all" else str(asked["tab"])})
    elif turned := next((name for name in ("first", *PLACES) if asked.get(name)), None):
        inbox_filters.ask({turned: str(asked[turned])} if turned in PLACES else {})
    elif asked.get("reveal"):
        st.session_state.setdefault(_REVEALED, set()).add(str(asked["reveal"]))
    elif asked.get("show"):
        st.session_state.pop(HELD_AT, None)
    elif asked.get("clear"):
        inbox_filters.clear()
    else:
        return
    st.rerun()


def _thumbnails(rows: list[Row]) -> dict[str, Thumbnail]:
    kept: dict[tuple[str, bool], str] = st.session_state.setdefault("inbox_thumbnails", {})
    revealed: set[str] = st.session_state.setdefault(_REVEALED, set())
    wanted = {row["media_id"]: (row["thumbnail"], row["media_id"] in revealed) for row in rows if row["thumbnail"]}
    missing = [one for one in wanted.values() if one not in kept]
    for one in sorted(missing, key=lambda one: not one[1])[:_THUMBNAILS_PER_LOOK]:
        kept[one] = _thumbnail(*one)
    st.session_state["inbox_thumbnails"] = {one: kept[one] for one in wanted.values() if one in kept}
    return {media_id: Thumbnail(kept[one], one[1]) for media_id, one in wanted.items() if kept.get(one)}


@st.cache_data(max_entries=2000, show_spinner=False)
def _thumbnail(evidence: str, is_revealed: bool) -> str:
    """A data address, or nothing where there is no picture to be had."""
    try:
        return thumbnail_of(work_bucket(), Evidence.model_validate_json(evidence), is_revealed=is_revealed)
    except NoPicture:
        return ""
