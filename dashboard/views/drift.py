"""The latest finished verdicts in; whether scores and media still look as they did, and who agrees with whom, out."""

import altair
import pandas
import streamlit as st

from dashboard import card_tables
from dashboard.look import AMBER, BLUE, GREY
from dashboard.models.drift import ScoreShift, Share, agreement_now, mixes, score_shifts
from dashboard.models.drift_alarms import BINS, FEWEST
from dashboard.session import calm
from dashboard.views.drift_alarms import draw_alarms
from dashboard.views.latest_verdicts import KEPT_S, latest_verdicts
from detectors.evaluation.agreement import MARKED, Agreement

_SIZES = (100, 250, 500, 1000)


@calm
def draw() -> None:
    """The whole page."""
    st.title("Drift and disagreement")
    st.html(
        '<p class="tt-prose">Detectors age when what people send changes. The latest items are held against those '
        "before them. An alarm is a reason to look, not a reason to distrust single verdicts.</p>"
    )
    draw_alarms()
    st.subheader("Now and before")
    size = st.selectbox("Items on each side", _SIZES, index=1)
    _live(size)


@st.fragment(run_every=KEPT_S)
@calm
def _live(size: int) -> None:
    verdicts = latest_verdicts(2 * size)
    now, before = verdicts[:size], verdicts[size:]
    st.html(f'<p class="tt-quiet">{len(now)} items now, {len(before)} before; looked at again every {KEPT_S} s.</p>')
    if not before:
        st.html(
            '<div class="tt-empty"><p><b>Not enough items yet.</b></p><p>Comparing needs more than '
            f"{size} finished items; from {FEWEST} scores on each side on, differences are measured.</p></div>"
        )
        return
    shifts = score_shifts(now, before)
    st.html(card_tables.labelled(_HEAD, [_row(shift) for shift in shifts], caption="Raw scores"))
    for shift in shifts:
        st.altair_chart(_histogram(shift), width="stretch")
    st.subheader("What came in")
    for title, shares in mixes(now, before).items():
        st.html(card_tables.labelled((title, "Now", "Before"), [_share_row(share) for share in shares], caption=title))
    _agreement(agreement_now(verdicts))


_HEAD = ("Detector", "Scores now", "Before", "Stability index", "p (Kolmogorov-Smirnov)", "Alarm")


def _row(shift: ScoreShift) -> tuple[str, ...]:
    return (
        shift.detector,
        f"{shift.count_now:,}",
        f"{shift.count_before:,}",
        "too few" if shift.stability is None else f"{shift.stability:.2f}",
        "too few" if shift.p_value is None else f"{shift.p_value:.3g}",
        shift.alarm.value if shift.alarm else "–",
    )


def _histogram(shift: ScoreShift) -> altair.Chart:
    rows = [
        {"score": f"{at / BINS:.1f} to {(at + 1) / BINS:.1f}", "share": share, "items": side}
        for side, shares in (("now", shift.now), ("before", shift.before))
        for at, share in enumerate(shares)
    ]
    colours = altair.Scale(domain=["now", "before"], range=[BLUE, GREY])
    chart = altair.Chart(pandas.DataFrame(rows), title=f"{shift.detector}: share of items by raw score", height=240)
    return chart.mark_bar().encode(
        x=altair.X("score:N", title="raw score", axis=altair.Axis(labelAngle=0)),
        xOffset=altair.XOffset("items:N", sort=["now", "before"]),
        y=altair.Y("share:Q", title="share of items", scale=altair.Scale(domain=[0, 1])),
        color=altair.Color("items:N", scale=colours, title=""),
        tooltip=["items", "score", altair.Tooltip("share", format=".0%")],
    )


def _share_row(share: Share) -> tuple[str, str, str]:
    return share.name, _percent(share.now), _percent(share.before)


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.0%}"


def _agreement(found: Agreement | None) -> None:
    st.subheader("Who agrees with whom")
    if found is None:
        st.html('<p class="tt-quiet">Fewer than two detectors have scored.</p>')
        return
    head = ("Correlation of logits", *found.names)
    rows = [(name, *(_cell(value) for value in row)) for name, row in zip(found.names, found.correlations, strict=True)]
    st.html(card_tables.labelled(head, rows, caption="Over all of these items"))
    if found.effective_number is not None:
        words = f"{len(found.names)} detectors say as much as {found.effective_number:.1f} independent ones."
        st.html(f'<p class="tt-prose">{words}</p>')
    for one, other in found.marked:
        st.html(
            f'<p class="tt-prose" style="border-left:3px solid {AMBER};padding-left:.7rem">{one} and {other} correlate '
            f"by {MARKED} or more: their agreement is one voice rather than two.</p>"
        )


def _cell(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.2f} ◆" if abs(value) >= MARKED and value < 1.0 else f"{value:.2f}"
