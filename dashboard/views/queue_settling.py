"""Open dead letters in; a form that tries out, and after a confirmation does, what an operator wants of them, out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from contracts.errors import NotNow
from dashboard import card_tables
from dashboard.access import AccessDenied, Role
from dashboard.operations.letters import found_letters
from dashboard.operations.settling import Wish, settle_all, tried
from dashboard.session import address_value, calm, engine, principal, settings
from dashboard.wording import counted
from ingest.kafka_login import address_of

_TRIED = "settling_tried"
_DONE = "settling_done"
_ROUND = "settling_round"
_WORDS = {Wish.REPLAY: "Retry: put them back on their topics", Wish.DROP: "Give up: mark them as dropped"}
_SHOWN_ID = 12


@dataclass(frozen=True)
class _Trial:
    """What was tried out; only just this may then be done."""

    ids: tuple[str, ...]
    wish: Wish
    because: str


@st.fragment
@calm
def draw() -> None:
    """The form; it does nothing for those who may not settle, and says so."""
    for words in st.session_state.pop(_DONE, ()):
        st.info(words)
    if not principal().role.includes(Role.OPERATOR):
        st.caption("Who has the role operator can retry letters or give them up here.")
        return
    letters, _ = found_letters(engine(), address_value("stage"), "open")
    if not letters:
        return
    st.subheader("Settle")
    trial = _asked(letters)
    if st.button("Dry run", disabled=not trial.ids, key="settling_try"):
        st.session_state[_TRIED] = (trial, _tried(trial))
    before, told = st.session_state.get(_TRIED, (None, {}))
    if before == trial and told:
        _confirm(trial, told)


def _asked(letters: Sequence[Mapping[str, Any]]) -> _Trial:
    names: dict[str, str] = {letter["dead_letter_id"]: _name(letter) for letter in letters}
    key = f"settling_ids_{st.session_state.get(_ROUND, 0)}"
    label = f"Open letters (the newest {len(names)})"
    chosen = st.multiselect(label, list(names), format_func=lambda name: names.get(name, str(name)), key=key)
    left, right = st.columns([1, 1])
    with left:
        wish = st.radio("What to do", list(Wish), format_func=_WORDS.__getitem__, key="settling_wish")
    with right:
        because = st.text_input("Why", max_chars=500, key="settling_because", help="Kept with each letter.")
    return _Trial(tuple(chosen), Wish(wish), because.strip())


def _name(letter: Mapping[str, Any]) -> str:
    return f"{letter['dead_letter_id'][:_SHOWN_ID]} · {letter['stage']} · {letter['reason']}"


def _tried(trial: _Trial) -> dict[str, str]:
    with st.spinner("Reading the dead-letter topic"):
        try:
            return tried(address_of(settings()), trial.ids, trial.wish, by=principal())
        except (NotNow, AccessDenied) as why:
            _refuse(why)
            return {}


def _confirm(trial: _Trial, told: Mapping[str, str]) -> None:
    rows = [(name[:_SHOWN_ID], words) for name, words in told.items()]
    st.html(card_tables.labelled(("Letter", "Dry run"), rows, caption="What would happen"))
    if not trial.because:
        st.caption("Say why before it is done: the reason is kept with each letter.")
    what = "Retry" if trial.wish is Wish.REPLAY else "Give up"
    label = f"{what} {counted(len(trial.ids), 'letter')} now"
    if not st.button(label, type="primary", disabled=not trial.because, key="settling_do"):
        return
    with st.spinner("Settling"):
        try:
            done = settle_all(address_of(settings()), trial.ids, trial.wish, trial.because, by=principal())
        except (NotNow, AccessDenied) as why:
            _refuse(why)
            return
        said = [f"{counted(len(done.done), 'letter')} {trial.wish.value}. The list shows it once the projector knows."]
        said += [f"{name[:_SHOWN_ID]} stays open: {why}." for name, why in done.left.items()]
        st.session_state[_DONE] = said
        st.session_state.pop(_TRIED, None)
        # Another round is another form: what was chosen for this one says nothing for the next.
        st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1
    st.rerun()


def _refuse(why: Exception) -> None:
    if isinstance(why, AccessDenied):
        st.warning(str(why), icon=":material/lock:")
        return
    st.warning(
        "Letters can be settled only where Kafka answers, and it does not now. Nothing was changed that is not named "
        f"as settled above. {why}",
        icon=":material/report:",
    )
