"""Tiles and numbers of the pipeline in, HTML out: a strip of stages, each with its shape, its words and its line."""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from html import escape

from contracts.vocabulary import Verdict
from dashboard.look import AMBER, BLUE, FAILED_MARK, GREY, VERDICT_MARKS, VERMILION, WORKING_MARK, Mark
from dashboard.marks import shape
from dashboard.operations.stage_tiles import Health, Tile

_WIDTH, _HEIGHT = 180, 30
_MARKS: dict[Health, Mark] = {
    Health.WORKING: Mark(BLUE, WORKING_MARK.shape),
    Health.IDLE: Mark(GREY, '<circle cx="8" cy="8" r="6.1" fill="none" stroke="currentColor" stroke-width="2.4"/>'),
    Health.STOPPED_ITSELF: Mark(AMBER, '<path d="M3 2h3.6v12H3zM9.4 2H13v12H9.4z" fill="currentColor"/>'),
    Health.SILENT: Mark(VERMILION, FAILED_MARK.shape),
    Health.UNKNOWN: VERDICT_MARKS[Verdict.NOT_ASSESSED],
}


def strip(tiles: Iterable[Tile]) -> str:
    """All stages, in the order of the data."""
    return f'<ul class="tt-strip">{"".join(_tile(tile) for tile in tiles)}</ul>'


def _tile(tile: Tile) -> str:
    mark = _MARKS[tile.health]
    facts = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts_of(tile))
    why = f'<p class="tt-why">{escape(tile.why)}</p>' if tile.why else ""
    return (
        f'<li class="tt-tile" style="--tt-colour:{mark.colour}"><h4>{escape(tile.process)}</h4>'
        f'<p class="tt-health">{shape(mark)}{escape(tile.health.value)}</p><dl>{facts}</dl>{why}{_spark(tile)}</li>'
    )


def facts_of(tile: Tile) -> list[tuple[str, str]]:
    """The numbers of a tile in words; a dash stands for what was not measured."""
    return [
        ("finished per minute", number(tile.per_minute)),
        ("half take under", seconds(tile.p50_s)),
        ("95 of 100 under", seconds(tile.p95_s)),
        ("waiting", number(tile.waiting, digits=0)),
        ("parked, 15 min", number(tile.parked, digits=0)),
        ("memory", "–" if tile.memory_mib is None else f"{tile.memory_mib:,.0f} MiB"),
    ]


def number(value: float | None, *, digits: int = 1) -> str:
    """A count or rate, or a dash."""
    return "–" if value is None else f"{value:,.{digits}f}"


def seconds(value: float | None) -> str:
    """A time in the unit that fits, or a dash."""
    if value is None:
        return "–"
    if value < 1.0:
        return f"{value * 1000:.0f} ms"
    return f"{value:.1f} s" if value < 120.0 else f"{value / 60.0:.0f} min"


def numbers(pairs: Sequence[tuple[str, str]]) -> str:
    """Large numbers with what they count under them."""
    return (
        '<div class="tt-numbers">'
        + "".join(f"<p><b>{escape(value)}</b><span>{escape(name)}</span></p>" for name, value in pairs)
        + "</div>"
    )


def _spark(tile: Tile) -> str:
    if not tile.sparks:
        return ""
    top = max(*tile.sparks, 1e-9)
    step = _WIDTH / max(1, len(tile.sparks) - 1)
    points = " ".join(
        f"{at * step:.1f},{_HEIGHT - 2 - (_HEIGHT - 4) * value / top:.1f}" for at, value in enumerate(tile.sparks)
    )
    drawing = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none">'
        f'<polyline points="{points}" fill="none" stroke="{BLUE}" stroke-width="1.6"/></svg>'
    )
    # As an image, because the pages' sanitizer takes inline drawings out.
    data = b64encode(drawing.encode()).decode("ascii")
    words = f"{tile.process}, messages per minute over the last 15 minutes, highest {top:.1f}"
    return f'<img class="tt-spark" alt="{escape(words)}" src="data:image/svg+xml;base64,{data}">'
