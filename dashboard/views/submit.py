"""Files from the browser in, objects in the watched bucket out, and a line for each that leads to its verdict."""

from typing import Any

import streamlit as st

from contracts.errors import NotNow
from contracts.messages import utc_now
from contracts.vocabulary import Lifecycle, Verdict
from dashboard import item_queries, marks, wording
from dashboard.access import AccessDenied
from dashboard.projection import name_of
from dashboard.session import FIRST_PAGE, calm, engine, principal, settings, watched_bucket
from dashboard.uploads import UploadRefused, submit
from dashboard.view_models import spoken_bytes

LOOK_EVERY_S = 2
_SENT = "submitted_keys"
_ROUND = "submit_round"
_REFUSED = "submit_refused"


@calm
def draw() -> None:
    """The whole page."""
    st.title("Submit")
    limit_mb = settings().upload_limit_mb
    st.html(
        '<p class="tt-prose">Files go into the watched bucket, as if they had been dropped there. '
        "Pictures (JPEG, PNG, WebP) and videos (MP4, MOV, MKV, WebM, AVI); what a file is, is read from its content. "
        "Send the best copy you have: messenger and screen copies hide traces.</p>"
    )
    round_number = st.session_state.setdefault(_ROUND, 0)
    chosen = st.file_uploader(
        f"Pictures or videos, up to {limit_mb} MB each",
        accept_multiple_files=True,
        max_upload_size=limit_mb,
        key=f"upload_{round_number}",
    )
    if st.button("Send to the bucket", type="primary", disabled=not chosen):
        _send(chosen or [])
        st.session_state[_ROUND] += 1
        st.rerun()
    for words in st.session_state.pop(_REFUSED, ()):
        st.warning(words, icon=":material/block:")
    if st.session_state.get(_SENT):
        st.subheader("Sent in this session")
        _sent()


def _send(chosen: list[Any]) -> None:
    sent = st.session_state.setdefault(_SENT, [])
    bar = st.progress(0.0)
    for number, file in enumerate(chosen):
        bar.progress(number / len(chosen), text=f"Sending {file.name} ({number + 1} of {len(chosen)})")
        try:
            limits = {"by": principal(), "limit_bytes": settings().upload_limit_mb * 2**20}
            key = submit(watched_bucket(), file.name, file.getvalue(), now=utc_now(), **limits)
        except NotNow:
            sent.insert(0, (None, file.name, file.size))
        except (UploadRefused, AccessDenied) as why:
            st.session_state.setdefault(_REFUSED, []).append(f"{_plain(file.name)} was not sent: {why}")
        else:
            sent.insert(0, (key, file.name, file.size))
    bar.empty()


@st.fragment(run_every=LOOK_EVERY_S)
@calm
def _sent() -> None:
    for key, name, size_bytes in st.session_state[_SENT]:
        what, state, door = st.columns([4, 5, 2], vertical_alignment="center")
        what.markdown(f"**{_plain(name)}**  \n{spoken_bytes(size_bytes)}")
        row = item_queries.item_of_key(engine(), key) if key else None
        with state:
            st.html(_state(key, row))
        if row is not None and door.button("Open", key=f"open_{row['media_id']}"):
            st.switch_page(st.session_state[FIRST_PAGE], query_params={"item": row["media_id"]})


def _state(key: str | None, row: item_queries.Row | None) -> str:
    if key is None:
        return marks.paragraph("Not sent: the bucket does not answer now. Choose the file once more later.")
    if row is None:
        return marks.paragraph(f"In the bucket as {name_of(key)}; waiting to be noticed.", kind="tt-quiet")
    lifecycle, verdict = Lifecycle(row["lifecycle"]), Verdict(row["verdict"]) if row["verdict"] else None
    return marks.chip(lifecycle, verdict) + marks.paragraph(wording.LIFECYCLE_SENTENCES[lifecycle], kind="tt-quiet")


def _plain(name: str) -> str:
    return "".join(f"\\{letter}" if letter in "\\`*_{}[]<>()#+-.!|~$:" else letter for letter in name)
