"""Figures and comparisons of detectors in, HTML tables out that stack their cells where the screen is narrow."""

from collections.abc import Sequence
from html import escape

from dashboard.marks import inline
from detectors.card_figures import FigureRow, FigureTable
from detectors.comparison import Aspect


def labelled(head: Sequence[str], rows: Sequence[Sequence[str]], *, caption: str) -> str:
    """A table whose cells carry the name of their column, which is shown where the screen is too narrow for columns."""
    return _table(head, [_row(head, [inline(cell) for cell in row]) for row in rows], caption=caption)


def figures(table: FigureTable) -> str:
    """Figures by the data that they were measured on; the last column points to the command or source below."""
    values = ("Before", "After") if table.has_before else ("Value",)
    head = ("Figure", *values, "95 % interval", "n", "From")
    rows = []
    for block in table.blocks:
        rows.append(f'<tr class="tt-on"><th colspan="{len(head)}" scope="rowgroup">{escape(block.on)}</th></tr>')
        rows += [_row(head, _figure(row, before=table.has_before)) for row in block.rows]
    return _table(head, rows, caption=table.title, kind="tt-stack tt-figures")


def side_by_side(titles: Sequence[str], aspects: Sequence[Aspect]) -> str:
    """One column for each detector, one row for each thing that they are compared by."""
    head = ("", *titles)
    rows = [
        _row(
            head,
            [
                f"<b>{escape(aspect.title)}</b>",
                *("".join(f"<p>{escape(line)}</p>" for line in lines) for lines in aspect.cells),
            ],
        )
        for aspect in aspects
    ]
    return _table(head, rows, caption="Figures can be compared where they were measured on the same data")


def _figure(row: FigureRow, *, before: bool) -> list[str]:
    name = f"{escape(row.name)}<br><small>{escape(row.note)}</small>" if row.note else escape(row.name)
    values = [escape(row.before), escape(row.value)] if before else [escape(row.value)]
    return [name, *values, escape(row.interval), escape(row.n_items), f"[{row.origin}]"]


def _row(head: Sequence[str], cells: Sequence[str]) -> str:
    labelled_cells = zip(head, cells, strict=True)
    return "<tr>" + "".join(f'<td data-label="{escape(name)}">{cell}</td>' for name, cell in labelled_cells) + "</tr>"


def _table(head: Sequence[str], rows: Sequence[str], *, caption: str, kind: str = "tt-stack") -> str:
    heads = "".join(f"<th scope='col'>{escape(name)}</th>" for name in head)
    return (
        f'<table class="tt-table {kind}"><caption>{escape(caption)}</caption><thead><tr>{heads}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )
