"""An operator's wish to delete one item in, what was removed and what is left out; what would expire now, too."""

import threading
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from contracts.errors import NotNow
from dashboard import item_queries
from dashboard.api.callers import Here, Operator
from dashboard.api.context import Context
from dashboard.api.items import MediaId
from dashboard.api.problems import RETRY_S, Refused, not_found
from dashboard.custody.anchors import UnusableKey
from dashboard.custody.deletion import Places, Plan, plan_of
from dashboard.custody.deletion_on_topics import Topics
from dashboard.custody.expiry import Expiry
from dashboard.custody.log import is_forgotten, links_of
from dashboard.custody.requested_deletion import Deletion, carry_out
from dashboard.custody.retention import Class, kept_for
from dashboard.custody.settings import CustodySettings
from ingest.kafka_login import address_of

router = APIRouter(prefix="/v1", tags=["custody"])
Because = Annotated[
    str,
    Query(min_length=1, max_length=500, pattern=r"\S", description="Why; it stays on record, so name nobody shown."),
]
MediaToo = Annotated[bool, Query(description="Also the object in the bucket.")]
DryRun = Annotated[bool, Query(description="Only say what would go.")]
Most = Annotated[int, Query(ge=1, le=1000, description="Most entries that are named one by one.")]
# One look at a time: it lists the whole work bucket.
_LOOKING = threading.Lock()


class ItemDeletion(BaseModel):
    """What there was of an item and what became of it.

    ``crops`` counts crops, heat maps and notes, ``rows`` those of each table. ``record`` is the end of the audit chain
    after it, ``topics`` what became of the verdicts on their topic, ``left`` what is not reached at once. After
    ``not_reached`` the same request does the rest.
    """

    media_id: str
    dry_run: bool
    deleted: bool
    crops: int
    size_bytes: int
    cached: int
    media: bool
    rows: dict[str, int]
    record: int | None
    topics: Topics | None
    left: tuple[str, ...]


class Due(BaseModel):
    """Something of one item that is older than its class is kept."""

    media_id: str
    what: Class
    objects: int
    size_bytes: int


class WouldExpire(BaseModel):
    """What the next round of expiry would remove.

    ``kept_days`` is nothing for what is kept for ever; ``postponed`` counts stores that did not answer; ``due`` names
    the first entries, ``more`` how many follow.
    """

    kept_days: dict[Class, float | None]
    objects: dict[Class, int]
    size_bytes: int
    postponed: int
    due: list[Due]
    more: int


@router.delete("/items/{media_id}")
def delete_item(
    here: Here, who: Operator, media_id: MediaId, because: Because, media: MediaToo = False, dry_run: DryRun = False
) -> ItemDeletion:
    """Delete one item everywhere, as `telltale delete` does. One record stays that says so, why and by whose key.

    404: nothing was ever known of the id. An item that was deleted before can be deleted again: that does what is left.
    """
    _require_known(here, media_id)
    places = Places(engine=here.engine, bucket=here.watched, work=here.work, home=here.settings.home)
    plan = plan_of(places, media_id)
    if dry_run:
        return _told(plan, None)
    try:
        done = carry_out(
            places,
            plan,
            because=f"{because} (by {who.name})",
            media_too=media,
            kafka=lambda: address_of(here.settings),
            audit_key=_custody(here).audit_key,
        )
    except UnusableKey as why:
        raise Refused(503, "not-now", "Not now", f"Nothing was deleted: {why}.") from why
    except NotNow as why:
        detail = f"The deletion is not complete: {why}. What is gone stays gone; send the same request again."
        raise Refused(503, "not-now", "Not now", detail, headers={"Retry-After": str(RETRY_S)}) from why
    return _told(plan, done)


@router.get("/expiry")
def show_expiry(here: Here, _: Operator, limit: Most = 100) -> WouldExpire:
    """What is older than it may be now; `telltale expire` and its timer remove it. 429 while another looks."""
    settings, due = _custody(here), list[Due]()
    if not _LOOKING.acquire(blocking=False):
        raise Refused(429, "too-many-requests", "Too many requests", "Another looks now.", headers={"Retry-After": "5"})
    try:
        done = Expiry(
            engine=here.engine,
            bucket=here.watched,
            work=here.work,
            settings=settings,
            tell=lambda media_id, what, objects, size_bytes: due.append(
                Due(media_id=media_id, what=what, objects=objects, size_bytes=size_bytes)
            ),
            dry_run=True,
        ).round()
    finally:
        _LOOKING.release()
    kept = {what: kept_for(what, settings) for what in Class}
    return WouldExpire(
        kept_days={what: None if time is None else time.total_seconds() / 86_400 for what, time in kept.items()},
        objects=done.objects,
        size_bytes=done.size_bytes,
        postponed=done.postponed,
        due=due[:limit],
        more=max(0, len(due) - limit),
    )


def _require_known(here: Context, media_id: str) -> None:
    """Raise ``Refused`` where neither list, chain nor the list of what is forgotten ever knew the item."""
    with here.engine.connect() as connection:
        known = is_forgotten(connection, media_id) or links_of(connection, media_id)
    if not known and item_queries.item_row(here.engine, media_id) is None:
        raise not_found("Nothing was ever known of an item with this id.")


def _custody(here: Context) -> CustodySettings:
    return CustodySettings(home=here.settings.home)


def _told(plan: Plan, done: Deletion | None) -> ItemDeletion:
    return ItemDeletion(
        media_id=plan.media_id,
        dry_run=done is None,
        deleted=done is not None,
        crops=len(plan.crops),
        size_bytes=sum(found.size_bytes for found in plan.crops),
        cached=len(plan.cached),
        media=plan.media is not None,
        rows=plan.rows,
        record=done.record if done else None,
        topics=done.topics if done else None,
        left=done.left if done else (),
    )
