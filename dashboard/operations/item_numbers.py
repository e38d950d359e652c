"""The read model in; how many items there are today, what was said of them, and who waits longest out."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Engine, func, select

from dashboard.projection import Tab
from dashboard.read_tables import items


@dataclass(frozen=True, kw_only=True)
class ItemNumbers:
    """Items since a moment: how many, by tab, and the one that waits longest of all (name, id, since)."""

    arrived: int
    by_tab: Mapping[Tab, int]
    oldest_waiting: tuple[str, str, float] | None


def item_numbers(engine: Engine, *, since_s: float) -> ItemNumbers:
    """Count the items that arrived since ``since_s`` (seconds since 1970)."""
    counted = select(items.c.tab, func.count()).where(items.c.arrived_at_s >= since_s).group_by(items.c.tab)
    waits = select(items.c.name, items.c.media_id, items.c.arrived_at_s).where(items.c.tab == Tab.IN_PROGRESS.value)
    with engine.connect() as connection:
        by_tab = {Tab(tab): count for tab, count in connection.execute(counted).all()}
        oldest = connection.execute(waits.order_by(items.c.arrived_at_s).limit(1)).first()
    return ItemNumbers(
        arrived=sum(by_tab.values()),
        by_tab=by_tab,
        oldest_waiting=None if oldest is None else (oldest.name, oldest.media_id, oldest.arrived_at_s),
    )


def stuck_items(engine: Engine, *, before_s: float, most: int = 50) -> list[tuple[str, str, float]]:
    """Items that arrived before a moment and still have no final verdict: name, id, arrival; the oldest first."""
    wanted = select(items.c.name, items.c.media_id, items.c.arrived_at_s).where(
        items.c.tab == Tab.IN_PROGRESS.value, items.c.arrived_at_s < before_s
    )
    with engine.connect() as connection:
        rows = connection.execute(wanted.order_by(items.c.arrived_at_s).limit(most)).all()
    return [(row.name, row.media_id, row.arrived_at_s) for row in rows]
