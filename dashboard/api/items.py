"""Questions about items in; what the read model knows of them out, the same rows that the pages show."""

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import AwareDatetime

from contracts.messages import MediaVerdict
from contracts.vocabulary import MediaKind
from dashboard import item_counts, item_queries
from dashboard.api.answers import (
    DetectorScores,
    Item,
    ItemPage,
    Track,
    VerdictEvent,
    event_of,
    item_of,
    summary_of,
    tracks_of,
)
from dashboard.api.callers import Here, Viewer
from dashboard.api.context import Context
from dashboard.api.cursors import Cursor, Limit, place_of
from dashboard.api.problems import not_found
from dashboard.item_pages import Place, cursor_of, page_after
from dashboard.item_search import Order, Question
from dashboard.projection import ItemDocuments, Tab

router = APIRouter(prefix="/v1/items", tags=["items"])
MediaId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$", description="Id of the media item.")]
Text = Annotated[str, Query(max_length=200, description="Parts of the key, or the beginning of an id or SHA-256.")]
_MOST_WORDS = 8
AT_LEAST = "Telltale-At-Least"
NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "Nothing changed since the ETag"}}


def filters_asked(
    q: Text = "",
    kind: MediaKind | None = None,
    arrived_from: Annotated[AwareDatetime | None, Query(description="At or after this time.")] = None,
    arrived_before: Annotated[AwareDatetime | None, Query(description="Before this time.")] = None,
    source: Annotated[str, Query(max_length=200, description="A bucket, or the beginning of a key.")] = "",
    detector: Annotated[str, Query(max_length=200, description="One that gave a number for the item.")] = "",
    reviewed: Annotated[bool | None, Query(description="Whether anybody reviewed it.")] = None,
    reviewer: Annotated[str, Query(max_length=200, description="Somebody who reviewed it.")] = "",
) -> Question:
    """The filters of the inbox."""
    return Question(
        text=_words(q),
        kind=kind,
        since_s=arrived_from.timestamp() if arrived_from else None,
        before_s=arrived_before.timestamp() if arrived_before else None,
        source=source.replace("\0", ""),
        detector=detector.replace("\0", ""),
        reviewed=reviewed,
        reviewer=reviewer.replace("\0", ""),
    )


Filters = Annotated[Question, Depends(filters_asked)]


@router.get("")
def list_items(
    here: Here,
    _: Viewer,
    asked: Filters,
    tab: Tab | None = None,
    sort: Order = Order.NEWEST,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> ItemPage:
    """List, search, filter and sort items as the inbox does; a page costs the same however far in it is."""
    place = place_of(cursor, [str, (int, float, type(None)), str])
    after = Place(place[1], place[2]) if place and place[0] == sort else None
    question = replace(asked, tab=tab, order=sort)
    as_of = item_queries.last_change(here.engine)
    rows = page_after(here.engine, question, after, limit=limit + 1)
    shown, more = rows[:limit], len(rows) > limit
    return ItemPage(
        items=[summary_of(row) for row in shown],
        next=cursor_of(shown[-1], sort) if more else None,
        as_of=as_of,
    )


@router.get("/counts")
def count_items(
    here: Here,
    _: Viewer,
    asked: Filters,
    response: Response,
    exact: Annotated[bool, Query(description="Count everything, which takes longer the more items fit.")] = True,
) -> dict[Tab, int]:
    """How many items each tab of the inbox holds.

    With `exact=false` the answer comes as fast as a page of the inbox: where more than a thousand items fit, the newest
    alone are counted, and the header `Telltale-At-Least` names the tabs that may hold more.
    """
    if exact:
        return item_counts.tab_counts(here.engine, asked)
    counts = item_counts.counted(here.engine, asked)
    open_ended = [tab.value for tab, count in counts.items() if count.or_more]
    if open_ended:
        response.headers[AT_LEAST] = ",".join(open_ended)
    return {tab: count.number for tab, count in counts.items()}


@router.get("/{media_id}", response_model=Item, responses=NOT_MODIFIED)
def show_item(here: Here, _: Viewer, media_id: MediaId, request: Request, response: Response) -> Item | Response:
    """Status, file facts and verdict of one item; its ETag changes whenever anything about it does."""
    row = item_queries.item_row(here.engine, media_id)
    found = item_of(row, item_queries.item(here.engine, media_id)) if row else None
    if row is None or found is None:
        raise _unknown(media_id)
    return _unless_known(f'"{media_id}-{row["change"]}"', request, response) or found


@router.get("/{media_id}/verdict", response_model=MediaVerdict, responses=NOT_MODIFIED)
def show_verdict(
    here: Here, _: Viewer, media_id: MediaId, request: Request, response: Response
) -> MediaVerdict | Response:
    """The latest verdict event, word for word as on its topic; its ETag is the id of the event."""
    verdict = known_item(here, media_id).verdict
    if verdict is None:
        raise not_found("There is no verdict on this item yet.")
    return _unless_known(f'"{verdict.event_id}"', request, response) or verdict


@router.get("/{media_id}/history")
def show_history(here: Here, _: Viewer, media_id: MediaId) -> list[VerdictEvent]:
    """Every verdict event of an item, oldest first."""
    known_item(here, media_id)
    return [event_of(row) for row in item_queries.history_of(here.engine, media_id)]


@router.get("/{media_id}/detectors")
def show_scores(here: Here, _: Viewer, media_id: MediaId) -> DetectorScores:
    """What each detector said of an item; only those with the status scored have a number."""
    verdict = known_item(here, media_id).verdict
    return DetectorScores(
        media_id=media_id,
        event_id=verdict.event_id if verdict else None,
        detectors=verdict.detectors if verdict else (),
    )


@router.get("/{media_id}/tracks")
def show_tracks(here: Here, _: Viewer, media_id: MediaId) -> list[Track]:
    """The faces of an item: what extraction saw of each, and what was judged."""
    return tracks_of(known_item(here, media_id))


def known_item(here: Context, media_id: str) -> ItemDocuments:
    """All that is known of an item. Raises ``Refused`` where nothing is."""
    known = item_queries.item(here.engine, media_id)
    if known.uploaded is None:
        raise _unknown(media_id)
    return known


def _unknown(media_id: str) -> Exception:
    return not_found(f"No item {media_id} is known here. One that was submitted just now may not have arrived yet.")


def _unless_known(tag: str, request: Request, response: Response) -> Response | None:
    """The empty answer for who has this version already; else nothing, and the tag goes into the full one."""
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    known = [one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")]
    if tag in known:
        return Response(status_code=304, headers=headers)
    response.headers.update(headers)
    return None


def _words(text: str) -> str:
    """The first words of a search without what a database refuses in a text."""
    return " ".join(text.replace("\0", " ").split()[:_MOST_WORDS])
