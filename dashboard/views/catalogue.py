"""The detectors of this deployment: which there are, which can run, and the whole card of the one that is chosen."""

from html import escape
from pathlib import Path

import streamlit as st

import detectors
from contracts.settings import DetectSettings
from dashboard import marks
from dashboard.session import address_value, calm, set_address_value, settings
from detectors.card_text import sections_of

_CHOSEN = "detector"


@calm
def draw() -> None:
    """The whole page."""
    st.title("Detectors")
    names = detectors.names()
    asked = settings().detector_names
    st.html(
        '<p class="tt-prose">Every detector says on its card what it was made for, what it was measured to do, what it '
        f"does not see and what it costs. This deployment asks {escape(', '.join(asked))}.</p>"
    )
    st.html(_table(names, asked))
    at_first = address_value(_CHOSEN) if address_value(_CHOSEN) in names else asked[0]
    chosen = st.selectbox("Card of", names, index=names.index(at_first))
    set_address_value(_CHOSEN, chosen)
    _card(chosen)


def _table(names: tuple[str, ...], asked: tuple[str, ...]) -> str:
    rows = []
    for name in names:
        card, state = detectors.card(name), detectors.availability(name, _weights())
        part = "asked" if name in asked else "not asked"
        say = "has a say" if card.calibration else "shown, no say"
        rows.append((name, card.spec.title, card.spec.origin, _here(name, state, asked), part, say))
    return marks.table(
        ("Name", "Title", "Origin", "Here", "In this deployment", "In verdicts"),
        rows,
        caption="Every detector that is installed here",
    )


def _here(name: str, state: detectors.Availability, asked: tuple[str, ...]) -> str:
    if state.available:
        return "can run"
    return "runs untrained" if name in asked and DetectSettings().allow_untrained else "weights missing"


def _card(name: str) -> None:
    card, state = detectors.card(name), detectors.availability(name, _weights())
    st.subheader(f"{card.spec.title} {card.spec.version}")
    if not state.available:
        st.info(state.detail, icon=":material/download:")
    for section in sections_of(card):
        lines = "".join(f"<li>{escape(line)}</li>" for line in section.lines)
        st.html(f'<h4>{escape(section.title)}</h4><ul class="tt-prose">{lines}</ul>')


def _weights() -> Path:
    return settings().home.expanduser().absolute() / "weights"
