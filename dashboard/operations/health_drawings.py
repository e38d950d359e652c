"""The parts of a health report in, a table out that gives each its shape, its word, what was found and what to do."""

from collections.abc import Sequence
from html import escape

from contracts.vocabulary import Verdict
from dashboard.look import BLUE, VERDICT_MARKS, WORKING_MARK, Mark
from dashboard.marks import inline, shape
from dashboard.operations.health_reports import Entry, Finding

_HEAD = ("Part", "State", "What was found", "What to do")
# No tick and no green here either: a part that was found good may fail the next minute.
_MARKS = {
    Finding.GOOD: Mark(BLUE, '<circle cx="8" cy="8" r="6" fill="currentColor"/>'),
    Finding.LACKING: VERDICT_MARKS[Verdict.SOME_EVIDENCE],
    Finding.MISSING: VERDICT_MARKS[Verdict.LIKELY_MANIPULATED],
}


def state_chip(state: str) -> str:
    """The shape and the word of a finding; of one that this release does not know the word alone."""
    mark = _MARKS.get(Finding(state), WORKING_MARK) if state in {*Finding} else WORKING_MARK
    return f'<span class="tt-chip">{shape(mark)}<b>{escape(state)}</b></span>'


def parts_table(parts: Sequence[Entry], *, caption: str) -> str:
    """One row for each part; what is not good comes first."""
    order = [Finding.MISSING, Finding.LACKING, Finding.GOOD]
    ranked = sorted(parts, key=lambda part: order.index(Finding(part.state)) if part.state in order else 0)
    heads = "".join(f'<th scope="col">{name}</th>' for name in _HEAD)
    return (
        f'<table class="tt-table tt-stack"><caption>{escape(caption)}</caption><thead><tr>{heads}</tr></thead>'
        f"<tbody>{''.join(_row(part) for part in ranked)}</tbody></table>"
    )


def _row(part: Entry) -> str:
    cells = (escape(part.name), state_chip(part.state), inline(part.found), inline(part.advice))
    told = zip(_HEAD, cells, strict=True)
    return "<tr>" + "".join(f'<td data-label="{name}">{cell}</td>' for name, cell in told) + "</tr>"
