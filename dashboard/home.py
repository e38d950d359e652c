"""The Streamlit entry: a browser in, one of the pages out; layout only."""

import streamlit as st

from dashboard.look import ICON, LOGO, asset
from dashboard.session import FIRST_PAGE, address_value
from dashboard.views import catalogue, guide, inbox, item, submit


def first_page() -> None:
    """The inbox, or one item of it where the address names one."""
    media_id = address_value("item")
    if media_id:
        item.draw(media_id)
    else:
        inbox.draw()


def main() -> None:
    st.set_page_config(page_title="Telltale", page_icon=ICON, layout="wide")
    st.html(f"<style>{asset('page.css')}</style>")
    st.logo(LOGO, size="large")
    pages = [
        st.Page(first_page, title="Inbox", url_path="inbox", default=True),
        st.Page(submit.draw, title="Submit", url_path="submit"),
        st.Page(catalogue.draw, title="Detectors", url_path="detectors"),
        st.Page(guide.draw, title="How to read this", url_path="guide"),
    ]
    st.session_state[FIRST_PAGE] = pages[0]
    st.navigation(pages, position="top").run()


main()
