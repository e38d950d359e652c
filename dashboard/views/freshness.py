"""When data was taken in; a line that says how old it is, and warns once it is too old, out."""

import time
from datetime import UTC, datetime

import streamlit as st

from dashboard.session import reader_zone
from dashboard.view_models import Freshness, freshness


def data_as_of(at_s: float | None, *, every_s: float = 0.0, now_s: float | None = None) -> None:
    """``at_s``: seconds since 1970, nothing where there is no data yet; ``every_s``: how seldom it is renewed."""
    now_s = time.time() if now_s is None else now_s
    if not at_s:
        st.html('<p class="tt-quiet">No data yet.</p>')
        return
    age_s = max(0.0, now_s - at_s)
    clock = datetime.fromtimestamp(at_s, UTC).astimezone(reader_zone())
    st.html(f'<p class="tt-quiet" role="status">Data as of {clock:%H:%M:%S} ({age_s:.0f} s ago)</p>')
    state = freshness(max(0.0, age_s - every_s))
    if state is Freshness.STOPPED:
        st.error("The live feed has stopped: this is the last known state.", icon=":material/report:")
    elif state is Freshness.DELAYED:
        st.warning("The data is delayed.", icon=":material/schedule:")
