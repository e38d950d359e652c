"""The Streamlit entry: a browser in, one of the pages out; layout only."""

import streamlit as st

from dashboard.access import NotAuthenticated
from dashboard.login import draw_door, draw_way_out
from dashboard.look import ICON, LOGO, asset
from dashboard.session import COMPARE_PAGE, FIRST_PAGE, address_value, principal, settings
from dashboard.views import (
    catalogue,
    compare,
    drift,
    evaluations,
    experiments,
    guide,
    inbox,
    item,
    labels,
    outputs,
    pipeline,
    queues,
    submit,
    workers,
)


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
    try:
        somebody = principal()
    except NotAuthenticated as why:
        draw_door(settings(), why)
        return
    draw_way_out(settings(), somebody)
    desk = [
        st.Page(first_page, title="Inbox", url_path="inbox", default=True),
        st.Page(submit.draw, title="Submit", url_path="submit"),
        st.Page(compare.draw, title="Compare", url_path="compare"),
        st.Page(catalogue.draw, title="Detectors", url_path="detectors"),
        st.Page(guide.draw, title="How to read this", url_path="guide"),
    ]
    operations = [
        st.Page(pipeline.draw, title="Pipeline", url_path="pipeline"),
        st.Page(queues.draw, title="Queues and dead letters", url_path="queues"),
        st.Page(workers.draw, title="Workers and cost", url_path="workers"),
        st.Page(outputs.draw, title="Outputs", url_path="outputs"),
    ]
    models = [
        st.Page(evaluations.draw, title="Evaluation", url_path="evaluation"),
        st.Page(drift.draw, title="Drift and disagreement", url_path="drift"),
        st.Page(labels.draw, title="Label queue", url_path="labels"),
        st.Page(experiments.draw, title="Experiments", url_path="experiments"),
    ]
    st.session_state[FIRST_PAGE] = desk[0]
    st.session_state[COMPARE_PAGE] = desk[2]
    pages = {"": desk, "Operations": operations, "Models": models}
    st.navigation(pages, position="top").run()


main()
