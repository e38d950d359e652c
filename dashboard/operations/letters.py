"""A stage and a state in, the newest dead letters of the read model that fit, and how many there are, out."""

from typing import Any

from sqlalchemy import ColumnElement, Engine, func, select

from dashboard.read_tables import dead_letters

PAGE = 50


def letters_in(state: str, **values: str | None) -> list[ColumnElement[bool]]:
    """What letters of a state have in common (``settled``, ``all``, else open), and those of columns that are given."""
    wanted: list[ColumnElement[bool]] = []
    if state != "all":
        column = dead_letters.c.settled
        wanted.append(column.is_not(None) if state == "settled" else column.is_(None))
    # A database may refuse NUL, which no column holds.
    wanted += [dead_letters.c[name] == value.replace("\0", "") for name, value in values.items() if value]
    return wanted


def found_letters(engine: Engine, stage: str, state: str) -> tuple[list[dict[str, Any]], int]:
    """The newest letters and the number of all of them.

    Args:
        engine: the read model.
        stage: only of this stage; all where it is empty.
        state: ``settled``, ``all``, or anything else for open letters.
    """
    wanted = letters_in(state, stage=stage)
    newest = select(dead_letters).where(*wanted).order_by(dead_letters.c.failed_at_s.desc()).limit(PAGE)
    with engine.connect() as connection:
        rows = [dict(row) for row in connection.execute(newest).mappings()]
        count = connection.scalar(select(func.count()).select_from(dead_letters).where(*wanted)) or 0
    return rows, count
