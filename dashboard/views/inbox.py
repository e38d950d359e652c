"""The live inbox: the address says what is asked, the read model answers, and the list moves by itself."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from contracts.messages import Evidence
from contracts.vocabulary import MediaKind
from dashboard import item_queries, opinion_first, reviews
from dashboard.evidence_pictures import NoPicture, thumbnail_of
from dashboard.inbox_list import Thumbnail, list_data, mount_list, mount_pulse
from dashboard.item_queries import Order, Question, Row
from dashboard.projection import Tab
from dashboard.session import address_value, calm, engine, set_address_value, watched_bucket, work_bucket

LOOK_EVERY_S = 2
_KINDS = {"": "All kinds", MediaKind.VIDEO.value: "Videos", MediaKind.IMAGE.value: "Pictures"}
_ORDERS = {"": "Newest first", Order.OLDEST.value: "Oldest first", Order.STRONGEST.value: "Strongest evidence first"}
# A bundle takes a moment to open, so each look opens a few and the list fills up over the next ones.
_THUMBNAILS_PER_LOOK = 4
_HELD_AT = "inbox_held_at"
_REVEALED = "inbox_revealed"


@calm
def draw() -> None:
    """The whole page."""
    st.title("Inbox")
    _filters()
    _live()


def _filters() -> None:
    search, kind, order, automatic, opinion = st.columns([4, 1.8, 2.4, 2.6, 1.8], vertical_alignment="bottom")
    with search:
        _bound_text("q", "Search", "Name, SHA-256 or item number")
    with kind:
        _bound_choice("kind", "Kind", _KINDS)
    with order:
        _bound_choice("sort", "Order", _ORDERS)
    with automatic:
        st.session_state["inbox_automatic"] = address_value("insert") != "ask"
        st.toggle("Insert new items by themselves", key="inbox_automatic", on_change=_switch_insertion)
    with opinion:
        opinion_first.draw_switch()


def _bound_text(name: str, label: str, hint: str) -> None:
    key = f"inbox_{name}"
    # The address is the truth: whoever reloads, goes back or follows a link gets the same list.
    st.session_state[key] = address_value(name)
    st.text_input(label, key=key, placeholder=hint, label_visibility="collapsed", on_change=_take, args=(name,))


def _bound_choice(name: str, label: str, choices: Mapping[str, str]) -> None:
    key, given = f"inbox_{name}", address_value(name)
    st.session_state[key] = given if given in choices else ""
    st.selectbox(
        label,
        list(choices),
        key=key,
        format_func=lambda choice: choices[choice],
        label_visibility="collapsed",
        on_change=_take,
        args=(name,),
    )


def _take(name: str) -> None:
    set_address_value(name, str(st.session_state[f"inbox_{name}"]).strip())
    set_address_value("page", "")


def _switch_insertion() -> None:
    is_automatic = st.session_state["inbox_automatic"]
    set_address_value("insert", "" if is_automatic else "ask")
    st.session_state.pop(_HELD_AT, None)


@st.fragment(run_every=LOOK_EVERY_S)
@calm
def _live() -> None:
    database = engine()
    mount_pulse(item_queries.heartbeat_age_s(database), item_queries.pulse(database))
    question = asked_question()
    rows = item_queries.page_of(database, question)
    reviewed = reviews.reviewed_among(database, [row["media_id"] for row in rows])
    asked = mount_list(
        list_data(
            question,
            rows,
            item_queries.tab_counts(database, question),
            newer=item_queries.newer_items(database, question),
            thumbnails=_thumbnails(rows),
            bucket_name=watched_bucket().bucket,
            reviewed=reviewed,
            reviewed_in=reviews.reviewed_by_tab(database),
            hides=opinion_first.hidden_among(rows) if opinion_first.is_on() else (),
        )
    )
    _follow(asked)


def asked_question() -> Question:
    """What the address asks for; words that it does not know count as not given."""
    number = address_value("page")
    return Question(
        tab=None if opinion_first.is_on() else _known(Tab, address_value("tab")),
        text=address_value("q"),
        kind=_known(MediaKind, address_value("kind")),
        order=_known(Order, address_value("sort")) or Order.NEWEST,
        page=int(number) - 1 if number.isdecimal() and number != "0" else 0,
        until_change=_held_at(),
    )


def _known(words: Any, given: str) -> Any:
    return next((word for word in words if word.value == given), None)


def _held_at() -> int | None:
    if address_value("insert") != "ask":
        return None
    return st.session_state.setdefault(_HELD_AT, item_queries.last_change(engine()))


def _follow(asked: Mapping[str, Any]) -> None:
    if asked.get("open"):
        set_address_value("item", str(asked["open"]))
    elif asked.get("tab"):
        set_address_value("tab", "" if asked["tab"] == "all" else str(asked["tab"]))
        set_address_value("page", "")
    elif asked.get("page"):
        set_address_value("page", str(int(asked["page"]) + 1) if asked["page"] != "0" else "")
    elif asked.get("reveal"):
        st.session_state.setdefault(_REVEALED, set()).add(str(asked["reveal"]))
    elif asked.get("show"):
        st.session_state.pop(_HELD_AT, None)
    elif asked.get("clear"):
        for name in ("q", "kind", "page"):
            set_address_value(name, "")
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
