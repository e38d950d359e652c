"""A stage and a state in, the newest dead letters of the read model that fit, and how many there are, out."""

from typing import Any

from sqlalchemy import Engine, func, select

from dashboard.read_tables import dead_letters

PAGE = 50


def found_letters(engine: Engine, stage: str, state: str) -> tuple[list[dict[str, Any]], int]:
    """The newest letters and the number of all of them.

    Args:
        engine: the read model.
        stage: only of this stage; all where it is empty.
        state: empty for open letters, ``settled`` or ``all``.
    """
    wanted = []
    if stage:
        wanted.append(dead_letters.c.stage == stage)
    if state == "settled":
        wanted.append(dead_letters.c.settled.is_not(None))
    elif state != "all":
        wanted.append(dead_letters.c.settled.is_(None))
    newest = select(dead_letters).where(*wanted).order_by(dead_letters.c.failed_at_s.desc()).limit(PAGE)
    with engine.connect() as connection:
        rows = [dict(row) for row in connection.execute(newest).mappings()]
        count = connection.scalar(select(func.count()).select_from(dead_letters).where(*wanted)) or 0
    return rows, count
