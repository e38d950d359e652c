"""Dead letters of the read model in, as a list out; an operator's word on one in, what became of it out."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field
from sqlalchemy import select, tuple_

from contracts.vocabulary import Stage
from dashboard.access import Principal
from dashboard.api.answers import moment
from dashboard.api.callers import Here, Operator, Viewer
from dashboard.api.cursors import Cursor, Limit, cursor_of, place_of
from dashboard.api.problems import Refused, not_found
from dashboard.item_queries import Row
from dashboard.operations.letters import letters_in
from dashboard.read_tables import dead_letters

router = APIRouter(prefix="/v1/dead-letters", tags=["dead letters"])
LetterId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{6,64}$")]
State = Literal["open", "settled", "all"]
Settle = Callable[[str, str, str, Principal], str | None]


class DeadLetter(BaseModel):
    """A message that no retry could save; ``settled`` says what an operator did about it."""

    dead_letter_id: str
    media_id: str
    stage: Stage
    reason: str
    detail: str
    topic: str
    partition: int
    offset: int
    attempts: int | None
    failed_at: datetime
    settled: str | None
    settled_because: str | None
    settled_at: datetime | None


class DeadLetterPage(BaseModel):
    """A page of dead letters, newest first."""

    dead_letters: list[DeadLetter]
    next: str | None


class Because(BaseModel):
    """Why a letter is settled; it is kept with it."""

    because: str = Field(min_length=1, max_length=500, pattern=r"\S")


class Settled(BaseModel):
    """What was done; the list shows it as soon as the projector has read it."""

    dead_letter_id: str
    settled: str


@router.get("")
def list_dead_letters(
    here: Here,
    _: Viewer,
    state: State = "open",
    stage: Stage | None = None,
    reason: Annotated[str | None, Query(max_length=100)] = None,
    item: Annotated[str | None, Query(max_length=64)] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> DeadLetterPage:
    """The dead letters, newest first: those that wait for somebody, unless others are asked for."""
    place = place_of(cursor, [(int, float), str])
    wanted = letters_in(state, stage=stage, reason=reason, media_id=item)
    order = (dead_letters.c.failed_at_s, dead_letters.c.dead_letter_id)
    if place:
        wanted += [dead_letters.c.failed_at_s <= place[0], tuple_(*order) < tuple_(*place)]
    asked = select(dead_letters).where(*wanted).order_by(*(column.desc() for column in order)).limit(limit + 1)
    with here.engine.connect() as connection:
        rows = [dict(row) for row in connection.execute(asked).mappings()]
    shown = rows[:limit]
    end = shown[-1] if len(rows) > limit else None
    return DeadLetterPage(
        dead_letters=[_letter_of(row) for row in shown],
        next=cursor_of(end["failed_at_s"], end["dead_letter_id"]) if end else None,
    )


@router.get("/{dead_letter_id}")
def show_dead_letter(here: Here, _: Viewer, dead_letter_id: LetterId) -> DeadLetter:
    """One dead letter. Its bytes stay in Kafka: `telltale dead-letters show` prints them."""
    asked = select(dead_letters).where(dead_letters.c.dead_letter_id == dead_letter_id)
    with here.engine.connect() as connection:
        row = connection.execute(asked).mappings().first()
    if row is None:
        raise not_found("No dead letter has this id.")
    return _letter_of(dict(row))


@router.post("/{dead_letter_id}/replay")
def replay(request: Request, here: Here, who: Operator, dead_letter_id: LetterId, why: Because) -> Settled:
    """Put the message back on its topic, one try further."""
    return _settle(request, here, who, dead_letter_id, "replayed", why.because)


@router.post("/{dead_letter_id}/drop")
def drop(request: Request, here: Here, who: Operator, dead_letter_id: LetterId, why: Because) -> Settled:
    """Mark the message as given up; the letter stays on its topic."""
    return _settle(request, here, who, dead_letter_id, "dropped", why.because)


def _settle(request: Request, here: Here, who: Principal, letter_id: str, outcome: str, because: str) -> Settled:
    letter = show_dead_letter(here, None, letter_id)  # type: ignore[arg-type]
    if letter.settled:
        raise Refused(409, "already-settled", "Already settled", f"The letter was {letter.settled} already.")
    settle: Settle | None = request.app.state.settle
    if settle is None:
        raise Refused(501, "not-here", "Not here", "This server settles none: use `telltale dead-letters`.")
    left = settle(letter.dead_letter_id, outcome, because, who)
    if left is not None:
        raise Refused(409, "left-open", "Left open", f"The letter stays open: {left}.")
    return Settled(dead_letter_id=letter.dead_letter_id, settled=outcome)


def _letter_of(row: Row) -> DeadLetter:
    same = {name: row[name] for name in DeadLetter.model_fields if name in row}
    at_s = row["settled_at_s"]
    times = {"failed_at": moment(row["failed_at_s"]), "settled_at": None if at_s is None else moment(at_s)}
    return DeadLetter(**{**same, **times})
