"""Alarms that hold now in; kept in the read model with when each began and ended, and who has seen it, out."""

import hashlib
import json
import secrets
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, delete, insert, select, update

from dashboard.access import Principal, Role, require
from dashboard.custody.facts import Fact, Kind
from dashboard.custody.log import record, writing
from dashboard.models.alarm_tables import drift_alarms
from dashboard.models.drift_alarms import Alarm, Raised

LONGEST_NOTE = 1_000
KEPT_S = 400 * 86_400.0


class NoSuchAlarm(LookupError):
    """No alarm has this id."""


class NoteTooLong(ValueError):
    """What was written with an acknowledgement does not fit."""


@dataclass(frozen=True, kw_only=True)
class KeptAlarm:
    """An alarm as it was last seen; times in seconds since 1970."""

    alarm_id: str
    raised: Raised
    began_at_s: float
    seen_at_s: float
    ended_at_s: float | None = None
    acknowledged_by: str | None = None
    acknowledged_at_s: float | None = None
    note: str | None = None

    @property
    def waits(self) -> bool:
        """Whether it holds and nobody has said that they have seen it."""
        return self.ended_at_s is None and self.acknowledged_by is None


class AlarmBook:
    """The alarms of a deployment, in the database of its read model."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def update(self, raised: Iterable[Raised], *, now_s: float) -> None:
        """Begin what is new, renew the figures of what holds on, end what holds no more; forget what ended long ago."""
        holding = {_key(one): one for one in raised}
        with writing(self._engine) as connection:
            rows = connection.execute(select(drift_alarms).where(drift_alarms.c.open_key.is_not(None))).mappings()
            open_rows = {row["open_key"]: row["alarm_id"] for row in rows}
            for key, alarm_id in open_rows.items():
                _go_on(connection, alarm_id, holding.get(key), now_s)
            for key in holding.keys() - open_rows.keys():
                connection.execute(insert(drift_alarms).values(**_new_row(key, holding[key], now_s)))
            connection.execute(delete(drift_alarms).where(drift_alarms.c.ended_at_s < now_s - KEPT_S))

    def alarms(self, *, most: int = 100, only_open: bool = False) -> list[KeptAlarm]:
        """The alarms that began last, newest first; those that hold before those that have ended."""
        columns = drift_alarms.c
        order = (columns.ended_at_s.is_not(None), columns.began_at_s.desc(), columns.alarm_id)
        asked = select(drift_alarms).order_by(*order).limit(most)
        with self._engine.connect() as connection:
            rows = connection.execute(asked.where(columns.ended_at_s.is_(None)) if only_open else asked).mappings()
            return [_kept(row) for row in rows]

    def acknowledge(self, alarm_id: str, by: Principal, *, note: str = "", now_s: float | None = None) -> KeptAlarm:
        """Say that somebody has seen an alarm; whoever did so first stands. It is put on the audit chain.

        Raises:
            AccessDenied: ``by`` may not acknowledge.
            NoSuchAlarm: no alarm has this id.
            NoteTooLong: the note has more than 1,000 letters.
        """
        require(by, Role.ANALYST)
        if len(note) > LONGEST_NOTE:
            raise NoteTooLong(f"The note is longer than {LONGEST_NOTE} letters. Keep the essence of it.")
        here = drift_alarms.c.alarm_id == alarm_id
        said = {
            "acknowledged_by": by.name,
            "acknowledged_at_s": time.time() if now_s is None else now_s,
            "note": note.strip(),
        }
        with writing(self._engine) as connection:
            is_first = update(drift_alarms).where(here, drift_alarms.c.acknowledged_by.is_(None)).values(**said)
            changed = connection.execute(is_first).rowcount
            row = connection.execute(select(drift_alarms).where(here)).mappings().first()
            if row is None:
                raise NoSuchAlarm(f"No alarm has the id {alarm_id[:40]}.")
            if changed:
                record(connection, [_fact(dict(row))])
            return _kept(row)


def _key(raised: Raised) -> str:
    # A detector's name may be longer than the column.
    return f"{raised.alarm.name} {hashlib.sha256(raised.subject.encode()).hexdigest()}"


def _new_row(key: str, raised: Raised, now_s: float) -> dict[str, Any]:
    return {
        "alarm_id": secrets.token_hex(16),
        "open_key": key,
        "subject": raised.subject,
        "alarm": raised.alarm.name,
        "figures": json.dumps(dict(raised.figures)),
        "began_at_s": now_s,
        "seen_at_s": now_s,
    }


def _go_on(connection: Connection, alarm_id: str, raised: Raised | None, now_s: float) -> None:
    here = update(drift_alarms).where(drift_alarms.c.alarm_id == alarm_id)
    if raised is None:
        connection.execute(here.values(ended_at_s=now_s, open_key=None))
    else:
        connection.execute(here.values(seen_at_s=now_s, figures=json.dumps(dict(raised.figures))))


def _fact(row: Mapping[str, Any]) -> Fact:
    """What the audit chain keeps of an acknowledgement; of the note its hash alone."""
    body = {"alarm": row["alarm"], "about": row["subject"], "acknowledged_by": row["acknowledged_by"]}
    body["note_sha256"] = hashlib.sha256((row["note"] or "").encode()).hexdigest()
    alarm_id = row["alarm_id"]
    return Fact(kind=Kind.ACKNOWLEDGED, subject=alarm_id, event_id=f"acknowledged:{alarm_id}", body=body)


def _kept(row: RowMapping) -> KeptAlarm:
    raised = Raised(subject=row["subject"], alarm=Alarm[row["alarm"]], figures=json.loads(row["figures"]))
    same = {name: row[name] for name in KeptAlarm.__dataclass_fields__ if name != "raised"}
    return KeptAlarm(raised=raised, **same)
