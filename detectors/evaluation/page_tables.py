"""Figures of a report in, cells and tables of the page out."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

Body = Mapping[str, Any]


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, words: int = 1) -> str:
    """A table whose first ``words`` columns (1, 2 or 4) are words; a cell is its first line, the rest small print."""
    top = "".join(f"<th>{escape(head)}</th>" for head in heads)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    inside = f"<thead><tr>{top}</tr></thead><tbody>{body}</tbody>"
    return f'<div class="wide"><table class="words{words}">{inside}</table></div>'


def _cell(text: str) -> str:
    value, _, limits = text.partition("\n")
    return f"<td>{escape(value)}{f'<small>{escape(limits)}</small>' if limits else ''}</td>"


def with_limits(figure: Body | None) -> str:
    """A figure with its interval below it, or with why there is none."""
    if figure is None:
        return "–"
    if figure["value"] is None:
        return f"–\n{figure['note']}" if figure.get("note") else "–"
    limits = "" if figure["low"] is None else f"\n{number(figure['low'])} to {number(figure['high'])}"
    return number(figure["value"]) + limits


def number(value: float | None) -> str:
    """Three digits, or a dash."""
    return "–" if value is None else f"{value:.3f}"


def counted(figure: Body | None) -> str:
    """A share with its counts and its interval below it."""
    if figure is None or figure["value"] is None:
        return "–"
    limits = "" if figure["low"] is None else f"; {number(figure['low'])} to {number(figure['high'])}"
    return f"{number(figure['value'])}\n{figure['count']} of {figure['of']}{limits}"


def scale_word(one: Body) -> str:
    """What the scores of a detector are."""
    return "probability" if one["calibrated"] else "raw score"
