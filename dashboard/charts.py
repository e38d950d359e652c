"""Lanes and bars in, Altair charts with fixed axes out; every chart stands beside a table that says the same."""

from collections.abc import Sequence
from typing import Any

import altair as alt

from contracts.messages import Thresholds
from dashboard.look import AMBER, BLUE, GREY, VERMILION
from dashboard.view_models import DetectorBar, Lane

# Heights hold titles, axes and legends as well.
_LANE_HEIGHT_PX = 120
_AXIS_AND_LEGEND_PX = 92
_BAR_HEIGHT_PX = 50
_AXIS_PX = 52
_HATCHES_PER_AXIS = 90
# Detectors need colours that are none of the verdicts'; the shape tells them apart as well.
_DETECTOR_COLOURS = ["#8d78d1", "#2b9a94", "#8c6d31", "#ad494a", "#5254a3", "#637939", "#843c39", "#7b4173"]
_SIDES = alt.Scale(domain=["under", "between", "over", "unknown"], range=[BLUE, AMBER, VERMILION, GREY])
_DETECTOR_SHAPES = ["circle", "triangle-up", "square", "diamond", "cross", "triangle-down", "triangle-left", "stroke"]


def timeline(
    lanes: Sequence[Lane], *, duration_s: float, thresholds: Thresholds | None, now_s: float | None = None
) -> list[alt.LayerChart | alt.FacetChart]:
    """One chart per face track over the media's time; spans without a score are hatched, never drawn as low."""
    names = sorted({point.detector for lane in lanes for point in lane.points})
    return [_lane(lane, names, duration_s, thresholds, now_s, is_last=lane is lanes[-1]) for lane in lanes]


def _lane(
    lane: Lane,
    names: Sequence[str],
    duration_s: float,
    thresholds: Thresholds | None,
    now_s: float | None,
    *,
    is_last: bool,
) -> alt.LayerChart | alt.FacetChart:
    axis_x = alt.X(
        "start:Q",
        scale=alt.Scale(domain=[0, max(duration_s, 0.001)], nice=False),
        axis=alt.Axis(title="seconds into the media" if is_last else None, grid=False, tickCount=8, labels=is_last),
    )
    layers: list[Any] = [_band_of(thresholds)] if thresholds else []
    layers += [_hatching(lane.unscored, duration_s), *_scores(lane, names, axis_x, has_legend=is_last)]
    if now_s is not None:
        now = alt.Chart(alt.Data(values=[{"start": now_s}]))
        layers.append(now.mark_rule(strokeDash=[3, 3], color=GREY).encode(x="start:Q"))
    title = alt.TitleParams(lane.title, anchor="start", fontSize=12, offset=6)
    height_px = _LANE_HEIGHT_PX + (_AXIS_AND_LEGEND_PX if is_last else 0)
    return alt.layer(*layers).properties(height=height_px, title=title).configure_view(strokeWidth=0)


def _band_of(thresholds: Thresholds) -> alt.Chart:
    band = alt.Chart(alt.Data(values=[{"lower": thresholds.lower, "upper": thresholds.upper}]))
    return band.mark_rect(color=GREY, opacity=0.13).encode(y=_axis_y("lower"), y2="upper:Q")


def _hatching(spans: Sequence[tuple[float, float]], duration_s: float) -> alt.Chart:
    lines = hatches(spans, duration_s)
    chart = alt.Chart(alt.Data(values=lines))
    return chart.mark_rule(color=GREY, opacity=0.45, strokeWidth=1).encode(
        x="start:Q", x2="end:Q", y=_axis_y("low"), y2="high:Q"
    )


def hatches(spans: Sequence[tuple[float, float]], duration_s: float) -> list[dict[str, float]]:
    """Slanted lines that fill the spans; a chart of this kind has no pattern to fill with."""
    step = max(duration_s, 0.001) / _HATCHES_PER_AXIS
    lines = []
    for start, end in spans:
        at = start
        while at < end - 1e-9:
            lines.append({"start": at, "end": min(at + step, end), "low": 0.0, "high": min(1.0, (end - at) / step)})
            at += step
    return lines


def _scores(lane: Lane, names: Sequence[str], axis_x: alt.X, *, has_legend: bool) -> list[Any]:
    values = [
        {"start": (p.start_s + p.end_s) / 2, "from": p.start_s, "to": p.end_s, "value": p.value, "detector": p.detector}
        for p in lane.points
    ]
    count = len(names)
    legend = alt.Legend(title=None, orient="bottom") if has_legend else None
    colour = alt.Color(
        "detector:N",
        scale=alt.Scale(domain=list(names), range=_DETECTOR_COLOURS[:count]),
        legend=legend,
    )
    marks = alt.Shape(
        "detector:N",
        scale=alt.Scale(domain=list(names), range=_DETECTOR_SHAPES[:count]),
        legend=legend,
    )
    base = alt.Chart(alt.Data(values=values))
    line = base.mark_line(strokeWidth=1, opacity=0.4).encode(x=axis_x, y=_axis_y("value"), color=colour)
    spans = base.mark_rule(strokeWidth=2.5).encode(x="from:Q", x2="to:Q", y=_axis_y("value"), color=colour)
    dots = base.mark_point(filled=True, size=34, opacity=0.95).encode(
        x=axis_x,
        y=_axis_y("value"),
        color=colour,
        shape=marks,
        tooltip=[
            alt.Tooltip("detector:N", title="detector"),
            alt.Tooltip("start:Q", title="at (s)", format=".1f"),
            alt.Tooltip("value:Q", title="probability", format=".2f"),
        ],
    )
    return [line, spans, dots]


def _axis_y(field: str) -> alt.Y:
    return alt.Y(
        f"{field}:Q",
        scale=alt.Scale(domain=[0, 1], nice=False),
        axis=alt.Axis(title=None, values=[0, 0.5, 1], grid=True, gridOpacity=0.25),
    )


def detector_chart(bars: Sequence[DetectorBar], *, thresholds: Thresholds | None) -> alt.LayerChart | alt.FacetChart:
    """Bars that leave the middle to either side; a score without calibration is an outline only."""
    values = [
        {
            "name": bar.name,
            "value": bar.value,
            "middle": 0.5,
            "note": bar.note,
            "side": side_of(bar.value, thresholds),
            "filled": bar.is_calibrated,
        }
        for bar in bars
    ]
    rows = alt.Y("name:N", sort=[bar.name for bar in bars], axis=alt.Axis(title=None, labelLimit=160, ticks=False))
    layers: list[Any] = []
    if thresholds is not None:
        band = alt.Chart(alt.Data(values=[{"lower": thresholds.lower, "upper": thresholds.upper}]))
        layers.append(band.mark_rect(color=GREY, opacity=0.13).encode(x=_axis_across("lower"), x2="upper:Q"))
    scored = alt.Chart(alt.Data(values=[value for value in values if value["value"] is not None]))
    colour = alt.Color("side:N", scale=_SIDES, legend=None)
    shared = {"x": _axis_across("middle"), "x2": "value:Q", "y": rows, "color": colour, "tooltip": ["name:N", "note:N"]}
    layers += [
        scored.transform_filter("datum.filled").mark_bar(height=14).encode(**shared),
        scored.transform_filter("!datum.filled")
        .mark_bar(height=14, fillOpacity=0.12, strokeWidth=1.5, strokeDash=[3, 2])
        .encode(**shared, stroke=alt.Stroke("side:N", scale=_SIDES, legend=None)),
        *_notes(values, rows),
        alt.Chart(alt.Data(values=[{"middle": 0.5}])).mark_rule(color=GREY).encode(x=_axis_across("middle")),
    ]
    return (
        alt.layer(*layers)
        .properties(height=max(1, len(bars)) * _BAR_HEIGHT_PX + _AXIS_PX)
        .configure_view(strokeWidth=0)
    )


def side_of(value: float | None, thresholds: Thresholds | None) -> str:
    """Where a number lies against the thresholds, which is what gives its bar a colour."""
    if value is None or thresholds is None:
        return "unknown"
    if value >= thresholds.upper:
        return "over"
    return "under" if value <= thresholds.lower else "between"


def _notes(values: Sequence[dict[str, Any]], rows: alt.Y) -> list[Any]:
    """Each note on the side of the middle that its bar leaves free."""
    base = alt.Chart(alt.Data(values=list(values))).encode(x=_axis_across("middle"), y=rows, text="note:N")
    right = "datum.value !== null && datum.value < 0.5"
    return [
        base.transform_filter(right).mark_text(align="left", dx=8, fontSize=12, color=GREY),
        base.transform_filter(f"!({right})").mark_text(align="right", dx=-8, fontSize=12, color=GREY),
    ]


def _axis_across(field: str) -> alt.X:
    return alt.X(
        f"{field}:Q",
        scale=alt.Scale(domain=[0, 1], nice=False),
        axis=alt.Axis(
            title="← points to a genuine face      points to manipulation →",
            values=[0, 0.25, 0.5, 0.75, 1],
            format=".2~f",
            grid=True,
            gridOpacity=0.25,
            titleFontWeight="normal",
            titleColor=GREY,
            titleFontSize=11,
        ),
    )
