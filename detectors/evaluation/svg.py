"""Points, bars and cells in, small self-contained SVG drawings out; no library, no script, no network."""

from collections.abc import Mapping, Sequence
from html import escape

SIDE_PX, MARGIN_PX = 300, 44
COLOURS = ("#0b5394", "#c75b12", "#2f7d4f", "#7b3f98", "#9a6b00", "#b02a5b", "#127a8a", "#555555", "#5a6ff0", "#a33c2e")
GENUINE, MANIPULATED = "#2166ac", "#c75b12"
_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)

Points = Sequence[Sequence[float]]


def colour_of(number: int) -> str:
    """A colour per series; they start again after ten."""
    return COLOURS[number % len(COLOURS)]


def lines(
    title: str,
    series: Mapping[str, Points],
    *,
    x: str,
    y: str,
    diagonal: bool = False,
    marks: Mapping[str, tuple[float, float] | None] | None = None,
) -> str:
    """Curves in the unit square, each with a large dot where ``marks`` has one; points are (x, y).

    A series without points keeps its colour to itself and is not named.
    """
    parts = [_axes(x, y)]
    if diagonal:
        parts.append(_path([(0.0, 0.0), (1.0, 1.0)], "#999999", dashes="4 4"))
    parts += [_path(points, colour_of(number)) for number, points in enumerate(series.values()) if points]
    parts += [
        f'<circle cx="{_x(at[0]):.1f}" cy="{_y(at[1]):.1f}" r="5" fill="{colour_of(number)}" stroke="#fff">'
        f"<title>{escape(name)} at the policy's threshold: {at[0]:.3f}, {at[1]:.3f}</title></circle>"
        for number, name in enumerate(series)
        if (at := (marks or {}).get(name))
    ]
    return _figure(title, "".join(parts), legend=_legend(series))


def dots(title: str, series: Mapping[str, Points], *, x: str, y: str) -> str:
    """Joined dots in the unit square against the diagonal; points are (x, y, share of all items)."""
    parts = [_axes(x, y), _path([(0.0, 0.0), (1.0, 1.0)], "#999999", dashes="4 4")]
    for number, points in enumerate(series.values()):
        colour = colour_of(number)
        parts.append(_path([point[:2] for point in points], colour))
        parts += [
            f'<circle cx="{_x(p[0]):.1f}" cy="{_y(p[1]):.1f}" r="{2 + 6 * p[2] ** 0.5:.1f}" fill="{colour}" '
            f'fill-opacity="0.5"><title>{p[0]:.3f}, {p[1]:.3f}</title></circle>'
            for p in points
        ]
    return _figure(title, "".join(parts), legend=_legend(series))


def bars(title: str, genuine: Sequence[int], manipulated: Sequence[int], *, x: str) -> str:
    """Two histograms over [0, 1], each as shares of its own class, genuine to the left within each bin."""
    most = max((share for shares in (_shares(genuine), _shares(manipulated)) for share in shares), default=0.0) or 1.0
    width = SIDE_PX / max(1, len(genuine))
    parts = [_axes(x, "share of class", top=most)]
    for place, (counts, colour) in enumerate(((genuine, GENUINE), (manipulated, MANIPULATED))):
        parts += [
            f'<rect x="{MARGIN_PX + width * (at + 0.5 * place):.1f}" y="{_y(share / most):.1f}" '
            f'width="{width / 2 - 0.5:.1f}" height="{SIDE_PX * share / most:.1f}" fill="{colour}">'
            f"<title>{counts[at]} items</title></rect>"
            for at, share in enumerate(_shares(counts))
        ]
    return _figure(title, "".join(parts), legend={"genuine": GENUINE, "manipulated": MANIPULATED})


def matrix(title: str, names: Sequence[str], values: Sequence[Sequence[float | None]], *, marked: float) -> str:
    """Correlations as cells; those from ``marked`` on, either way, have a frame and a bold number."""
    cell = max(34, min(64, 420 // max(1, len(names))))
    left = 12 + 7 * max((len(name) for name in names), default=0)
    parts = []
    for row, name in enumerate(names):
        middle = 20 + cell * (row + 0.5)
        parts.append(f'<text x="{left - 6}" y="{middle + 4:.0f}" text-anchor="end">{escape(name)}</text>')
        parts += [
            _cell(left + cell * column, 20 + cell * row, cell, value, loud=row != column and abs(value or 0) >= marked)
            for column, value in enumerate(values[row])
        ]
    heads = [
        f'<text transform="translate({left + cell * (at + 0.5):.0f} {30 + cell * len(names)}) rotate(35)">'
        f"{escape(name)}</text>"
        for at, name in enumerate(names)
    ]
    width, height = left + cell * len(names) + 90, cell * len(names) + 34 + 5 * max(map(len, names), default=0)
    return _wrapped(title, width, height, "".join([*parts, *heads]))


def heat_map(
    title: str, rows: Sequence[str], columns: Sequence[str], values: Sequence[Sequence[float | None]], *, good: float
) -> str:
    """Values from 0 to 1 as cells that are the darker, the further they are from ``good``."""
    wide, tall, left = 54, 24, 12 + 7 * max(map(len, rows), default=0)
    parts = []
    for at, name in enumerate(rows):
        parts.append(f'<text x="{left - 6}" y="{tall * at + 17}" text-anchor="end">{escape(name)}</text>')
        for column, value in enumerate(values[at]):
            x, y = left + wide * column, tall * at
            badness = 0.0 if value is None else min(1.0, abs(value - good))
            fill = "#eeeeee" if value is None else "rgb({},{},{})".format(*_tint(badness))
            ink = ' style="fill:#fff"' if badness > 0.7 else ""
            text = "–" if value is None else f"{value:.2f}"
            parts.append(
                f'<rect x="{x + 1}" y="{y + 1}" width="{wide - 2}" height="{tall - 2}" fill="{fill}"/>'
                f'<text x="{x + wide / 2:.0f}" y="{y + 17}" text-anchor="middle"{ink}>{text}</text>'
            )
    below = tall * len(rows)
    parts += [
        f'<text transform="translate({left + wide * (at + 0.5):.0f} {below + 12}) rotate(35)">{escape(name)}</text>'
        for at, name in enumerate(columns)
    ]
    return _wrapped(
        title, left + wide * len(columns) + 90, below + 24 + 5 * max(map(len, columns), default=0), "".join(parts)
    )


def _tint(badness: float) -> tuple[int, int, int]:
    red, green, blue = (round(255 - badness * (255 - part)) for part in (178, 55, 10))
    return red, green, blue


def _cell(x: float, y: float, side: int, value: float | None, *, loud: bool) -> str:
    if value is None:
        fill, text = "#eeeeee", "–"
    else:
        base = (33, 102, 172) if value < 0 else (199, 91, 18)
        fill = "rgb({},{},{})".format(*(round(255 - abs(value) * (255 - part)) for part in base))
        text = f"{value:.2f}"
    frame = ' stroke="#000" stroke-width="2.5"' if loud else ' stroke="#fff"'
    weight = ' font-weight="bold"' if loud else ""
    return (
        f'<rect x="{x + 2:.0f}" y="{y + 2:.0f}" width="{side - 4}" height="{side - 4}" fill="{fill}"{frame}/>'
        f'<text x="{x + side / 2:.0f}" y="{y + side / 2 + 4:.0f}" text-anchor="middle"{weight}>{text}</text>'
    )


def _legend(series: Mapping[str, Points]) -> dict[str, str]:
    return {name: colour_of(number) for number, (name, points) in enumerate(series.items()) if points}


def _shares(counts: Sequence[int]) -> list[float]:
    total = sum(counts)
    return [count / total if total else 0.0 for count in counts]


def _x(value: float) -> float:
    return MARGIN_PX + SIDE_PX * min(1.0, max(0.0, value))


def _y(value: float) -> float:
    return 10 + SIDE_PX * (1.0 - min(1.0, max(0.0, value)))


def _path(points: Points, colour: str, *, dashes: str = "none") -> str:
    where = " ".join(f"{_x(point[0]):.1f},{_y(point[1]):.1f}" for point in points)
    return f'<polyline points="{where}" fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dashes}"/>'


def _axes(x: str, y: str, *, top: float = 1.0) -> str:
    """Names, ticks and grid of both axes; ``top`` is what the upper end of the vertical one stands for."""
    bottom, middle = 10 + SIDE_PX, 10 + SIDE_PX // 2
    ticks = "".join(
        f'<line x1="{_x(at):.0f}" y1="{bottom}" x2="{_x(at):.0f}" y2="10" stroke="#e5e5e5"/>'
        f'<line x1="{MARGIN_PX}" y1="{_y(at):.0f}" x2="{MARGIN_PX + SIDE_PX}" y2="{_y(at):.0f}" stroke="#e5e5e5"/>'
        f'<text x="{_x(at):.0f}" y="{bottom + 15}" text-anchor="middle">{at:g}</text>'
        f'<text x="{MARGIN_PX - 5}" y="{_y(at) + 4:.0f}" text-anchor="end">{at * top:.2g}</text>'
        for at in _TICKS
    )
    return (
        f'{ticks}<text x="{MARGIN_PX + SIDE_PX // 2}" y="{bottom + 31}" text-anchor="middle">{escape(x)}</text>'
        f'<text transform="translate(11 {middle}) rotate(-90)" text-anchor="middle">{escape(y)}</text>'
    )


def _figure(title: str, drawing: str, *, legend: Mapping[str, str]) -> str:
    below = 10 + SIDE_PX + 48
    keys = "".join(
        f'<rect x="{MARGIN_PX}" y="{below + 17 * at - 9}" width="10" height="10" fill="{colour}"/>'
        f'<text x="{MARGIN_PX + 16}" y="{below + 17 * at}">{escape(name)}</text>'
        for at, (name, colour) in enumerate(legend.items())
    )
    return _wrapped(title, MARGIN_PX + SIDE_PX + 14, below + 17 * len(legend), drawing + keys)


def _wrapped(title: str, width: float, height: float, drawing: str) -> str:
    return (
        f"<figure><figcaption>{escape(title)}</figcaption>"
        f'<svg role="img" aria-label="{escape(title)}" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" xmlns="http://www.w3.org/2000/svg">{drawing}</svg></figure>'
    )
