"""Lag, stuck items and dead letters in; what waits, what was parked and what to do about it out."""

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import streamlit as st

from contracts.vocabulary import Stage
from dashboard import card_tables
from dashboard.look import asset
from dashboard.operations.item_numbers import stuck_items
from dashboard.operations.letters import found_letters
from dashboard.operations.queue_lags import queues_of
from dashboard.operations.samples import Samples
from dashboard.session import address_value, calm, engine, reader_zone, set_address_value
from dashboard.views import queue_settling
from dashboard.views.freshness import data_as_of

LOOK_EVERY_S = 5
STUCK_AFTER_S = 600.0
_STATES = {"": "Open", "settled": "Settled", "all": "All"}


@calm
def draw() -> None:
    """The whole page."""
    st.title("Queues and dead letters")
    st.html(f"<style>{asset('operations.css')}</style>")
    _queues()
    st.subheader("Dead letters")
    _filters()
    _letters()
    queue_settling.draw()


@st.fragment(run_every=LOOK_EVERY_S)
@calm
def _queues() -> None:
    now_s, found = time.time(), queues_of(Samples(engine()))
    data_as_of(found.looked_at_s, now_s=now_s)
    rows = [(group, topic, f"{lag:,.0f}") for (group, topic), lag in found.waiting.items()]
    st.html(card_tables.labelled(("Consumer group", "Topic", "Messages waiting"), rows, caption="Queues"))
    _stuck(now_s)


def _stuck(now_s: float) -> None:
    found = stuck_items(engine(), before_s=now_s - STUCK_AFTER_S)
    if not found:
        st.html('<p class="tt-quiet">No item waits longer than ten minutes.</p>')
        return
    rows = [(name, media_id, f"{(now_s - since_s) / 60.0:.0f} min") for name, media_id, since_s in found]
    st.html(
        card_tables.labelled(("Name", "Item", "Waits for"), rows, caption="Items that wait longer than ten minutes")
    )


def _filters() -> None:
    stage, state = st.columns([1, 1])
    with stage:
        _choice("stage", "Stage", {"": "Every stage", **{one.value: one.value for one in Stage}})
    with state:
        _choice("state", "State", _STATES)


def _choice(name: str, label: str, choices: Mapping[str, str]) -> None:
    key = f"queues_{name}"
    given = address_value(name)
    # The address is the truth: whoever reloads, goes back or follows a link gets the same list.
    st.session_state[key] = given if given in choices else ""
    st.selectbox(
        label, list(choices), key=key, format_func=lambda choice: choices[choice], on_change=_take, args=(name,)
    )


def _take(name: str) -> None:
    set_address_value(name, str(st.session_state[f"queues_{name}"]))


@st.fragment(run_every=LOOK_EVERY_S)
@calm
def _letters() -> None:
    letters, count = found_letters(engine(), address_value("stage"), address_value("state"))
    if not letters:
        st.html(
            '<div class="tt-empty"><p><b>No dead letters here.</b></p><p>Every message could be worked off, or was '
            "settled.</p></div>"
        )
        return
    st.html(f'<p class="tt-quiet">{count:,} found, the newest {len(letters)} shown.</p>')
    rows = [
        (
            _time(letter["failed_at_s"]),
            letter["stage"],
            letter["reason"],
            letter["detail"][:300],
            _said(letter),
            _id(letter),
        )
        for letter in letters
    ]
    st.html(
        card_tables.labelled(
            ("Parked", "Stage", "Reason", "What happened", "State", "Id"), rows, caption="Dead letters"
        )
    )
    st.download_button("Download as JSON", json.dumps(letters, indent=1), "dead-letters.json", "application/json")
    first = _id(letters[0])
    with st.expander("Look into one, or settle many, from a shell"):
        st.code(
            f"telltale dead-letters show {first}\n"
            f"telltale dead-letters replay {first} --dry-run\n"
            f'telltale dead-letters drop {first} --because "…"',
            language=None,
        )


def _id(letter: Mapping[str, Any]) -> str:
    return str(letter["dead_letter_id"])[:12]


def _said(letter: Mapping[str, Any]) -> str:
    if letter["settled"] is None:
        return "open" if not letter["attempts"] or letter["attempts"] < 2 else f"open, try {letter['attempts']}"
    return f"{letter['settled']}: {letter['settled_because'] or 'no reason given'}"


def _time(at_s: float) -> str:
    return f"{datetime.fromtimestamp(at_s, UTC).astimezone(reader_zone()):%d %b %H:%M:%S}"
