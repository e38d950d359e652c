"""Lanes and bars in, SVG drawings with fixed axes out; every drawing stands beside a table that says the same.

The same drawing serves a page, where its ink takes the page's colour, and a report, where it stands on white.
"""

import re
from collections.abc import Collection, Sequence
from html import escape

from contracts.messages import Thresholds
from dashboard import wording
from dashboard.look import AMBER, BLUE, GREY, VERMILION
from dashboard.view_models import DetectorBar, Lane, Point

# Sizes are in the drawing's own units; a page scales it to its width.
TIMELINE_WIDTH = 1200
LEFT, RIGHT = 44, 1176
_LANE_TITLE, _LANE, _LANE_GAP = 20, 62, 14
_AXIS = 40
_LEGEND = 26
_BARS_WIDTH = 560
_BARS_LEFT, _BARS_RIGHT = 120, 548
_ROW = 34
_BARS_AXIS = 46
_TICKS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)
_MOST_TICKS = 12
# Detectors need colours that are none of the verdicts'; the shape tells them apart as well.
_COLOURS = ("#8d78d1", "#2b9a94", "#8c6d31", "#ad494a", "#5254a3", "#637939", "#843c39", "#7b4173")
_SHAPES = (
    '<circle r="3.6"/>',
    '<path d="M0-4.6 4.4 3.4H-4.4Z"/>',
    '<rect x="-3.3" y="-3.3" width="6.6" height="6.6"/>',
    '<path d="M0-4.8 4.8 0 0 4.8-4.8 0Z"/>',
    '<path d="M-1.3-4.4h2.6v3.1h3.1v2.6h-3.1v3.1h-2.6v-3.1h-3.1v-2.6h3.1Z"/>',
    '<path d="M0 4.6 4.4-3.4H-4.4Z"/>',
    '<path d="M-4.6 0 3.4-4.4V4.4Z"/>',
    '<rect x="-4.6" y="-1.4" width="9.2" height="2.8"/>',
)
_SMALL = 'font-size="11" opacity=".75"'
_SIDE_COLOURS = {"under": BLUE, "between": AMBER, "over": VERMILION, "unknown": GREY}
_HATCHING = (
    '<defs><pattern id="tt-hatch" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    f'<rect width="1.6" height="8" fill="{GREY}" fill-opacity=".6"/></pattern></defs>'
)


def timeline(lanes: Sequence[Lane], *, duration_s: float, thresholds: Thresholds | None) -> str:
    """One lane per face track over the media's time; spans without a score are hatched, never drawn as low."""
    names = sorted({point.detector for lane in lanes for point in lane.points})
    step = _LANE_TITLE + _LANE + _LANE_GAP
    bottom = len(lanes) * step
    parts = [_HATCHING]
    for number, lane in enumerate(lanes):
        parts.append(_lane(lane, names, number * step, duration_s, thresholds))
    parts += [_seconds_axis(duration_s, bottom), _legend(names, bottom + _AXIS + 12)]
    parts.append(f'<line class="tt-playhead" x1="{LEFT}" x2="{LEFT}" y1="{_LANE_TITLE}" y2="{bottom - _LANE_GAP}"/>')
    words = f"Probability over time for {wording.people(len(lanes))}; the table below says the same"
    return _drawing("".join(parts), TIMELINE_WIDTH, bottom + _AXIS + _LEGEND, words)


def x_of(at_s: float, duration_s: float) -> float:
    """Where a moment lies on the time axis, in units of the drawing."""
    share = at_s / duration_s if duration_s > 0 else 0.0
    return LEFT + min(1.0, max(0.0, share)) * (RIGHT - LEFT)


def _lane(lane: Lane, names: Sequence[str], top: float, duration_s: float, thresholds: Thresholds | None) -> str:
    y0 = top + _LANE_TITLE
    parts = [
        f'<text x="{LEFT}" y="{top + 14}" font-weight="600">{escape(lane.title)}</text>',
        f'<rect x="{LEFT}" y="{y0}" width="{RIGHT - LEFT}" height="{_LANE}" fill="{GREY}" fill-opacity=".06"/>',
        _threshold_band(thresholds, y0),
    ]
    parts += [_hatched(start, end, y0, duration_s) for start, end in lane.unscored]
    parts += [_level(value, y0) for value in (0.0, 0.5, 1.0)]
    for place, name in enumerate(names):
        own = [point for point in lane.points if point.detector == name]
        parts.append(_series(own, place, y0, duration_s))
    return f'<g class="tt-lane" data-track="{lane.track_id}">{"".join(parts)}</g>'


def _threshold_band(thresholds: Thresholds | None, y0: float) -> str:
    if thresholds is None:
        return ""
    top, bottom = _y(thresholds.upper, y0), _y(thresholds.lower, y0)
    return (
        f'<rect class="tt-band" x="{LEFT}" y="{top:.1f}" width="{RIGHT - LEFT}" height="{bottom - top:.1f}" '
        f'fill="{GREY}" fill-opacity=".16"/>'
    )


def _hatched(start_s: float, end_s: float, y0: float, duration_s: float) -> str:
    left, right = x_of(start_s, duration_s), x_of(end_s, duration_s)
    words = f"not scored, {wording.clock(start_s)} to {wording.clock(end_s)}"
    return (
        f'<rect class="tt-unscored" x="{left:.1f}" y="{y0}" width="{right - left:.1f}" height="{_LANE}" '
        f'fill="url(#tt-hatch)"><title>{words}</title></rect>'
    )


def _y(value: float, y0: float) -> float:
    return y0 + (1.0 - min(1.0, max(0.0, value))) * _LANE


def _level(value: float, y0: float) -> str:
    y = _y(value, y0)
    return (
        f'<line x1="{LEFT}" x2="{RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="{GREY}" stroke-opacity=".3"/>'
        f'<text x="{LEFT - 6}" y="{y + 4:.1f}" font-size="11" text-anchor="end" opacity=".75">{value:.1f}</text>'
    )


def _series(points: Sequence[Point], place: int, y0: float, duration_s: float) -> str:
    if not points:
        return ""
    colour, shape = _COLOURS[place % len(_COLOURS)], _SHAPES[place % len(_SHAPES)]
    middles = [(x_of((p.start_s + p.end_s) / 2, duration_s), _y(p.value, y0)) for p in points]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in middles)
    dots = "".join(
        f'<g transform="translate({x:.1f} {y:.1f})">{shape}<title>{escape(_point_words(point))}</title></g>'
        for (x, y), point in zip(middles, points, strict=True)
    )
    spans = "".join(
        f'<line x1="{x_of(p.start_s, duration_s):.1f}" x2="{x_of(p.end_s, duration_s):.1f}" y1="{_y(p.value, y0):.1f}" '
        f'y2="{_y(p.value, y0):.1f}" stroke="{colour}" stroke-width="2.5"/>'
        for p in points
        if p.end_s > p.start_s
    )
    return (
        f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-opacity=".45"/>{spans}'
        f'<g fill="{colour}">{dots}</g>'
    )


def _point_words(point: Point) -> str:
    return f"{point.detector}, {wording.clock(point.start_s)}: {wording.frequency(point.value)}"


def _seconds_axis(duration_s: float, top: float) -> str:
    step = next((tick for tick in _TICKS if duration_s / tick <= _MOST_TICKS), max(1.0, duration_s / _MOST_TICKS))
    ticks = "".join(_tick(number * step, duration_s, top) for number in range(int(duration_s / step + 1e-9) + 1))
    middle = (LEFT + RIGHT) / 2
    return f'{ticks}<text x="{middle}" y="{top + 30}" font-size="11" text-anchor="middle" opacity=".75">time</text>'


def _tick(at_s: float, duration_s: float, top: float) -> str:
    x = x_of(at_s, duration_s)
    return (
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{top - _LANE_GAP}" y2="{top - _LANE_GAP + 5}" stroke="{GREY}"/>'
        f'<text x="{x:.1f}" y="{top + 6}" {_SMALL} text-anchor="middle">{wording.clock(at_s)}</text>'
    )


def _legend(names: Sequence[str], top: float) -> str:
    """The shapes of the detectors, the band and the hatching, in one line."""
    entries, x = [], float(LEFT)
    for place, name in enumerate(names):
        colour, shape = _COLOURS[place % len(_COLOURS)], _SHAPES[place % len(_SHAPES)]
        entries.append(f'<g transform="translate({x + 5:.0f} {top - 4})" fill="{colour}">{shape}</g>')
        entries.append(f'<text x="{x + 15:.0f}" y="{top}" font-size="12">{escape(name)}</text>')
        x += 34 + 7.2 * len(name)
    for fill, opacity, words in ((GREY, ".22", "no call either way"), ("url(#tt-hatch)", "1", "not scored")):
        swatch = f'<rect x="{x:.0f}" y="{top - 10}" width="22" height="12" fill="{fill}" fill-opacity="{opacity}"/>'
        entries.append(f'{swatch}<text x="{x + 28:.0f}" y="{top}" font-size="12">{words}</text>')
        x += 52 + 6.6 * len(words)
    return "".join(entries)


def detector_bars(bars: Sequence[DetectorBar], *, thresholds: Thresholds | None, left_out: Collection[str] = ()) -> str:
    """Bars that leave the middle to either side; a score without calibration is an outline only."""
    bottom = len(bars) * _ROW + 4
    parts = []
    if thresholds is not None:
        left, right = _across(thresholds.lower), _across(thresholds.upper)
        parts.append(
            f'<rect class="tt-band" x="{left:.1f}" y="0" width="{right - left:.1f}" height="{bottom}" fill="{GREY}" '
            'fill-opacity=".16"><title>no call either way</title></rect>'
        )
    for number, bar in enumerate(bars):
        parts.append(_bar(bar, number * _ROW + 4, thresholds, is_out=bar.name in left_out))
    parts.append(f'<line x1="{_across(0.5)}" x2="{_across(0.5)}" y1="0" y2="{bottom}" stroke="{GREY}"/>')
    parts.append(_bars_axis(bottom))
    words = "Result of each detector; the table below says the same"
    return _drawing("".join(parts), _BARS_WIDTH, bottom + _BARS_AXIS, words)


def _across(value: float) -> float:
    return _BARS_LEFT + value * (_BARS_RIGHT - _BARS_LEFT)


def _bar(bar: DetectorBar, top: float, thresholds: Thresholds | None, *, is_out: bool) -> str:
    name = f'<text x="{_BARS_LEFT - 10}" y="{top + 18}" text-anchor="end">{escape(bar.name)}</text>'
    note = f"{bar.note}, left out" if is_out else bar.note
    to_the_right = bar.value is not None and bar.value < 0.5
    x, anchor = (_across(0.5) + 8, "start") if to_the_right else (_across(0.5) - 8, "end")
    words = f'<text x="{x}" y="{top + 18}" font-size="12" text-anchor="{anchor}" opacity=".8">{escape(note)}</text>'
    drawn = _bar_body(bar, top, thresholds) if bar.value is not None else ""
    return f'<g class="tt-bar" opacity="{".35" if is_out else "1"}">{name}{drawn}{words}</g>'


def _bar_body(bar: DetectorBar, top: float, thresholds: Thresholds | None) -> str:
    value = bar.value or 0.0
    left, right = sorted((_across(0.5), _across(value)))
    colour = _SIDE_COLOURS[side_of(bar.value, thresholds)]
    body = f'fill="{colour}"' if bar.is_calibrated else f'fill="none" stroke="{colour}" stroke-dasharray="3 2"'
    return f'<rect x="{left:.1f}" y="{top + 6}" width="{max(1.5, right - left):.1f}" height="16" rx="2" {body}/>'


def side_of(value: float | None, thresholds: Thresholds | None) -> str:
    """Where a number lies against the thresholds, which is what gives its bar a colour."""
    if value is None or thresholds is None:
        return "unknown"
    if value >= thresholds.upper:
        return "over"
    return "under" if value <= thresholds.lower else "between"


def _bars_axis(top: float) -> str:
    ticks = "".join(
        f'<text x="{_across(value):.1f}" y="{top + 15}" {_SMALL} text-anchor="middle">{value:g}</text>'
        for value in (0, 0.25, 0.5, 0.75, 1)
    )
    below = top + 34
    return (
        f'{ticks}<text x="{_across(0.5) - 12}" y="{below}" font-size="11" text-anchor="end" opacity=".75">'
        f'← points to a genuine face</text><text x="{_across(0.5) + 12}" y="{below}" font-size="11" opacity=".75">'
        "points to manipulation →</text>"
    )


def _drawing(body: str, width: float, height: float, words: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img" '
        f'aria-label="{escape(words)}" font-family="Source Sans, Arial, sans-serif" '
        f'font-size="13" fill="currentColor">{body}</svg>'
    )


def on_paper(drawing: str) -> str:
    """The drawing with ink and paper of its own, fit for a file that stands alone."""
    width, height = map(float, re.findall(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', drawing)[0])
    paper = f'<rect width="{width:g}" height="{height:g}" fill="#ffffff"/>'
    head, _, body = drawing.partition(">")
    sized = f'{head} width="{width:g}" height="{height:g}" color="#1d2125">'
    return sized + paper + re.sub(r'<line class="tt-playhead"[^>]*/>', "", body)
