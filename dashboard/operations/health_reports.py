"""What a check of all parts found in; kept in the read model, one report for each machine, and out again for a page."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import Column, Double, Engine, Integer, String, Table, Text, delete, insert, or_, select

from dashboard.custody.log import writing
from dashboard.read_tables import metadata
from ingest.redaction import redacted

KEPT_S = 30 * 86_400.0
_LONGEST = {"place": 200, "name": 120}

# The last report of each machine; a new one takes its place as a whole.
health_entries = Table(
    "health_entries",
    metadata,
    Column("place", String(200), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("name", String(120), primary_key=True),
    Column("number", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("found", Text, nullable=False),
    Column("advice", Text, nullable=False),
    Column("at_s", Double, nullable=False),
    Column("every_s", Double),
)


class Kind(StrEnum):
    """What an entry is about; ``state`` is a ``Finding`` of parts, where a setting came from, and empty of versions."""

    PART = "part"
    VERSION = "version"
    SETTING = "setting"


class Finding(StrEnum):
    """How a part was found; only ``MISSING`` stops the pipeline."""

    GOOD = "good"
    LACKING = "lacking"
    MISSING = "missing"


class Origin(StrEnum):
    """Where the value of a setting came from."""

    DEFAULT = "default"
    ENVIRONMENT = "environment"
    FILE = "file"
    OPTION = "command line"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of a report: ``found`` is what was found, ``advice`` what to do about it."""

    kind: Kind
    name: str
    state: str = ""
    found: str
    advice: str = ""


@dataclass(frozen=True, kw_only=True)
class Report:
    """What was found on one machine at a moment (seconds since 1970), and how often that is looked at, if at all."""

    place: str
    at_s: float
    every_s: float | None
    entries: tuple[Entry, ...]

    def of_kind(self, kind: Kind) -> list[Entry]:
        """The entries of one kind, in their order."""
        return [entry for entry in self.entries if entry.kind is kind]

    def count(self, finding: Finding) -> int:
        """How many parts were found so."""
        return sum(entry.state == finding for entry in self.of_kind(Kind.PART))


def keep(engine: Engine, report: Report) -> None:
    """Put a report in the place of the last one of its machine; secrets are taken out of every word of it.

    Reports of machines that have told nothing for 30 days go.
    """
    entries = health_entries.c
    rows = [_row(report, number, entry) for number, entry in enumerate(report.entries)]
    # By hand and by the timer at the same moment: one report comes after the other.
    with writing(engine) as connection:
        gone = or_(entries.place == _cut("place", report.place), entries.at_s < report.at_s - KEPT_S)
        connection.execute(delete(health_entries).where(gone))
        if rows:
            connection.execute(insert(health_entries), rows)


def _row(report: Report, number: int, entry: Entry) -> dict[str, Any]:
    return {
        "place": _cut("place", report.place),
        "kind": entry.kind.value,
        "name": _cut("name", entry.name),
        "number": number,
        "state": entry.state,
        "found": redacted(entry.found),
        "advice": redacted(entry.advice),
        "at_s": report.at_s,
        "every_s": report.every_s,
    }


def _cut(column: str, text: str) -> str:
    return text[: _LONGEST[column]]


def reports(engine: Engine) -> list[Report]:
    """The last report of every machine, in the order of their names."""
    entries = health_entries.c
    asked = select(health_entries).order_by(entries.place, entries.number)
    with engine.connect() as connection:
        rows = [dict(row) for row in connection.execute(asked).mappings()]
    return [_report(place, list(found)) for place, found in groupby(rows, key=itemgetter("place"))]


def _report(place: str, rows: Iterable[Mapping[str, Any]]) -> Report:
    found = list(rows)
    entries = tuple(
        Entry(kind=Kind(row["kind"]), name=row["name"], state=row["state"], found=row["found"], advice=row["advice"])
        for row in found
    )
    return Report(place=place, at_s=found[0]["at_s"], every_s=found[0]["every_s"], entries=entries)


def diagnostics(report: Report, *, now_s: float | None = None) -> str:
    """The whole report as text, to be sent to whoever helps; without secrets."""
    age_s = (time.time() if now_s is None else now_s) - report.at_s
    lines = [f"Telltale health report of {report.place}, {age_s:.0f} s old"]
    for kind, title in _TITLES.items():
        lines += ["", title]
        lines += [_line(entry) for entry in report.of_kind(kind)]
    return redacted("\n".join(lines)) + "\n"


_TITLES = {Kind.PART: "Parts", Kind.VERSION: "Versions", Kind.SETTING: "Settings"}


def _line(entry: Entry) -> str:
    state = f" [{entry.state}]" if entry.state else ""
    advice = f"\n      -> {entry.advice}" if entry.advice else ""
    return f"  {entry.name}{state}: {entry.found}{advice}"
