"""Files or keys from the browser in, work for the pipeline out, and a line for each that leads to its verdict."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from contracts.errors import NotNow
from contracts.messages import utc_now
from contracts.vocabulary import Lane, Lifecycle, Verdict
from dashboard import asking, card_tables, item_queries, listed_keys, marks, wording
from dashboard.access import AccessDenied
from dashboard.projection import name_of
from dashboard.session import FIRST_PAGE, calm, engine, principal, settings, watched_bucket, work_bucket
from dashboard.uploads import UploadRefused, submit
from dashboard.view_models import spoken_bytes
from ingest.key_announcing import Outcome

LOOK_EVERY_S = 2
_SENT = "submitted_keys"
_ROUND = "submit_round"
_REFUSED = "submit_refused"
_MOST_SHOWN = 50
_LANE_WORDS = {Lane.INTERACTIVE: "At once", Lane.BULK: "In bulk, behind what people wait for"}
_OUTCOME_WORDS = {
    Outcome.ANNOUNCED: "announced",
    Outcome.KNOWN: "known already, not judged again",
    Outcome.MISSING: "not in the bucket",
    Outcome.REFUSED: "refused: no key of a file",
}


@dataclass(frozen=True)
class _Wish:
    """How the next files are to be judged; no names ask every detector."""

    lane: Lane
    detectors: tuple[str, ...] | None


@calm
def draw() -> None:
    """The whole page."""
    st.title("Submit")
    wish = _wish()
    upload, keys = st.tabs(["Upload files", "Name files in the bucket"])
    with upload:
        _uploads(wish)
    with keys:
        _keys(wish)
    for words in st.session_state.pop(_REFUSED, ()):
        st.warning(words, icon=":material/block:")
    if st.session_state.get(_SENT):
        st.subheader("Sent in this session")
        _sent()


def _wish() -> _Wish:
    asked = settings().detector_names
    left, right = st.columns([3, 2], gap="large")
    with left:
        chosen = st.multiselect("Detectors", asked, default=asked, placeholder="Every detector of this deployment")
    with right:
        lane = st.radio("Turn", list(_LANE_WORDS), format_func=_LANE_WORDS.__getitem__, horizontal=True)
    with st.expander("What each detector looks for, when it applies, and how long it takes"):
        weights: Path = settings().home.expanduser().absolute() / "weights"
        st.html(card_tables.labelled(asking.HEAD, asking.rows(asked, weights), caption="Times as measured on its card"))
    return _Wish(lane, None if not chosen or set(chosen) == set(asked) else tuple(chosen))


def _uploads(wish: _Wish) -> None:
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
        _send(chosen or [], wish)
        st.session_state[_ROUND] += 1
        st.rerun()


def _send(chosen: list[Any], wish: _Wish) -> None:
    sent = st.session_state.setdefault(_SENT, [])
    bar = st.progress(0.0)
    for number, file in enumerate(chosen):
        bar.progress(number / len(chosen), text=f"Sending {file.name} ({number + 1} of {len(chosen)})")
        how = {"lane": wish.lane, "detectors": wish.detectors, "limit_bytes": settings().upload_limit_mb * 2**20}
        try:
            key = submit(watched_bucket(), file.name, file.getvalue(), now=utc_now(), by=principal(), **how)
        except NotNow:
            sent.insert(0, (None, file.name, spoken_bytes(file.size)))
        except (UploadRefused, AccessDenied) as why:
            st.session_state.setdefault(_REFUSED, []).append(f"{_plain(file.name)} was not sent: {why}")
        else:
            sent.insert(0, (key, file.name, spoken_bytes(file.size)))
    bar.empty()


def _keys(wish: _Wish) -> None:
    bucket = watched_bucket().bucket
    with st.form("keys"):
        text = st.text_area(f"Keys of files that lie in {bucket} already, one a line", height=120)
        listed = st.file_uploader("Or a list of them as a text file", type=["txt"])
        sent = st.form_submit_button("Announce them", type="primary")
    if not sent:
        return
    try:
        keys = listed_keys.keys_in("\n".join([text, listed.getvalue().decode("utf-8") if listed else ""]))
    except (UnicodeDecodeError, ValueError) as why:
        st.warning(f"The list cannot be read: {why}", icon=":material/block:")
        return
    if not keys:
        st.warning("Name at least one key.", icon=":material/edit:")
        return
    _announce(keys, wish)


def _announce(keys: list[str], wish: _Wish) -> None:
    counted: Counter[Outcome] = Counter()
    sent = st.session_state.setdefault(_SENT, [])
    announced = listed_keys.announce(
        keys,
        settings=settings(),
        engine=engine(),
        watched=watched_bucket(),
        work=work_bucket(),
        lane=wish.lane,
        detectors=wish.detectors,
        by=principal(),
    )
    try:
        with st.spinner(f"Announcing {wording.counted(len(keys), 'key')}"):
            for one in announced:
                counted[one.outcome] += 1
                if one.outcome in (Outcome.ANNOUNCED, Outcome.KNOWN):
                    sent.insert(0, (one.key, name_of(one.key), _OUTCOME_WORDS[one.outcome]))
                else:
                    words = f"{_plain(one.key)}: {_OUTCOME_WORDS[one.outcome]}"
                    st.session_state.setdefault(_REFUSED, []).append(words)
    except NotNow:
        rest = len(keys) - counted.total()
        words = (
            f"Kafka or the bucket does not answer now; {rest} of {len(keys)} keys wait. Send the list once more later."
        )
        st.session_state.setdefault(_REFUSED, []).append(words)
    except AccessDenied as why:
        st.session_state.setdefault(_REFUSED, []).append(str(why))


@st.fragment(run_every=LOOK_EVERY_S)
@calm
def _sent() -> None:
    every = st.session_state[_SENT]
    for place, (key, name, detail) in enumerate(every[:_MOST_SHOWN]):
        what, state, door = st.columns([4, 5, 2], vertical_alignment="center")
        what.markdown(f"**{_plain(name)}**  \n{_plain(detail)}")
        row = item_queries.item_of_key(engine(), key) if key else None
        with state:
            st.html(_state(key, row))
        if row is not None and door.button("Open item", key=f"open_{place}_{row['media_id']}"):
            st.switch_page(st.session_state[FIRST_PAGE], query_params={"item": row["media_id"]})
    if len(every) > _MOST_SHOWN:
        st.caption(f"{len(every) - _MOST_SHOWN} more were sent; the inbox shows them all.")


def _state(key: str | None, row: item_queries.Row | None) -> str:
    if key is None:
        return marks.paragraph("Not sent: the bucket does not answer now. Choose the file once more later.")
    if row is None:
        return marks.paragraph(f"In the bucket as {name_of(key)}; waiting to be noticed.", kind="tt-quiet")
    lifecycle, verdict = Lifecycle(row["lifecycle"]), Verdict(row["verdict"]) if row["verdict"] else None
    return marks.chip(lifecycle, verdict) + marks.paragraph(wording.LIFECYCLE_SENTENCES[lifecycle], kind="tt-quiet")


def _plain(name: str) -> str:
    return "".join(f"\\{letter}" if letter in "\\`*_{}[]<>()#+-.!|~$:" else letter for letter in name)
