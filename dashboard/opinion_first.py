"""Whether verdicts are hidden until an opinion was given; the address keeps the wish, the session what was seen."""

from collections.abc import Sequence

import streamlit as st

from dashboard import reviews
from dashboard.item_queries import Row
from dashboard.session import address_value, engine, set_address_value

_KEY = "opinion_first"
_WANTED = "first"
_SEEN = "verdicts_seen"


def draw_switch() -> None:
    """The switch for one's own opinion before the verdict."""
    st.session_state[_KEY] = is_on()
    st.toggle("My opinion first", key=_KEY, on_change=_switch, help="Hides every verdict until you have said yours.")


def _switch() -> None:
    set_address_value("opinion", _WANTED if st.session_state[_KEY] else "")


def is_on() -> bool:
    """Whether the reader asked for it."""
    return address_value("opinion") == _WANTED


def hides(media_id: str, reviewer: str) -> bool:
    """Whether the verdict on this item must not be shown yet.

    Who has seen it in this session, or has given an opinion before, is shown it.
    """
    if not is_on() or was_seen(media_id):
        return False
    return all(review.reviewer != reviewer for review in reviews.reviews_of(engine(), media_id))


def hidden_among(rows: Sequence[Row]) -> set[str]:
    """Those items of a list whose verdicts are not told; an item counts as open once anybody's opinion is known."""
    media_ids = [row["media_id"] for row in rows]
    told = reviews.reviewed_among(engine(), media_ids)
    return {media_id for media_id in media_ids if media_id not in told and not was_seen(media_id)}


def was_seen(media_id: str) -> bool:
    """Whether this session has been shown the verdict on this item."""
    return media_id in st.session_state.get(_SEEN, set())


def note_seen(media_id: str) -> None:
    """Remember that the verdict is on the screen now."""
    st.session_state.setdefault(_SEEN, set()).add(media_id)
