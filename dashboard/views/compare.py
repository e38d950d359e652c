"""Two items side by side: both cards, both players moved together, and where they differ."""

from collections.abc import Mapping

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from contracts.vocabulary import MediaKind
from dashboard import charts, evidence_desk, item_queries, marks, opinion_first
from dashboard.item_queries import Question, Row
from dashboard.projection import ItemDocuments, name_of
from dashboard.session import address_value, calm, engine, set_address_value
from dashboard.side_by_side import Pair, pairs_of, summary_of
from dashboard.view_models import detector_bars
from dashboard.views.item_card import verdict_card
from dashboard.views.item_evidence import draw_player
from dashboard.views.item_review import reviewer

_SIDES = {"a": "Suspected", "b": "Compared with"}


@calm
def draw() -> None:
    """The whole page."""
    st.title("Compare")
    recent = item_queries.page_of(engine(), Question())
    columns = dict(zip(_SIDES, st.columns(2, gap="large"), strict=True))
    chosen = {}
    for side, column in columns.items():
        with column:
            chosen[side] = _chosen(side, recent)
    items = {side: item_queries.item(engine(), media_id) for side, media_id in chosen.items() if media_id}
    known = {side: item for side, item in items.items() if item.uploaded is not None}
    if len(known) < len(_SIDES):
        words = "Choose two items, or put their numbers into the address as a and b."
        st.html(f'<div class="tt-empty">{marks.paragraph(words)}</div>')
        return
    if any(opinion_first.hides(item.media_id, reviewer()) for item in known.values()):
        st.html(
            f'<div class="tt-empty">{marks.paragraph("Say your opinion of both items first, on their pages.")}</div>'
        )
        return
    _draw_both(known, columns)


def _chosen(side: str, recent: list[Row]) -> str:
    given = address_value(side)
    names = {row["media_id"]: f"{row['name']} · {row['media_id'][:8]}" for row in recent}
    if given and given not in names:
        row = item_queries.item_row(engine(), given)
        names[given] = f"{row['name']} · {given[:8]}" if row else f"unknown item {given[:32]}"
    key = f"compare_{side}"
    st.session_state[key] = given or None
    st.selectbox(
        _SIDES[side],
        list(names),
        key=key,
        format_func=lambda media_id: names[media_id],
        placeholder="One of the latest items",
        on_change=lambda: set_address_value(side, st.session_state[key] or ""),
    )
    return given


def _draw_both(known: dict[str, ItemDocuments], columns: Mapping[str, DeltaGenerator]) -> None:
    for side, item in known.items():
        with columns[side]:
            _draw_side(side, item)
    if any(_is_video(item) for item in known.values()):
        evidence_desk.mount("controls", evidence_desk.controls_html())
        st.caption("The controls move both players together.")
    pairs = pairs_of(known["a"], known["b"])
    st.subheader("Where they differ")
    st.html(marks.paragraph(summary_of(pairs)))
    st.html(_table(pairs, [name_of(item.uploaded.key) for item in known.values() if item.uploaded]))


def _draw_side(side: str, item: ItemDocuments) -> None:
    if item.verdict is not None:
        opinion_first.note_seen(item.media_id)
        st.html(f'<div class="tt-narrow">{verdict_card(item.verdict)}</div>')
    draw_player(item, 0.0, with_controls=False)
    if item.verdict is not None and item.verdict.detectors:
        drawing = charts.detector_bars(detector_bars(item.verdict), thresholds=item.verdict.thresholds)
        evidence_desk.mount(f"detectors_{side}", evidence_desk.drawing_html(drawing))


def _is_video(item: ItemDocuments) -> bool:
    known = item.verdict or item.extracted
    return known is not None and known.media.kind is MediaKind.VIDEO


def _table(pairs: list[Pair], names: list[str]) -> str:
    rows = [(pair.name, pair.left, pair.right, "differs" if pair.differs else "same") for pair in pairs]
    return marks.table(("", *names, ""), rows, caption="What is told of both")
