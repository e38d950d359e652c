"""The kept alarms of drift in; which hold, since when and who has seen them out, and a form to say so oneself."""

from datetime import UTC, datetime

import streamlit as st

from dashboard import card_tables
from dashboard.access import AccessDenied, Principal, Role, local_operator
from dashboard.models.alarm_book import LONGEST_NOTE, AlarmBook, KeptAlarm, NoSuchAlarm
from dashboard.models.drift_watch import EVERY_S, SIZE
from dashboard.session import calm, engine, principal, reader_zone
from dashboard.views.item_review import reviewer
from dashboard.views.latest_verdicts import KEPT_S

_SHOWN = 30
_ROUND = "acknowledgement_round"


def draw_alarms() -> None:
    """The list, which renews itself, and below it the form."""
    st.subheader("Alarms")
    _list()
    _form()


@st.fragment(run_every=KEPT_S)
@calm
def _list() -> None:
    alarms = AlarmBook(engine()).alarms(most=_SHOWN)
    st.html(
        f'<p class="tt-quiet">The projector compares up to {SIZE} of the latest items with as many before them, each '
        f"{EVERY_S / 60:.0f} minutes. An alarm ends when it holds no more.</p>"
    )
    if not alarms:
        st.html('<p class="tt-prose">No alarm has been raised yet.</p>')
        return
    for alarm in alarms:
        if alarm.waits:
            st.warning(f"**{alarm.raised.subject}**: {_what(alarm)}", icon=":material/monitoring:")
    rows = [_row(alarm) for alarm in alarms]
    st.html(card_tables.labelled(_HEAD, rows, caption="Those that hold, then those that have ended"))


_HEAD = ("About", "Alarm", "Figures", "Began", "State", "Acknowledged")


def _what(alarm: KeptAlarm) -> str:
    return f"{alarm.raised.alarm.value} ({alarm.raised.words})."


def _row(alarm: KeptAlarm) -> tuple[str, ...]:
    state = "holds" if alarm.ended_at_s is None else f"ended {_moment(alarm.ended_at_s)}"
    raised = alarm.raised
    return (raised.subject, raised.alarm.value, raised.words, _moment(alarm.began_at_s), state, _seen(alarm))


def _seen(alarm: KeptAlarm) -> str:
    if alarm.acknowledged_by is None or alarm.acknowledged_at_s is None:
        return "nobody yet" if alarm.waits else "nobody"
    note = f": {alarm.note}" if alarm.note else ""
    return f"{alarm.acknowledged_by}, {_moment(alarm.acknowledged_at_s)}{note}"


def _moment(at_s: float) -> str:
    return f"{datetime.fromtimestamp(at_s, UTC).astimezone(reader_zone()):%Y-%m-%d %H:%M}"


@calm
def _form() -> None:
    waiting = {one.alarm_id: one for one in AlarmBook(engine()).alarms(only_open=True) if one.waits}
    if not waiting:
        return
    who = principal()
    if not who.role.includes(Role.ANALYST):
        st.html('<p class="tt-quiet">An analyst can acknowledge alarms.</p>')
        return
    with st.form(f"acknowledge_{st.session_state.get(_ROUND, 0)}"):
        chosen = st.selectbox("Alarm", list(waiting), format_func=lambda one: _title(waiting[one]))
        note = st.text_input("What was found, or who looks into it", max_chars=LONGEST_NOTE)
        name = st.text_input("Who acknowledges", value=reviewer(), disabled=who != local_operator())
        sent = st.form_submit_button("Acknowledge")
    if sent:
        # Without logins everybody is the one local principal, and only a name tells people apart.
        _save(chosen, note, Principal(name.strip() or who.name, who.role) if who == local_operator() else who)


def _title(alarm: KeptAlarm) -> str:
    return f"{alarm.raised.subject}: {alarm.raised.alarm.value}, since {_moment(alarm.began_at_s)}"


def _save(alarm_id: str, note: str, who: Principal) -> None:
    try:
        AlarmBook(engine()).acknowledge(alarm_id, who, note=note)
    except (AccessDenied, NoSuchAlarm) as why:
        st.warning(str(why), icon=":material/edit:")
        return
    st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1
    st.toast("Acknowledged. The alarm stays as long as it holds.")
    st.rerun()
