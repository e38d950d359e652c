"""How to read a verdict: the same words as on every page, explained once."""

from html import escape

import streamlit as st

import detectors
from contracts.vocabulary import Verdict
from dashboard import card_tables, marks, wording
from dashboard.session import calm, settings
from detectors.cards import Figure

_ORDER = (
    Verdict.LIKELY_MANIPULATED,
    Verdict.SOME_EVIDENCE,
    Verdict.NO_EVIDENCE_FOUND,
    Verdict.INCONCLUSIVE,
    Verdict.NOT_ASSESSED,
)
_NOT_COVERED = (
    "Sound and cloned voices: only pictures are looked at.",
    "Edits away from faces: backgrounds, objects, text, cuts.",
    "Context: a genuine recording shown with a false place, date or caption.",
    "Methods that the detectors never met in training or tests.",
    "Content credentials, earlier copies and the reputation of a source.",
)
_GLOSSARY = (
    ("Media item", "One version of one file in the watched bucket. A replaced file is a new item."),
    ("Detector", "A network that scores how much a face looks manipulated. It never finds the faces itself."),
    ("Person", "One face followed through the media. The same person after a cut may be counted again."),
    ("Raw score", "What a detector puts out. Raw scores of different detectors cannot be compared."),
    ("Calibrated", "A raw score turned into a probability with the help of files whose origin is known."),
    ("Range", "Where the probability lies in 95 of 100 repetitions. A wide range means little is known."),
    ("First look", "A verdict from the detectors that have answered so far. It may change; act on final ones only."),
    ("Revised", "A later judgement, for instance by a newer detector, has replaced an earlier final verdict."),
    ("Threshold band", "The grey zone in charts. A probability inside it is no call either way."),
    ("Evidence crop", "A picture of a face that pulled the result up or down most."),
)


@calm
def draw() -> None:
    """The whole page."""
    st.title("How to read this")
    st.html(f'<div class="tt-prose">{_verdicts()}</div>')
    st.subheader("Why it never says “fake” or “real”")
    st.html(f'<div class="tt-prose">{_why_not()}</div>')
    st.subheader("What is not covered")
    st.html('<ul class="tt-prose">' + "".join(f"<li>{escape(line)}</li>" for line in _NOT_COVERED) + "</ul>")
    st.subheader("Why a verdict is not more certain")
    rows = [(words.short, words.means, words.do) for words in wording.REASON_WORDS.values()]
    st.html(marks.table(("Reason", "What it means for the verdict", "What to do next"), rows, caption="Every reason"))
    _false_alarms()
    st.subheader("Words")
    entries = "".join(f"<dt>{escape(word)}</dt><dd>{escape(meaning)}</dd>" for word, meaning in _GLOSSARY)
    st.html(f'<dl class="tt-prose">{entries}</dl>')


def _false_alarms() -> None:
    """How often the detectors of this deployment suspected genuine clips, as their cards have it."""
    cards = [detectors.card(name) for name in settings().detector_names]
    rows = [
        (card.spec.title, f"{figure.name}, {figure.on}", _counted(figure), _at_most(figure))
        for card in cards
        for figure in card.figures
        if figure.group == "genuine_clips" and figure.of is None
    ]
    st.subheader("How often genuine clips are suspected")
    st.html(
        '<p class="tt-prose">Measured on genuine clips that no detector learned from. Few clips say little: the last '
        "column is the rate that the count still allows. What is found and what is missed stands on the page Detectors."
        "</p>"
    )
    if rows:
        head = ("Detector", "Counted", "How many", "At most (95 %)")
        st.html(card_tables.labelled(head, rows, caption="False alarms by the cards"))
    else:
        st.html('<p class="tt-quiet">The cards of the detectors that this deployment asks have no such figures.</p>')


def _counted(figure: Figure) -> str:
    if figure.n_items is None:
        return f"{100 * figure.value:.0f} in 100"
    return f"{figure.value * figure.n_items:.0f} of {figure.n_items}"


def _at_most(figure: Figure) -> str:
    return "–" if figure.high is None else f"{100 * figure.high:.0f} in 100"


def _verdicts() -> str:
    entries = "".join(
        f"<dt>{marks.verdict_chip(verdict)}</dt><dd>{escape(wording.VERDICT_WORDS[verdict].meaning)}</dd>"
        for verdict in _ORDER
    )
    return (
        f"<p>Every item gets one of five verdicts. They are about pictures, never about intent.</p><dl>{entries}</dl>"
    )


def _why_not() -> str:
    return (
        "<p>A detector measures traces. Strong traces are evidence, and evidence can mislead: compression, make-up and "
        "filters leave traces too. Missing traces prove nothing, since new methods may leave none that is known. So "
        "the verdict says how much evidence was found, how sure that is, and what limits it. Whether a recording can "
        "be trusted is for a person to decide, who can also ask the source.</p>"
        "<p>Numbers are given as counts, such as “61–88 in 100”: of 100 files with this evidence, so many would be "
        "manipulated, if as many of all such files were as the verdict states. Where manipulated files are rare, even "
        "strong evidence is wrong more often. No number is shown where none was measured.</p>"
    )
