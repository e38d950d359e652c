"""An empty inbox in; a button that brings three sample clips, and what became of it, out."""

import streamlit as st

from dashboard import sample_clips
from dashboard.access import Role
from dashboard.session import principal, settings, watched_bucket

_ASKED = "samples_asked"
_SENT = "samples_sent"


def offer() -> None:
    """Offer the samples to whoever may submit; they take the way of every upload."""
    if sent := st.session_state.get(_SENT):
        st.info(f"{len(sent)} sample clips lie in the bucket. They appear here as soon as they are noticed.")
        return
    if not principal().role.includes(Role.ANALYST):
        return
    with st.container(horizontal=True, horizontal_alignment="center"):
        st.button("Load the three sample clips", type="primary", on_click=_ask, key="samples")
    st.caption(
        "They are made on this machine from two public-domain pictures: one genuine, one with a replaced face, one "
        "without a face. Their names say which is which.",
        text_alignment="center",
    )
    # Kept until it is done: a look at the list that comes meanwhile would otherwise forget the click.
    if st.session_state.get(_ASKED):
        with st.spinner("Making three short clips. This takes some seconds."):
            st.session_state[_SENT] = _load()
        st.rerun()


def _ask() -> None:
    st.session_state[_ASKED] = True


def _load() -> list[str]:
    try:
        limit_bytes = settings().upload_limit_mb * 2**20
        return sample_clips.load(watched_bucket(), by=principal(), limit_bytes=limit_bytes)
    finally:
        st.session_state.pop(_ASKED, None)
