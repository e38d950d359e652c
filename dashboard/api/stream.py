"""A place in the order of changes in; the verdict events since then out, page by page or live as server-sent events."""

import json
from collections.abc import AsyncIterator, Sequence
from typing import Annotated

import anyio
from fastapi import APIRouter, Header, Query, Request
from pydantic import BaseModel
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from contracts.vocabulary import Lifecycle, Verdict
from dashboard import item_queries
from dashboard.api.answers import VerdictEvent, event_of
from dashboard.api.callers import Here, Viewer
from dashboard.api.context import Context
from dashboard.api.cursors import Limit
from dashboard.api.problems import Refused, unfit
from dashboard.item_queries import Row
from dashboard.verdict_events import Wanted, events_after

router = APIRouter(prefix="/v1/verdicts", tags=["verdicts"])
Change = Annotated[int, Query(ge=0, le=2**62)]
Lifecycles = Annotated[Sequence[Lifecycle], Query(max_length=6, description="Only these; repeat it for several.")]
Verdicts = Annotated[Sequence[Verdict], Query(max_length=5, description="Only these words; repeat it for several.")]
_AT_ONCE = 200
_PING_S = 15
_LOOK_AGAIN_S = 10.0
_MOST_STREAMS = 200


class EventPage(BaseModel):
    """Verdict events in the order of their numbers; ask again with ``after=next``."""

    events: list[VerdictEvent]
    next: int


@router.get("")
def list_events(
    here: Here, _: Viewer, after: Change = 0, limit: Limit = 50, lifecycle: Lifecycles = (), verdict: Verdicts = ()
) -> EventPage:
    """The verdict events after a number: what the live stream would have told meanwhile."""
    wanted = Wanted(lifecycles=lifecycle, verdicts=verdict)
    reached = item_queries.last_change(here.engine)
    rows = events_after(here.engine, after, limit=limit, wanted=wanted)
    # Where this is all there is, what was left out by the words need not be passed over again.
    end = rows[-1]["change"] if len(rows) == limit else max(reached, after)
    return EventPage(events=[event_of(row) for row in rows], next=end)


@router.get(
    "/stream",
    response_class=EventSourceResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def stream_events(
    request: Request,
    here: Here,
    _: Viewer,
    lifecycle: Lifecycles = (),
    verdict: Verdicts = (),
    after: Annotated[int | None, Query(ge=0, le=2**62, description="Begin behind this number.")] = None,
    last_event_id: Annotated[str | None, Header(description="Where a broken stream goes on.")] = None,
) -> EventSourceResponse:
    """Verdict events as they come. ``id`` is their number: a browser that reconnects misses none.

    Without a number the stream begins now. An event is one ``VerdictEvent`` as JSON.
    """
    begin = _number(last_event_id) if last_event_id else after
    if begin is None:
        begin = await run_in_threadpool(item_queries.last_change, here.engine)
    if request.app.state.streams >= _MOST_STREAMS:
        detail = f"This server tells {_MOST_STREAMS} streams at a time."
        raise Refused(503, "too-many-streams", "Too many streams", detail, headers={"Retry-After": "30"})
    wanted = Wanted(lifecycles=lifecycle, verdicts=verdict)
    stop = anyio.Event()
    request.app.state.stops.add(stop)
    told = _told(request, here, begin, wanted, stop)
    return EventSourceResponse(told, ping=_PING_S, shutdown_event=stop, headers={"Cache-Control": "no-store"})


async def _told(
    request: Request, here: Context, begin: int, wanted: Wanted, stop: anyio.Event
) -> AsyncIterator[ServerSentEvent]:
    request.app.state.streams += 1
    try:
        async for row in _rows(request, here, begin, wanted, stop):
            body = event_of(row).model_dump(mode="json")
            yield ServerSentEvent(json.dumps(body, ensure_ascii=False), event="verdict", id=str(row["change"]))
    finally:
        request.app.state.streams -= 1
        request.app.state.stops.discard(stop)


async def _rows(request: Request, here: Context, begin: int, wanted: Wanted, stop: anyio.Event) -> AsyncIterator[Row]:
    reached = begin
    while not stop.is_set():
        newest = await run_in_threadpool(item_queries.last_change, here.engine)
        if newest < reached:
            reached = 0  # the read model was filled anew: its numbers began again, and nothing may be missed
        rows = await run_in_threadpool(events_after, here.engine, reached, limit=_AT_ONCE, wanted=wanted)
        for row in rows:
            yield row
        reached = rows[-1]["change"] if len(rows) == _AT_ONCE else max(newest, rows[-1]["change"] if rows else 0)
        if len(rows) < _AT_ONCE:
            await request.app.state.changes.beyond(reached, timeout_s=_LOOK_AGAIN_S)


def _number(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 18:
        raise unfit("Last-Event-ID is the number of an event of this stream.")
    return int(text)
