"""A number in, that many of the latest finished verdicts out, read once for all sessions within half a minute."""

import streamlit as st

from contracts.messages import MediaVerdict
from dashboard.models.recent_verdicts import recent_verdicts
from dashboard.read_model import url_of
from dashboard.session import engine, settings

KEPT_S = 30


def latest_verdicts(most: int) -> list[MediaVerdict]:
    """Newest first. Raises ``AccessDenied``."""
    engine()  # whoever may not look gets nothing out of what was kept for others
    return list(_latest(url_of(settings()), most))


# As they are, because nobody can change a verdict: to copy hundreds of them takes longer than to read them.
@st.cache_resource(ttl=KEPT_S, max_entries=8, show_spinner=False)
def _latest(url: str, most: int) -> tuple[MediaVerdict, ...]:
    # The address is there to tell read models apart, which Streamlit does by the arguments without a leading line.
    assert url == url_of(settings()), "one server has one read model at a time"
    return tuple(recent_verdicts(engine(), most=most))
