"""A detector's card in; its figures out as titled tables, each figure with the command or the source behind it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from detectors.cards import DetectorCard, Figure, FigureGroup, Spread

REFERENCE = "mesonet"
PUBLISHED = "Published by others, not repeated here"
TITLES: dict[FigureGroup, str] = {
    "unseen_people": "People never seen",
    "genuine_clips": "Genuine clips: false alarms",
    "forged_clips": "Genuine clips that were manipulated for the measurement",
    "generated_clips": "Generated clips, as they are",
    "other": "Other figures",
    "training": "Watched during training; the weights were chosen by them, so they flatter",
    "calibration": "Before and after the calibration",
}


@dataclass(frozen=True, kw_only=True)
class FigureRow:
    """One figure in words; ``origin`` is the place of its command or source among the origins of its table."""

    name: str
    value: str
    before: str = ""
    interval: str = ""
    n_items: str = ""
    note: str = ""
    origin: int


@dataclass(frozen=True)
class Block:
    """Figures that were measured on the same data."""

    on: str
    rows: tuple[FigureRow, ...]


@dataclass(frozen=True)
class Origin:
    """Where figures come from: a command that prints them again, or a publication."""

    text: str
    is_command: bool


@dataclass(frozen=True)
class FigureTable:
    """Figures of one kind under a title, by the data that they were measured on."""

    title: str
    blocks: tuple[Block, ...]
    origins: tuple[Origin, ...]

    @property
    def count(self) -> int:
        return sum(len(block.rows) for block in self.blocks)

    @property
    def has_before(self) -> bool:
        return any(row.before for block in self.blocks for row in block.rows)


def measured_tables(card: DetectorCard, *, beside: DetectorCard | None = None) -> tuple[FigureTable, ...]:
    """The figures of a card except those of its calibration.

    ``beside`` is the card of a well-known detector: its false alarms stand below those of this one, unless this card
    holds figures of it that were measured on the same clips.
    """
    ours = [figure for figure in card.figures if figure.source is None]
    tables = []
    for group, title in TITLES.items():
        found = [figure for figure in ours if figure.group == group]
        if group == "genuine_clips" and found and beside and beside.spec.name != card.spec.name:
            found += _of_another(found, beside)
        if found and group != "calibration":
            tables.append(figure_table(title, found))
    published = [figure for figure in card.figures if figure.source is not None]
    return (*tables, *([figure_table(PUBLISHED, published)] if published else []))


def calibration_table(card: DetectorCard) -> FigureTable | None:
    """LogLoss, Brier score and calibration error before and after, where they were measured."""
    found = [figure for figure in card.figures if figure.group == "calibration" and figure.source is None]
    return figure_table(TITLES["calibration"], found) if found else None


def spread_table(spread: Sequence[Spread]) -> FigureTable:
    """What runs of other seeds gave, from the lowest to the highest."""
    origins = tuple(Origin(command, is_command=True) for command in dict.fromkeys(one.command for one in spread))
    places = {origin.text: place for place, origin in enumerate(origins, start=1)}
    blocks = [
        Block(on, tuple(_spread_row(one, places[one.command]) for one in some))
        for on, some in groupby(spread, key=lambda one: one.on)
    ]
    return FigureTable("Spread over seeds", tuple(blocks), origins)


def figure_table(title: str, figures: Sequence[Figure]) -> FigureTable:
    """Figures in the order of the card; neighbours that were measured on the same data share a block."""
    origins = tuple(dict.fromkeys(map(_origin, figures)))
    places = {origin: place for place, origin in enumerate(origins, start=1)}
    blocks = [
        Block(on, tuple(_row(figure, places[_origin(figure)]) for figure in some))
        for on, some in groupby(figures, key=lambda figure: figure.on)
    ]
    return FigureTable(title, tuple(blocks), origins)


def interval_words(low: float | None, high: float | None) -> str:
    """An interval, a bound where it has one side only, or nothing where none was measured."""
    if low is not None and high is not None:
        return f"{low:g} to {high:g}"
    if high is not None:
        return f"up to {high:g}"
    return "" if low is None else f"from {low:g}"


def _of_another(ours: Iterable[Figure], other: DetectorCard) -> list[Figure]:
    if any(figure.of == other.spec.name for figure in ours):
        return []
    return [
        figure.model_copy(update={"of": other.spec.name, "on": f"{figure.on}, from the card of {other.spec.title}"})
        for figure in other.figures
        if figure.group == "genuine_clips" and figure.source is None
    ]


def _origin(figure: Figure) -> Origin:
    return Origin(figure.command or figure.source or "", is_command=figure.command is not None)


def _row(figure: Figure, origin: int) -> FigureRow:
    return FigureRow(
        name=f"{figure.of}: {figure.name}" if figure.of else figure.name,
        value=f"{figure.value:g}",
        before="" if figure.before is None else f"{figure.before:g}",
        interval=interval_words(figure.low, figure.high),
        n_items="" if figure.n_items is None else f"{figure.n_items}",
        note=figure.note or "",
        origin=origin,
    )


def _spread_row(spread: Spread, origin: int) -> FigureRow:
    lowest, highest = min(spread.values.values()), max(spread.values.values())
    return FigureRow(
        name=spread.name,
        value=f"{lowest:g} to {highest:g}",
        n_items=f"{len(spread.values)} seeds",
        note=", ".join(f"seed {seed}: {value:g}" for seed, value in sorted(spread.values.items())),
        origin=origin,
    )
