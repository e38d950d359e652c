"""Operators' wishes to be told in; webhooks, their deliveries and every try out."""

import time
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from contracts.vocabulary import Lifecycle, Verdict
from dashboard.api.answers import moment
from dashboard.api.callers import Here, Operator
from dashboard.api.cursors import Cursor, Limit, cursor_of, place_of
from dashboard.api.outbound import ForbiddenTarget, address_of, checked_url
from dashboard.api.problems import not_found, unfit
from dashboard.api.webhook_store import WebhookStore, Wish
from dashboard.item_queries import Row

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])
WebhookId = Annotated[str, Path(pattern=r"^[a-f0-9]{1,32}$")]
DeliveryId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
State = Literal["pending", "delivered", "dead"]


class NewWebhook(BaseModel):
    """Where to send which verdict events; empty lists leave none out."""

    url: str = Field(min_length=8, max_length=2000)
    description: str = Field(default="", max_length=200)
    lifecycles: list[Lifecycle] = Field(default=[Lifecycle.FINAL, Lifecycle.SUPERSEDED], max_length=6)
    verdicts: list[Verdict] = Field(default=[], max_length=5)
    after: int | None = Field(default=None, ge=0, le=2**62, description="Begin behind this number; default: now.")


class Webhook(BaseModel):
    """One receiver; ``reached`` is the number of the last event that was queued for it."""

    webhook_id: str
    url: str
    description: str
    lifecycles: list[Lifecycle]
    verdicts: list[Verdict]
    active: bool
    created_by: str
    created_at: datetime
    reached: int


class WebhookWithSecret(Webhook):
    """The same at its registration: the secret that signs is told this once."""

    secret: str


class Change(BaseModel):
    """Switch a webhook off, or on again; what came meanwhile is delivered then."""

    active: bool


class Delivery(BaseModel):
    """One event for one receiver, and how far it has come."""

    delivery_id: str
    event_id: str
    change: int
    state: State
    tries: int
    created_at: datetime
    next_try_at: datetime | None
    finished_at: datetime | None
    last_status: int | None
    last_detail: str | None


class DeliveryPage(BaseModel):
    """Deliveries, newest first."""

    deliveries: list[Delivery]
    next: str | None


class Tried(BaseModel):
    """One try."""

    number: int
    at: datetime
    elapsed_ms: float
    status: int | None
    detail: str


class DeliveryWithTries(Delivery):
    """The same with its body and every try."""

    body: str
    log: list[Tried]


class Replayed(BaseModel):
    """How many deliveries are tried again."""

    deliveries: int


@router.post("", status_code=201)
def register(here: Here, who: Operator, wanted: NewWebhook) -> WebhookWithSecret:
    """Register a receiver. Its address has to be one of the public internet, unless a setting allows others."""
    try:
        address_of(checked_url(wanted.url), private=here.settings.webhook_private_targets)
    except ForbiddenTarget as why:
        raise unfit(str(why)) from why
    except OSError as why:
        raise unfit("The host of this address is not known now.") from why
    wish = Wish(
        url=wanted.url,
        description=wanted.description.replace("\0", ""),
        lifecycles=wanted.lifecycles,
        verdicts=wanted.verdicts,
        after=wanted.after,
    )
    row = WebhookStore(here.engine).add(wish, who=who.name, now_s=time.time())
    return WebhookWithSecret(**_webhook_of(row).model_dump(), secret=row["secret"])


@router.get("")
def list_webhooks(here: Here, _: Operator) -> list[Webhook]:
    """Every webhook, oldest first."""
    return [_webhook_of(row) for row in WebhookStore(here.engine).every()]


@router.get("/{webhook_id}")
def show_webhook(here: Here, _: Operator, webhook_id: WebhookId) -> Webhook:
    """One webhook."""
    return _webhook_of(_known(here, webhook_id))


@router.patch("/{webhook_id}")
def change_webhook(here: Here, _: Operator, webhook_id: WebhookId, wanted: Change) -> Webhook:
    """Switch it off or on."""
    _known(here, webhook_id)
    WebhookStore(here.engine).change(webhook_id, active=wanted.active)
    return _webhook_of(_known(here, webhook_id))


@router.delete("/{webhook_id}", status_code=204)
def remove_webhook(here: Here, _: Operator, webhook_id: WebhookId) -> None:
    """Forget a webhook and its log."""
    _known(here, webhook_id)
    WebhookStore(here.engine).remove(webhook_id)


@router.get("/{webhook_id}/deliveries")
def list_deliveries(
    here: Here,
    _: Operator,
    webhook_id: WebhookId,
    state: State | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> DeliveryPage:
    """What was sent to a webhook, is still to be sent, or is dead."""
    _known(here, webhook_id)
    place = place_of(cursor, [(int, float), str])
    before = (place[0], place[1]) if place else None
    rows = WebhookStore(here.engine).log(webhook_id, state=state, before=before, limit=limit + 1)
    shown = rows[:limit]
    end = shown[-1] if len(rows) > limit else None
    return DeliveryPage(
        deliveries=[_delivery_of(row) for row in shown],
        next=cursor_of(end["created_at_s"], end["delivery_id"]) if end else None,
    )


@router.get("/{webhook_id}/deliveries/{delivery_id}")
def show_delivery(here: Here, _: Operator, webhook_id: WebhookId, delivery_id: DeliveryId) -> DeliveryWithTries:
    """One delivery with its body and every try."""
    row, every = _known_delivery(here, webhook_id, delivery_id)
    log = [
        Tried(
            number=one["number"],
            at=moment(one["at_s"]),
            elapsed_ms=one["elapsed_ms"],
            status=one["status"],
            detail=one["detail"],
        )
        for one in every
    ]
    return DeliveryWithTries(**_delivery_of(row).model_dump(), body=row["body"], log=log)


@router.post("/{webhook_id}/deliveries/{delivery_id}/replay", status_code=202)
def replay_delivery(here: Here, _: Operator, webhook_id: WebhookId, delivery_id: DeliveryId) -> Replayed:
    """Send one delivery again, whatever became of it."""
    _known_delivery(here, webhook_id, delivery_id)
    done = WebhookStore(here.engine).replay(webhook_id, [delivery_id], now_s=time.time())
    return Replayed(deliveries=done)


@router.post("/{webhook_id}/replay", status_code=202)
def replay_dead(here: Here, _: Operator, webhook_id: WebhookId) -> Replayed:
    """Send every dead delivery of a webhook again."""
    _known(here, webhook_id)
    return Replayed(deliveries=WebhookStore(here.engine).replay(webhook_id, None, now_s=time.time()))


def _known(here: Here, webhook_id: str) -> Row:
    row = WebhookStore(here.engine).one(webhook_id)
    if row is None:
        raise not_found("No webhook has this id.")
    return row


def _known_delivery(here: Here, webhook_id: str, delivery_id: str) -> tuple[Row, list[Row]]:
    found = WebhookStore(here.engine).delivery(webhook_id, delivery_id)
    if found is None:
        raise not_found("This webhook has no such delivery.")
    return found


def _webhook_of(row: Row) -> Webhook:
    same = {name: row[name] for name in Webhook.model_fields if name in row}
    words = {name: row[name].split() for name in ("lifecycles", "verdicts")}
    return Webhook(**{**same, **words, "created_at": moment(row["created_at_s"])})


def _delivery_of(row: Row) -> Delivery:
    same = {name: row[name] for name in Delivery.model_fields if name in row}
    times = {name: row[f"{name}_s"] for name in ("created_at", "next_try_at", "finished_at")}
    moments = {name: None if at_s is None else moment(at_s) for name, at_s in times.items()}
    return Delivery.model_validate({**same, **moments})
