"""Looks at metrics pages in, a short memory of them in the read model out: fine for a while, then coarse, then gone."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Engine, delete, func, insert, select
from sqlalchemy.exc import IntegrityError

from dashboard.operations.metric_pages import Look, as_rows, of_rows
from dashboard.read_tables import process_looks

KEPT_S = 3 * 3600.0
_FINE_S = 20 * 60.0
_COARSE_S = 60.0


@dataclass(frozen=True, slots=True)
class Failure:
    """A page that did not answer, and why."""

    at_s: float
    why: str


class Samples:
    """The looks of every process, by its name."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, process: str, found: Look | Failure) -> None:
        """Keep a look, or that there was none."""
        rows = json.dumps(as_rows(found), separators=(",", ":")) if isinstance(found, Look) else None
        row = {
            "process": process,
            "at_s": found.at_s,
            "rows": rows,
            "why": found.why if isinstance(found, Failure) else None,
        }
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(process_looks).values(**row))
        except IntegrityError:
            return  # two looks in one moment say the same

    def thin_out(self, now_s: float) -> int:
        """Forget what is too old, and of what is older than 20 minutes all but one look per minute."""
        at = process_looks.c.at_s
        with self._engine.begin() as connection:
            gone = connection.execute(delete(process_looks).where(at < now_s - KEPT_S)).rowcount
            older = (
                select(process_looks.c.process, at).where(at < now_s - _FINE_S).order_by(process_looks.c.process, at)
            )
            for process, at_s in _superfluous(connection.execute(older).all()):
                here = (process_looks.c.process == process, at == at_s)
                gone += connection.execute(delete(process_looks).where(*here)).rowcount
        return gone

    def processes(self) -> list[str]:
        """The names of all processes that were looked at, in alphabetical order."""
        with self._engine.connect() as connection:
            return list(
                connection.scalars(select(process_looks.c.process).distinct().order_by(process_looks.c.process))
            )

    def latest(self, process: str) -> Look | Failure | None:
        """What the last look found."""
        chosen = select(process_looks).where(process_looks.c.process == process)
        with self._engine.connect() as connection:
            row = connection.execute(chosen.order_by(process_looks.c.at_s.desc()).limit(1)).first()
        if row is None:
            return None
        return Failure(row.at_s, row.why or "") if row.rows is None else of_rows(json.loads(row.rows), row.at_s)

    def since(self, process: str, at_s: float, *, most: int = 200) -> list[Look]:
        """The looks from a moment on, oldest first, at most so many, evenly chosen; the last one is always there."""
        times = select(process_looks.c.at_s).where(*_answered(process, at_s)).order_by(process_looks.c.at_s)
        with self._engine.connect() as connection:
            known = connection.scalars(times).all()
            step = -(-len(known) // most) if known else 1
            return _looks(connection, process, known[::-1][::step][::-1])

    def ends(self, process: str, at_s: float) -> tuple[Look, Look] | None:
        """The first and the last look since a moment; nothing where there are fewer than two."""
        times = select(func.min(process_looks.c.at_s), func.max(process_looks.c.at_s))
        with self._engine.connect() as connection:
            first_s, last_s = connection.execute(times.where(*_answered(process, at_s))).one()
            if first_s == last_s:
                return None
            first, last = _looks(connection, process, (first_s, last_s))
        return first, last


def _answered(process: str, since_s: float) -> tuple[ColumnElement[bool], ...]:
    """The looks at a page that answered."""
    here = process_looks.c
    return here.process == process, here.at_s >= since_s, here.rows.is_not(None)


def _looks(connection: Connection, process: str, times: Sequence[float]) -> list[Look]:
    """The looks of these moments, oldest first."""
    chosen = select(process_looks.c.at_s, process_looks.c.rows).where(
        process_looks.c.process == process, process_looks.c.at_s.in_(times)
    )
    rows = connection.execute(chosen.order_by(process_looks.c.at_s)).all()
    return [of_rows(json.loads(row.rows), row.at_s) for row in rows]


def _superfluous(rows: Sequence[tuple[str, float]]) -> list[tuple[str, float]]:
    """All but the first look of each process and minute."""
    seen: set[tuple[str, int]] = set()
    extra = []
    for process, at_s in rows:
        minute = (process, int(at_s // _COARSE_S))
        if minute in seen:
            extra.append((process, at_s))
        seen.add(minute)
    return extra
