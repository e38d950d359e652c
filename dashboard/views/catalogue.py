"""The detectors of this deployment in; which can run, two or more side by side, and the whole card of one out."""

from html import escape
from pathlib import Path

import streamlit as st

import detectors
from contracts.settings import DetectSettings
from dashboard import card_tables
from dashboard.session import address_value, calm, set_address_value, settings
from detectors.calibration.stored import in_force
from detectors.card_figures import REFERENCE, TITLES, FigureTable
from detectors.card_text import Section, sections_of
from detectors.comparison import compared

_CHOSEN, _COMPARED = "detector", "compare"
_LEAST = 2


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
    _comparison(names)
    st.subheader("One card in full")
    at_first = address_value(_CHOSEN) if address_value(_CHOSEN) in names else asked[0]
    chosen = st.selectbox("Card of", names, index=names.index(at_first))
    set_address_value(_CHOSEN, chosen)
    _card(chosen)


def _table(names: tuple[str, ...], asked: tuple[str, ...]) -> str:
    rows = []
    for name in names:
        card, state = detectors.card(name), detectors.availability(name, _weights())
        part = "asked" if name in asked else "not asked"
        say = "has a say" if in_force(card, _weights()).calibration else "shown, no say"
        rows.append((name, card.spec.title, card.spec.origin, _here(name, state, asked), part, say))
    return card_tables.labelled(
        ("Name", "Title", "Origin", "Here", "In this deployment", "In verdicts"),
        rows,
        caption="Every detector that is installed here",
    )


def _here(name: str, state: detectors.Availability, asked: tuple[str, ...]) -> str:
    if state.available:
        return "can run"
    return "runs untrained" if name in asked and DetectSettings().allow_untrained else "weights missing"


def _comparison(names: tuple[str, ...]) -> None:
    st.subheader("Side by side")
    at_first = [name for name in address_value(_COMPARED).split(",") if name in names]
    chosen = st.multiselect("Compare", names, default=at_first, placeholder="Choose two or more detectors")
    set_address_value(_COMPARED, ",".join(chosen))
    if len(chosen) >= _LEAST:
        cards = [detectors.card(name) for name in chosen]
        st.html(card_tables.side_by_side([card.spec.title for card in cards], compared(cards)))
        _command(f"telltale detectors compare {' '.join(chosen)}")


def _card(name: str) -> None:
    calibration = in_force(detectors.card(name), _weights())
    card, state = calibration.card, detectors.availability(name, _weights())
    st.subheader(f"{card.spec.title} {card.spec.version}")
    if not state.available:
        st.info(state.detail, icon=":material/download:")
    st.html(f'<p class="tt-prose">Calibration in force: {escape(calibration.detail)}</p>')
    for section in sections_of(card, beside=detectors.card(REFERENCE)):
        _section(section)
    _command(f"telltale detectors show {name} --json")


def _section(section: Section) -> None:
    lines = "".join(f"<li>{escape(line)}</li>" for line in section.lines)
    told = f'<ul class="tt-prose tt-lines">{lines}</ul>' if lines else ""
    st.html(f"<h4>{escape(section.title)}</h4>{told}")
    for table in section.tables:
        # A card of a detector that was measured well has hundreds of figures: what people are to read stays in sight.
        with st.expander(f"{table.title} ({table.count} figures)", expanded=table.title == TITLES["unseen_people"]):
            _figures(table)


def _figures(table: FigureTable) -> None:
    st.html(card_tables.figures(table))
    for place, origin in enumerate(table.origins, start=1):
        if origin.is_command:
            _command(origin.text, place=f"[{place}] printed by")
        else:
            st.html(f'<p class="tt-quiet tt-origin">[{place}] published in {escape(origin.text)}</p>')


def _command(command: str, *, place: str = "") -> None:
    """A command that wraps and can be copied."""
    if place:
        st.html(f'<p class="tt-quiet tt-origin">{escape(place)}</p>')
    st.code(command, language=None, wrap_lines=True)


def _weights() -> Path:
    return settings().home.expanduser().absolute() / "weights"
