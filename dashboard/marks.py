"""Values in, escaped HTML fragments out: the chip, the range bar and the other small marks of the pages."""

import re
from base64 import b64encode
from collections.abc import Sequence
from html import escape

from contracts.messages import Probability, Thresholds
from contracts.vocabulary import Lifecycle, Reason, Verdict
from dashboard import wording
from dashboard.look import GREY, VERDICT_MARKS, Mark, mark_of

# An interval of no width must still be seen.
_LEAST_WIDTH = 0.03
_LONG_FACT = 30
_COMMAND = re.compile(r"`([^`]+)`")


def shape(mark: Mark, *, size_px: int = 14) -> str:
    """The shape alone, in the mark's colour; words beside it carry the meaning for screen readers."""
    # As an image, because the pages' sanitizer takes inline drawings out.
    drawing = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16" color="{mark.colour}" width="{size_px}" '
        f'height="{size_px}">{mark.shape}</svg>'
    )
    data = b64encode(drawing.encode()).decode("ascii")
    return f'<img class="tt-shape" width="{size_px}" height="{size_px}" alt="" src="data:image/svg+xml;base64,{data}">'


def chip(lifecycle: Lifecycle, verdict: Verdict | None) -> str:
    """Shape, word and colour of where an item stands."""
    mark = mark_of(lifecycle, verdict)
    return (
        f'<span class="tt-chip" style="--tt-colour:{mark.colour}">{shape(mark)}'
        f"<b>{escape(chip_words(lifecycle, verdict))}</b></span>"
    )


def chip_words(lifecycle: Lifecycle, verdict: Verdict | None) -> str:
    """The words of a chip: a verdict, or the life cycle where there is none."""
    if lifecycle is Lifecycle.FAILED or verdict is None:
        return wording.LIFECYCLE_WORDS[lifecycle]
    return wording.VERDICT_WORDS[verdict].word


def verdict_chip(verdict: Verdict) -> str:
    """The chip of a finished judgement."""
    return chip(Lifecycle.FINAL, verdict)


def range_bar(
    low: float | None, high: float | None, *, colour: str = GREY, thresholds: Thresholds | None = None
) -> str:
    """A calibrated interval on an axis from 0 to 1; dashes where there is none, never a mark in the middle."""
    if low is None or high is None:
        return '<span class="tt-range tt-none" role="img" aria-label="no estimate"></span>'
    left, right = _spread(low, high)
    words = f"between {wording.out_of_100(low)} and {wording.out_of_100(high)} in 100"
    return (
        f'<span class="tt-range" role="img" aria-label="{words}" title="{words}">{_band(thresholds)}'
        f'<i style="left:{left * 100:.1f}%;width:{(right - left) * 100:.1f}%;background:{colour}"></i></span>'
    )


def _spread(low: float, high: float) -> tuple[float, float]:
    missing = max(0.0, _LEAST_WIDTH - (high - low)) / 2
    left = min(max(0.0, low - missing), 1.0 - _LEAST_WIDTH)
    return left, min(1.0, max(high + missing, left + _LEAST_WIDTH))


def _band(thresholds: Thresholds | None) -> str:
    if thresholds is None:
        return ""
    width = thresholds.upper - thresholds.lower
    return f'<u style="left:{thresholds.lower * 100:.1f}%;width:{width * 100:.1f}%"></u>'


def range_words(probability: Probability | None) -> str:
    """The interval in words, or a dash."""
    return wording.frequency_range(probability) if probability else "–"


def row_range_words(low: float | None, high: float | None) -> str:
    """The interval of a list row: short, because there are many of them."""
    if low is None or high is None:
        return "no estimate"
    return wording.range_words(low, high)


def card(title: str, body: str, *, verdict: Verdict | None = None, mark: Mark | None = None) -> str:
    """A framed statement with its mark; ``body`` is HTML."""
    drawn = VERDICT_MARKS[verdict] if verdict else mark
    lead = shape(drawn, size_px=26) if drawn else ""
    colour = drawn.colour if drawn else GREY
    return (
        f'<section class="tt-card" style="--tt-colour:{colour}"><h2>{lead}<span>{escape(title)}</span></h2>'
        f"{body}</section>"
    )


def paragraph(text: str, *, kind: str = "") -> str:
    """A paragraph; what stands between back-ticks is a command."""
    return f'<p class="{escape(kind)}">{inline(text)}</p>' if kind else f"<p>{inline(text)}</p>"


def inline(text: str) -> str:
    """Escaped text with its commands set as code."""
    return _COMMAND.sub(r"<code>\1</code>", escape(text))


def advice(reasons: Sequence[Reason], details: Sequence[str | None]) -> str:
    """The list of why the verdict is not more certain: what happened, what it means, what to do next."""
    entries = "".join(_advice_entry(reason, detail) for reason, detail in zip(reasons, details, strict=True))
    return f'<ul class="tt-reasons">{entries}</ul>' if entries else ""


def _advice_entry(reason: Reason, detail: str | None) -> str:
    words = wording.REASON_WORDS[reason]
    happened = wording.closed(detail or words.happened)
    return (
        f"<li><b>{escape(words.short[0].upper() + words.short[1:])}.</b> {inline(happened)} "
        f"{inline(words.means)} <em>{inline(words.do)}</em></li>"
    )


def facts(pairs: Sequence[tuple[str, str]]) -> str:
    """Names and values side by side."""
    return '<div class="tt-facts">' + "".join(_fact(name, value) for name, value in pairs) + "</div>"


def _fact(name: str, value: str) -> str:
    width = "tt-long" if len(value) > _LONG_FACT else ""
    return f'<p class="{width}"><span>{escape(name)}</span><br>{escape(value)}</p>'


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, caption: str) -> str:
    """A plain table that wraps instead of scrolling; every cell is text."""
    heads = "".join(f"<th scope='col'>{escape(name)}</th>" for name in head)
    body = "".join("<tr>" + "".join(f"<td>{inline(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return (
        f'<table class="tt-table"><caption>{escape(caption)}</caption><thead><tr>{heads}</tr></thead>'
        f"<tbody>{body}</tbody></table>"
    )
