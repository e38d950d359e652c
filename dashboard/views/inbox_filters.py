"""The address in; the search and the filters of the inbox, which change it, and the question that it asks, out."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from html import escape
from typing import Any

import streamlit as st

import detectors
from contracts.vocabulary import MediaKind
from dashboard import opinion_first, reviews
from dashboard.item_question import Order, Question
from dashboard.projection import Tab
from dashboard.session import address_value, engine, reader_zone, set_address_value, set_address_values, settings

HELD_AT = "inbox_held_at"
PLACES = ("after", "before")
FILTERS = ("q", "kind", "from", "to", "source", "detector", "reviewed")
_KINDS = {
    "": "All kinds",
    MediaKind.VIDEO.value: "Videos",
    MediaKind.IMAGE.value: "Pictures",
    MediaKind.AUDIO.value: "Recordings",
}
_ORDERS = {"": "Newest first", Order.OLDEST.value: "Oldest first", Order.STRONGEST.value: "Strongest evidence first"}
_REVIEWED = {"": "Reviewed or not", "no": "Not reviewed", "yes": "Reviewed"}
_BY = "by:"
_MOST_REVIEWERS = 100
_FIRST_DAY, _LAST_DAY = date(1971, 1, 1), date(2199, 12, 31)
_KEPT = "inbox_asked"
_LONGEST = 200
_WIDE_PX, _NARROW_PX = 250, 150


def draw() -> None:
    """Search, order and filters, and in words what is left out."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        _text("q", "Search", "Name, SHA-256 or item number", width=_WIDE_PX)
        _choice("kind", "Kind", _KINDS, width=_NARROW_PX)
        _choice("sort", "Order", _ORDERS, width=_WIDE_PX)
        with st.popover("More filters", icon=":material/filter_list:"):
            _more()
        st.session_state["inbox_automatic"] = address_value("insert") != "ask"
        st.toggle("Insert new items by themselves", key="inbox_automatic", on_change=_switch_insertion)
        opinion_first.draw_switch()
    _say_what_is_asked()
    keep()


def _more() -> None:
    _day("from", "Arrived from")
    _day("to", "Arrived until")
    _text("source", "Source", "Bucket, or beginning of a key: desk/", label_visibility="visible")
    names = [*settings().detector_names, *(set(detectors.names()) - {*settings().detector_names})]
    _choice("detector", "Scored by", {"": "Any detector", **{name: name for name in names}}, label_visibility="visible")
    people = reviews.reviewers(engine(), limit=_MOST_REVIEWERS)
    by = {f"{_BY}{name}": f"Reviewed by {name}" for name in people}
    _choice("reviewed", "Reviews", {**_REVIEWED, **by}, label_visibility="visible")


def _text(name: str, label: str, hint: str, *, label_visibility: Any = "collapsed", width: Any = "stretch") -> None:
    # The address is the truth: whoever reloads, goes back or follows a link gets the same list.
    st.session_state[_key(name)] = address_value(name)
    st.text_input(
        label,
        key=_key(name),
        placeholder=hint,
        label_visibility=label_visibility,
        width=width,
        on_change=_take,
        args=(name,),
    )


def _choice(
    name: str, label: str, choices: Mapping[str, str], *, label_visibility: Any = "collapsed", width: Any = "stretch"
) -> None:
    given = address_value(name)
    st.session_state[_key(name)] = given if given in choices else ""
    st.selectbox(
        label,
        list(choices),
        key=_key(name),
        format_func=lambda choice: choices[choice],
        label_visibility=label_visibility,
        width=width,
        on_change=_take,
        args=(name,),
    )


def _day(name: str, label: str) -> None:
    st.session_state[_key(name)] = _date(address_value(name))
    st.date_input(
        label,
        value=None,
        key=_key(name),
        format="YYYY-MM-DD",
        min_value=_FIRST_DAY,
        max_value=_LAST_DAY,
        on_change=_take,
        args=(name,),
    )


def _key(name: str) -> str:
    return f"inbox_{name}"


def _take(name: str) -> None:
    given = st.session_state[_key(name)]
    ask({name: "" if given is None else str(given).strip()[:_LONGEST]})


def ask(values: Mapping[str, str]) -> None:
    """Change the address and leave the place in the list: another question has another one."""
    set_address_values({**dict.fromkeys(PLACES, ""), **values})


def clear() -> None:
    """Take the search and every filter away; tab and order stay."""
    ask(dict.fromkeys(FILTERS, ""))


def _switch_insertion() -> None:
    set_address_value("insert", "" if st.session_state["inbox_automatic"] else "ask")
    st.session_state.pop(HELD_AT, None)


def _say_what_is_asked() -> None:
    said = said_of({name: address_value(name) for name in FILTERS})
    if not said:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.html(f'<p class="tt-quiet" role="status">Filters: {escape(" · ".join(said))}</p>', width="content")
        st.button("Clear filters", key="inbox_clear", type="tertiary", on_click=clear)


def said_of(asked: Mapping[str, str]) -> list[str]:
    """What the filters leave, in words; those whose value means nothing are left out as they are in the question."""
    said = [f"“{asked['q']}”"] if asked["q"].split() else []
    said += [_KINDS[asked["kind"]].lower()] if asked["kind"] in _KINDS and asked["kind"] else []
    said += [f"arrived from {day:%d %b %Y}"] if (day := _date(asked["from"])) else []
    said += [f"arrived until {day:%d %b %Y}"] if (day := _date(asked["to"])) else []
    said += [f"from {asked['source']}"] if asked["source"] else []
    said += [f"scored by {asked['detector']}"] if asked["detector"] else []
    if asked["reviewed"].startswith(_BY):
        said.append(f"reviewed by {asked['reviewed'].removeprefix(_BY)}")
    elif asked["reviewed"] in _REVIEWED and asked["reviewed"]:
        said.append(_REVIEWED[asked["reviewed"]].lower())
    return said


def asked_question() -> Question:
    """What the address asks for; words that it does not know count as not given."""
    first, last, by = _date(address_value("from")), _date(address_value("to")), address_value("reviewed")
    return Question(
        tab=None if opinion_first.is_on() else _known(Tab, address_value("tab")),
        text=_plain(address_value("q")),
        kind=_known(MediaKind, address_value("kind")),
        since_s=_midnight_s(first) if first else None,
        before_s=_midnight_s(last + timedelta(days=1)) if last else None,
        source=_plain(address_value("source")),
        detector=_plain(address_value("detector")),
        reviewed={"yes": True, "no": False}.get(by),
        reviewer=_plain(by.removeprefix(_BY)) if by.startswith(_BY) else "",
        order=_known(Order, address_value("sort")) or Order.NEWEST,
    )


def _known(words: Any, given: str) -> Any:
    return next((word for word in words if word.value == given), None)


def _plain(given: str) -> str:
    # A database may refuse NUL, which no column holds.
    return given.replace("\0", "")[:_LONGEST]


def _date(given: str) -> date | None:
    try:
        day = date.fromisoformat(given)
    except ValueError:
        return None
    return day if _FIRST_DAY <= day <= _LAST_DAY else None


def _midnight_s(day: date) -> float:
    return datetime.combine(day, time(), reader_zone()).timestamp()


def keep() -> None:
    """Remember what the list was asked for, for when the reader comes back from another page."""
    kept = {name: address_value(name) for name in (*FILTERS, *PLACES, "tab", "sort", "insert", "opinion")}
    st.session_state[_KEPT] = {name: value for name, value in kept.items() if value}


def restore() -> None:
    """Ask for what the list was asked for when it was left."""
    set_address_values(st.session_state.get(_KEPT, {}))
