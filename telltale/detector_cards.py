"""``telltale detectors show`` and ``compare``: names in; whole cards, or cards side by side, as text or JSON out."""

from collections.abc import Sequence
from pathlib import Path

from rich.padding import Padding
from rich.table import Table

import detectors
from detectors import DetectorCard
from detectors.calibration.stored import in_force
from detectors.card_figures import REFERENCE, FigureTable
from detectors.card_text import Section, sections_of
from detectors.comparison import Aspect, NothingToCompare, compared
from detectors.domain import domain_note
from detectors.weights import folder_of, version_of
from telltale.detector_commands import weights_folder
from telltale.errors import CommandFailed
from telltale.terminal import out, say_json

_LEAST_COLUMN = 26


def show(name: str, home: Path, *, as_json: bool) -> None:
    """The card of one detector. Raises ``UnknownDetector``."""
    calibration = in_force(detectors.card(name), weights_folder(home))
    card, state = calibration.card, detectors.availability(name, weights_folder(home))
    if as_json:
        version = version_of(card, folder_of(card, weights_folder(home)) if state.available else None)
        here = {"available": state.available, "availability": state.detail, "weights_sha256": state.weights_sha256}
        say_json({**card.model_dump(mode="json"), **here, "version_here": version, **calibration.told()})
        return
    out.print(f"{card.spec.title} ({card.spec.name} {card.spec.version}, {card.lifecycle})", markup=False)
    for section in sections_of(card, beside=detectors.card(REFERENCE)):
        _print_section(section)
    out.print(f"\nHere: {state.detail}", markup=False)
    domain = domain_note(folder_of(card, weights_folder(home)), card.spec.name, state.weights_sha256)
    out.print(domain.capitalize(), markup=False)
    out.print(f"Calibration in force: {calibration.detail}", markup=False)


def compare(names: Sequence[str], *, as_json: bool) -> None:
    """The cards of several detectors, aspect by aspect.

    Raises:
        UnknownDetector: one of them is not registered.
        CommandFailed: fewer than two different ones were named.
    """
    cards = [detectors.card(name) for name in dict.fromkeys(names)]
    try:
        aspects = compared(cards)
    except NothingToCompare as why:
        raise CommandFailed(f"To compare detectors, {why}.", exit_code=2) from why
    if as_json:
        say_json(_as_object(cards, aspects))
    elif out.width >= _LEAST_COLUMN * (len(cards) + 1):
        _print_side_by_side(cards, aspects)
    else:
        _print_one_below_the_other(cards, aspects)


def _as_object(cards: Sequence[DetectorCard], aspects: Sequence[Aspect]) -> dict[str, object]:
    names = [card.spec.name for card in cards]
    told = {
        kind: {
            aspect.title: dict(zip(names, map(list, aspect.cells), strict=True))
            for aspect in aspects
            if aspect.is_figure == is_figure
        }
        for kind, is_figure in (("facts", False), ("figures", True))
    }
    return {"detectors": names, **told}


def _print_side_by_side(cards: Sequence[DetectorCard], aspects: Sequence[Aspect]) -> None:
    table = Table("", *(card.spec.title for card in cards), show_lines=True, pad_edge=False)
    for aspect in aspects:
        table.add_row(_plain(aspect.title), *(_plain("\n".join(lines)) for lines in aspect.cells))
    out.print(table)


def _print_one_below_the_other(cards: Sequence[DetectorCard], aspects: Sequence[Aspect]) -> None:
    for aspect in aspects:
        out.print(f"\n{aspect.title}:", markup=False)
        for card, lines in zip(cards, aspect.cells, strict=True):
            _print_line(f"{card.spec.name}: {'; '.join(lines)}")


def _print_section(section: Section) -> None:
    out.print(f"\n{section.title}:", markup=False)
    for line in section.lines:
        _print_line(line)
    for table in section.tables:
        _print_figures(table)


def _print_line(line: str) -> None:
    row = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1, 0, 0))
    row.add_column(no_wrap=True)
    row.add_column(overflow="fold")
    row.add_row("  -", _plain(line))
    out.print(row)


def _print_figures(table: FigureTable) -> None:
    out.print(f"\n  {table.title}", markup=False, style="bold")
    for block in table.blocks:
        out.print(Padding(_plain(f"{block.on}:"), (0, 0, 0, 4)))
        heads = ("before", "after") if table.has_before else ("value",)
        figures = Table("figure", *heads, "95 % interval", "n", "from", box=None, pad_edge=False)
        figures.columns[0].overflow = "fold"
        for row in block.rows:
            name = f"{row.name} ({row.note})" if row.note else row.name
            values = (row.before, row.value) if table.has_before else (row.value,)
            figures.add_row(_plain(name), *values, row.interval, row.n_items, _plain(f"[{row.origin}]"))
        out.print(Padding(figures, (0, 0, 0, 6)))
    for place, origin in enumerate(table.origins, start=1):
        out.print(f"    [{place}] {origin.text}", markup=False, soft_wrap=True)


def _plain(text: str) -> str:
    """Text in which brackets mean nothing to rich."""
    return text.replace("[", "\\[")
