"""The kept alarms of drift in, as a list out; a person's word that they have seen one in, the alarm with it out."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from dashboard.api.answers import moment
from dashboard.api.callers import Analyst, Here, Viewer
from dashboard.api.problems import not_found
from dashboard.models.alarm_book import LONGEST_NOTE, AlarmBook, KeptAlarm, NoSuchAlarm

router = APIRouter(prefix="/v1/drift/alarms", tags=["drift"])
AlarmId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]


class DriftAlarm(BaseModel):
    """A time that the latest items differed from those before them; ``about`` is a detector or `all detectors`.

    ``figures`` are what the alarm rests on: numbers of scores, the stability index, shares, the chance of as much by
    accident. While it holds they are those of the last look.
    """

    alarm_id: str
    about: str
    alarm: str
    words: str
    figures: dict[str, float]
    began_at: datetime
    seen_at: datetime
    ended_at: datetime | None
    acknowledged_by: str | None
    acknowledged_at: datetime | None
    note: str | None


class DriftAlarms(BaseModel):
    """Those that hold, then those that have ended, each newest first."""

    alarms: list[DriftAlarm]


class Acknowledgement(BaseModel):
    """What was found, or who looks into it; kept with the alarm."""

    note: str = Field(default="", max_length=LONGEST_NOTE, pattern=r"^[^\x00]*$")


@router.get("")
def list_drift_alarms(
    here: Here,
    _: Viewer,
    state: Literal["open", "all"] = "all",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> DriftAlarms:
    """The alarms of drift, as the projector raised them."""
    found = AlarmBook(here.engine).alarms(most=limit, only_open=state == "open")
    return DriftAlarms(alarms=[_told(one) for one in found])


@router.post("/{alarm_id}/acknowledge")
def acknowledge(here: Here, who: Analyst, alarm_id: AlarmId, said: Acknowledgement) -> DriftAlarm:
    """Say that somebody has seen an alarm; whoever did so first stands, and it is put on the audit chain."""
    try:
        return _told(AlarmBook(here.engine).acknowledge(alarm_id, who, note=said.note))
    except NoSuchAlarm as why:
        raise not_found(str(why)) from why


def _told(one: KeptAlarm) -> DriftAlarm:
    return DriftAlarm(
        alarm_id=one.alarm_id,
        about=one.raised.subject,
        alarm=one.raised.alarm.value,
        words=one.raised.words,
        figures=dict(one.raised.figures),
        began_at=moment(one.began_at_s),
        seen_at=moment(one.seen_at_s),
        ended_at=None if one.ended_at_s is None else moment(one.ended_at_s),
        acknowledged_by=one.acknowledged_by,
        acknowledged_at=None if one.acknowledged_at_s is None else moment(one.acknowledged_at_s),
        note=one.note,
    )
