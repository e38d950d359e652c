"""The last health report of each machine in; how every part was found, what to do, versions and settings, out."""

import re
import time

import streamlit as st

from dashboard import card_tables
from dashboard.access import Role
from dashboard.look import asset
from dashboard.operations import drawings
from dashboard.operations.health_drawings import parts_table
from dashboard.operations.health_reports import Finding, Kind, Report, diagnostics, reports
from dashboard.session import calm, engine, principal
from dashboard.views.freshness import data_as_of

LOOK_EVERY_S = 30
_COMMAND = "telltale doctor --record"


@calm
def draw() -> None:
    """The whole page."""
    st.title("Health check")
    st.html(f"<style>{asset('operations.css')}</style>")
    st.html(
        '<p class="tt-prose">What every part of a deployment was found to be like: places, memory, Kafka, bucket, '
        "weights, detectors, clocks. <code>telltale up</code> looks regularly; "
        f"<code>{_COMMAND}</code> looks once and also tries each detector on its probes.</p>"
    )
    _live()


@st.fragment(run_every=LOOK_EVERY_S)
@calm
def _live() -> None:
    found = reports(engine())
    if not found:
        st.html(
            '<div class="tt-empty"><p><b>No health report yet.</b></p><p>Run '
            f"<code>{_COMMAND}</code>, or start <code>telltale up</code> and wait for half a minute.</p></div>"
        )
        return
    for report in found:
        _report(report)


def _report(report: Report) -> None:
    st.subheader(report.place)
    _age(report)
    counts = [(finding.value, f"{report.count(finding)}") for finding in Finding]
    st.html(drawings.numbers(counts))
    st.html(parts_table(report.of_kind(Kind.PART), caption="Parts; what is not good comes first"))
    versions = [(entry.name, entry.found) for entry in report.of_kind(Kind.VERSION)]
    st.html(card_tables.labelled(("What", "Version"), versions, caption="Versions"))
    if principal().role.includes(Role.OPERATOR):
        _settings(report)
        _diagnostics(report)
    else:
        st.html('<p class="tt-quiet">Settings and diagnostics are shown to operators.</p>')


def _age(report: Report) -> None:
    if report.every_s is not None:
        # The look itself takes a while, longer on a busy machine.
        data_as_of(report.at_s, every_s=1.2 * report.every_s)
        return
    minutes = max(0.0, time.time() - report.at_s) / 60.0
    age = f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.0f} h"
    st.html(f'<p class="tt-quiet" role="status">Asked for by hand {age} ago; run the command again to renew it.</p>')


def _settings(report: Report) -> None:
    with st.expander("Settings and where each value comes from"):
        rows = [(entry.name, entry.found, entry.state) for entry in report.of_kind(Kind.SETTING)]
        head = ("Variable", "Value", "From")
        st.html(card_tables.labelled(head, rows, caption="Secrets are told as *** and never shown"))


def _diagnostics(report: Report) -> None:
    text = diagnostics(report)
    name = re.sub(r"[^A-Za-z0-9.-]+", "-", report.place)
    st.download_button(
        "Download diagnostics",
        text,
        f"telltale-health-{name}.txt",
        "text/plain",
        key=f"diagnostics {report.place}",
        help="The whole report as text, without secrets",
    )
    with st.expander("Copy diagnostics"):
        st.code(text, language=None)
