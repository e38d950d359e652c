"""Scored items in, rows out: one per item, face track and clip, and per detector; the table behind every figure."""

import csv
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import dropwhile
from pathlib import Path
from typing import Any, Literal

Level = Literal["item", "track", "clip"]
LEVELS: tuple[Level, ...] = ("item", "track", "clip")
FUSION = "fusion"
FACE_BUCKETS_PX = (64, 96, 160)
BITS_PER_PIXEL_BUCKETS = (0.05, 0.1)


@dataclass(frozen=True, kw_only=True)
class ScoreRow:
    """What one detector (or the fusion) says of one item, one face track of it, or one clip of that track.

    ``label`` is the item's, 1 for manipulated, on every level. ``raw`` is 0 (genuine) to 1 (manipulated), ``None`` for
    the fusion; ``calibrated`` is a probability, ``None`` without a calibration. Both are ``None`` for an item that the
    detector does not cover, and ``reason`` says why. ``face_height_px`` is the median of the track, at item level of
    its largest one. ``verdict`` is the word at item and track level of the fusion.
    """

    path: str
    label: int
    source: str
    family: str = ""
    compression: str = ""
    split: str = ""
    variant: str = ""
    level: Level
    detector: str
    track: int | None = None
    start_s: float | None = None
    raw: float | None = None
    calibrated: float | None = None
    face_height_px: float | None = None
    bits_per_pixel: float | None = None
    verdict: str = ""
    reason: str = ""

    @property
    def ranked(self) -> float | None:
        """The score that ranks: the raw one, which has the finer steps, or the fusion's probability."""
        return self.calibrated if self.raw is None else self.raw

    def held(self, *, calibrated: bool) -> float | None:
        """What a threshold is held against: the probability, or of an uncalibrated detector the raw score."""
        return self.calibrated if calibrated else self.raw

    @property
    def face_bucket(self) -> str:
        """The face height as one of a few ranges."""
        return _bucket(self.face_height_px, FACE_BUCKETS_PX, "px")

    @property
    def compression_level(self) -> str:
        """What the manifest says, else the measured bits per pixel as one of a few ranges."""
        return self.compression or _bucket(self.bits_per_pixel, BITS_PER_PIXEL_BUCKETS, "bit per pixel")


def are_calibrated(rows: Iterable[ScoreRow], detector: str) -> bool:
    """Whether the rows of a detector state probabilities; those of the fusion always do."""
    return detector == FUSION or any(row.calibrated is not None for row in rows)


def _bucket(value: float | None, edges: Sequence[float], unit: str) -> str:
    if value is None:
        return "unknown"
    above = [edge for edge in edges if value >= edge]
    below = [edge for edge in edges if value < edge]
    if not above:
        return f"under {below[0]:g} {unit}"
    return f"{above[-1]:g} to {below[0]:g} {unit}" if below else f"{above[-1]:g} {unit} and more"


def range_order(name: str) -> tuple[float, str]:
    """A key that sorts ranges from the lowest to the highest, and other names after them."""
    first = name.split()[0] if name else ""
    if first == "under":
        return -1.0, name
    return (float(first) if first.replace(".", "", 1).isdecimal() else math.inf), name


def write_csv(rows: Iterable[ScoreRow], to: Path, *, preamble: Sequence[str] = ()) -> None:
    """Write the table; the lines of ``preamble`` come first, each behind a ``#``."""
    with to.open("w", encoding="utf-8", newline="") as file:
        file.writelines(f"# {' '.join(line.split())}\n" for line in preamble)
        table = csv.DictWriter(file, [field.name for field in fields(ScoreRow)], lineterminator="\n")
        table.writeheader()
        table.writerows(asdict(row) for row in rows)


def read_csv(table: Path) -> list[ScoreRow]:
    """The rows of a table that :func:`write_csv` wrote.

    Raises:
        ValueError: it has other columns, or no number where one belongs.
    """
    with table.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(dropwhile(lambda line: line.startswith("#"), file))
        if rows.fieldnames != [field.name for field in fields(ScoreRow)]:
            raise ValueError(f"{table} does not have the columns of a score table")
        return [_row(told) for told in rows]


def _row(told: dict[str, Any]) -> ScoreRow:
    floats = {name: float(told[name]) if told[name] else None for name in _FLOATS}
    whole = {"label": int(told["label"]), "track": int(told["track"]) if told["track"] else None}
    return ScoreRow(**{**told, **floats, **whole})


_FLOATS = ("start_s", "raw", "calibrated", "face_height_px", "bits_per_pixel")
