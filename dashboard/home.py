"""The Streamlit entry: a browser in, one of the pages out; layout only."""

from collections.abc import Callable
from importlib import import_module

import streamlit as st

from dashboard.access import NotAuthenticated
from dashboard.login import draw_door, draw_way_out
from dashboard.look import ICON, LOGO, asset
from dashboard.session import COMPARE_PAGE, FIRST_PAGE, address_value, principal, settings
from dashboard.views import inbox, inbox_filters, item

INBOX = "inbox"
_OPENED = "opened_page"


def first_page() -> None:
    """The inbox, or one item of it where the address names one."""
    media_id = address_value("item")
    if media_id:
        item.draw(media_id)
    else:
        inbox.draw()


def named_inbox() -> None:
    """The inbox under its name."""
    first_page()


def drawn_by(name: str) -> Callable[[], None]:
    """A page of ``dashboard.views`` that is imported when it is opened: the inbox need not wait for charts."""

    def draw() -> None:
        import_module(f"dashboard.views.{name}").draw()

    return draw


def main() -> None:
    st.set_page_config(page_title="Telltale", page_icon=ICON, layout="wide")
    st.html(f"<style>{asset('page.css')}</style>")
    st.logo(LOGO, size="large")
    try:
        somebody = principal()
    except NotAuthenticated as why:
        draw_door(settings(), why)
        return
    draw_way_out(settings(), somebody)
    desk = [
        st.Page(first_page, title="Inbox", default=True),
        st.Page(drawn_by("submit"), title="Submit", url_path="submit"),
        st.Page(drawn_by("compare"), title="Compare", url_path="compare"),
        st.Page(drawn_by("catalogue"), title="Detectors", url_path="detectors"),
        st.Page(drawn_by("guide"), title="How to read this", url_path="guide"),
    ]
    operations = [
        st.Page(drawn_by("pipeline"), title="Pipeline", url_path="pipeline"),
        st.Page(drawn_by("queues"), title="Queues and dead letters", url_path="queues"),
        st.Page(drawn_by("workers"), title="Workers and cost", url_path="workers"),
        st.Page(drawn_by("outputs"), title="Outputs", url_path="outputs"),
        st.Page(drawn_by("health"), title="Health check", url_path="health"),
    ]
    models = [
        st.Page(drawn_by("evaluations"), title="Evaluation", url_path="evaluation"),
        st.Page(drawn_by("policy"), title="Calibration and policy", url_path="policy"),
        st.Page(drawn_by("drift"), title="Drift and disagreement", url_path="drift"),
        st.Page(drawn_by("labels"), title="Label queue", url_path="labels"),
        st.Page(drawn_by("experiments"), title="Experiments", url_path="experiments"),
    ]
    st.session_state[FIRST_PAGE] = desk[0]
    st.session_state[COMPARE_PAGE] = desk[2]
    # The first page has no path of its own, but people type and link to its name.
    desk.append(st.Page(named_inbox, title="Inbox", url_path=INBOX, visibility="hidden"))
    pages = {"": desk, "Operations": operations, "Models": models}
    opened = st.navigation(pages, position="top")
    _come_back(opened.url_path)
    opened.run()


def _come_back(path: str) -> None:
    """Whoever returns to the inbox from another page finds it as it was left; a reload and a link say themselves."""
    is_inbox, was_elsewhere = path in ("", INBOX), st.session_state.get(_OPENED, "") not in ("", INBOX)
    if is_inbox and was_elsewhere and not st.query_params:
        inbox_filters.restore()
    st.session_state[_OPENED] = path


main()
