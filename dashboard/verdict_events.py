"""A number of the read model in; the verdict events that came after it out, in their order and each once."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Engine, select

from contracts.vocabulary import Lifecycle, Verdict
from dashboard.item_queries import Row
from dashboard.read_tables import verdict_events


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which events are told; an empty collection excludes none."""

    lifecycles: Collection[Lifecycle] = ()
    verdicts: Collection[Verdict] = ()

    @property
    def conditions(self) -> list[ColumnElement[bool]]:
        wanted = []
        if self.lifecycles:
            wanted.append(verdict_events.c.lifecycle.in_([str(word) for word in self.lifecycles]))
        if self.verdicts:
            wanted.append(verdict_events.c.verdict.in_([str(word) for word in self.verdicts]))
        return wanted

    def holds(self, row: Row) -> bool:
        """Whether this event is told."""
        return (not self.lifecycles or row["lifecycle"] in set(self.lifecycles)) and (
            not self.verdicts or row["verdict"] in set(self.verdicts)
        )


def events_after(engine: Engine, change: int, *, limit: int, wanted: Wanted | None = None) -> list[Row]:
    """At most ``limit`` events with a higher number than ``change``, in the order of their numbers."""
    with engine.connect() as connection:
        return read_events(connection, change, limit=limit, wanted=wanted)


def read_events(connection: Connection, change: int, *, limit: int, wanted: Wanted | None = None) -> list[Row]:
    """Like ``events_after``, inside a transaction."""
    asked = (
        select(verdict_events)
        .where(verdict_events.c.change > change, *(wanted.conditions if wanted else ()))
        .order_by(verdict_events.c.change)
        .limit(limit)
    )
    return [dict(row) for row in connection.execute(asked).mappings()]
