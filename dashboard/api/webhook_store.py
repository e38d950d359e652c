"""Webhooks, verdict events and outcomes of tries in; what is due, what was done, and who may deliver out."""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from contracts.vocabulary import Lifecycle, Verdict
from dashboard.api.answers import event_of
from dashboard.api.webhook_signing import new_secret
from dashboard.api.webhook_tables import deliveries, lease, tries, webhooks
from dashboard.item_queries import Row, last_change
from dashboard.read_tables import sequence
from dashboard.verdict_events import Wanted, read_events

PENDING, DELIVERED, DEAD = "pending", "delivered", "dead"
TYPE = "verdict.event"
_AT_ONCE = 200


@dataclass(frozen=True, kw_only=True)
class Wish:
    """Who wants to be told of what."""

    url: str
    description: str
    lifecycles: Sequence[Lifecycle]
    verdicts: Sequence[Verdict]
    after: int | None = None


@dataclass(frozen=True, kw_only=True)
class Try:
    """One try of a delivery: ``status`` is the receiver's, nothing where nobody answered."""

    at_s: float
    elapsed_ms: float
    status: int | None
    detail: str

    @property
    def is_success(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class WebhookStore:
    """The tables of webhooks."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, wish: Wish, *, who: str, now_s: float) -> Row:
        """Register a webhook; its row with the secret leaves."""
        reached = last_change(self._engine) if wish.after is None else wish.after
        row = {
            "webhook_id": secrets.token_hex(8),
            "url": wish.url,
            "secret": new_secret(),
            "description": wish.description,
            "lifecycles": " ".join(wish.lifecycles),
            "verdicts": " ".join(wish.verdicts),
            "active": True,
            "created_by": who,
            "created_at_s": now_s,
            "reached": reached,
        }
        with self._engine.begin() as connection:
            connection.execute(insert(webhooks).values(**row))
        return row

    def every(self) -> list[Row]:
        """All webhooks, oldest first."""
        with self._engine.connect() as connection:
            asked = select(webhooks).order_by(webhooks.c.created_at_s, webhooks.c.webhook_id)
            return [dict(row) for row in connection.execute(asked).mappings()]

    def one(self, webhook_id: str) -> Row | None:
        """One webhook."""
        with self._engine.connect() as connection:
            row = connection.execute(select(webhooks).where(webhooks.c.webhook_id == webhook_id)).mappings().first()
        return dict(row) if row else None

    def change(self, webhook_id: str, **values: Any) -> None:
        """Set columns of a webhook."""
        with self._engine.begin() as connection:
            connection.execute(update(webhooks).where(webhooks.c.webhook_id == webhook_id).values(**values))

    def remove(self, webhook_id: str) -> None:
        """Forget a webhook with its log."""
        own = select(deliveries.c.delivery_id).where(deliveries.c.webhook_id == webhook_id)
        with self._engine.begin() as connection:
            connection.execute(delete(tries).where(tries.c.delivery_id.in_(own)))
            connection.execute(delete(deliveries).where(deliveries.c.webhook_id == webhook_id))
            connection.execute(delete(webhooks).where(webhooks.c.webhook_id == webhook_id))

    def queue_new_events(self, webhook: Row, *, now_s: float) -> int:
        """Put the events since the last look into the queue, each once; how many were looked at leaves.

        The queue grows and the place moves on in one transaction: after a crash nothing is missing and nothing double.
        """
        with self._engine.begin() as connection:
            known = connection.scalar(select(sequence.c.value)) or 0
            # A lower number is a read model that was filled anew: everything comes again, what was told is known.
            reached = webhook["reached"] if webhook["reached"] <= known else 0
            rows = read_events(connection, reached, limit=_AT_ONCE)
            for row in rows:
                if _wanted(webhook).holds(row):
                    _queue(connection, webhook["webhook_id"], row, now_s)
            end = rows[-1]["change"] if rows else reached
            if end != webhook["reached"]:
                here = webhooks.c.webhook_id == webhook["webhook_id"]
                connection.execute(update(webhooks).where(here).values(reached=end))
        return len(rows)

    def due(self, webhook_id: str, *, now_s: float, limit: int) -> list[Row]:
        """Deliveries that are to be tried now, those of the earliest events first."""
        asked = select(deliveries).where(
            deliveries.c.webhook_id == webhook_id, deliveries.c.state == PENDING, deliveries.c.next_try_at_s <= now_s
        )
        with self._engine.connect() as connection:
            rows = connection.execute(asked.order_by(deliveries.c.change).limit(limit)).mappings()
            return [dict(row) for row in rows]

    def note(self, delivery: Row, tried: Try, *, next_s: float | None) -> str:
        """Write a try down; without a next one a failed delivery is dead. Its state leaves."""
        state = DELIVERED if tried.is_success else PENDING if next_s is not None else DEAD
        number = delivery["tries"] + 1
        done = {
            "state": state,
            "tries": number,
            "next_try_at_s": next_s if state == PENDING else None,
            "finished_at_s": tried.at_s if state != PENDING else None,
            "last_status": tried.status,
            "last_detail": tried.detail,
        }
        with self._engine.begin() as connection:
            here = deliveries.c.delivery_id == delivery["delivery_id"]
            connection.execute(update(deliveries).where(here).values(**done))
            connection.execute(insert(tries).values(delivery_id=delivery["delivery_id"], number=number, **vars(tried)))
        return state

    def replay(self, webhook_id: str, delivery_ids: Sequence[str] | None, *, now_s: float) -> int:
        """Try deliveries again from now on, the dead ones where none are named; how many they are leaves."""
        which = deliveries.c.state == DEAD if delivery_ids is None else deliveries.c.delivery_id.in_(list(delivery_ids))
        again = update(deliveries).where(deliveries.c.webhook_id == webhook_id, which)
        with self._engine.begin() as connection:
            done = connection.execute(again.values(state=PENDING, next_try_at_s=now_s, finished_at_s=None))
        return done.rowcount

    def log(self, webhook_id: str, *, state: str | None, before: tuple[float, str] | None, limit: int) -> list[Row]:
        """Deliveries of a webhook, newest first, ``before`` a place in this order."""
        wanted = [deliveries.c.webhook_id == webhook_id]
        if state:
            wanted.append(deliveries.c.state == state)
        if before:
            at, name = deliveries.c.created_at_s, deliveries.c.delivery_id
            wanted.append((at < before[0]) | ((at == before[0]) & (name < before[1])))
        newest = (deliveries.c.created_at_s.desc(), deliveries.c.delivery_id.desc())
        with self._engine.connect() as connection:
            rows = connection.execute(select(deliveries).where(*wanted).order_by(*newest).limit(limit)).mappings()
            return [dict(row) for row in rows]

    def delivery(self, webhook_id: str, delivery_id: str) -> tuple[Row, list[Row]] | None:
        """One delivery and its tries."""
        with self._engine.connect() as connection:
            here = (deliveries.c.webhook_id == webhook_id, deliveries.c.delivery_id == delivery_id)
            row = connection.execute(select(deliveries).where(*here)).mappings().first()
            asked = select(tries).where(tries.c.delivery_id == delivery_id).order_by(tries.c.number)
            every = [dict(one) for one in connection.execute(asked).mappings()]
        return None if row is None else (dict(row), list[Row](every))

    def forget_finished(self, *, before_s: float) -> None:
        """Drop the log of deliveries that ended before then."""
        old = select(deliveries.c.delivery_id).where(
            deliveries.c.state.in_([DELIVERED, DEAD]), deliveries.c.finished_at_s < before_s
        )
        with self._engine.begin() as connection:
            connection.execute(delete(tries).where(tries.c.delivery_id.in_(old)))
            connection.execute(delete(deliveries).where(deliveries.c.delivery_id.in_(old)))

    def may_deliver(self, holder: str, *, now_s: float, for_s: float) -> bool:
        """Whether ``holder`` is the one that delivers, for so long; it is told again each time it asks."""
        mine = (lease.c.holder == holder) | (lease.c.until_s < now_s)
        with self._engine.begin() as connection:
            taken = connection.execute(update(lease).where(mine).values(holder=holder, until_s=now_s + for_s))
            if taken.rowcount:
                return True
            if connection.execute(select(lease.c.id)).first() is not None:
                return False
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(lease).values(id=1, holder=holder, until_s=now_s + for_s))
        except IntegrityError:
            return False  # another one was faster
        return True

    def let_go(self, holder: str) -> None:
        """Deliver no more, so that another one may at once."""
        with self._engine.begin() as connection:
            connection.execute(update(lease).where(lease.c.holder == holder).values(until_s=0.0))


def _wanted(webhook: Row) -> Wanted:
    return Wanted(
        lifecycles=[Lifecycle(word) for word in webhook["lifecycles"].split()],
        verdicts=[Verdict(word) for word in webhook["verdicts"].split()],
    )


def _queue(connection: Connection, webhook_id: str, row: Row, now_s: float) -> None:
    # The same event to the same receiver has the same id for ever: a second one is no second delivery.
    delivery_id = f"{webhook_id}-{row['event_id'][:40]}"
    if connection.execute(select(deliveries.c.state).where(deliveries.c.delivery_id == delivery_id)).first():
        return
    event = event_of(row).model_dump(mode="json")
    said = {"type": TYPE, "timestamp": event["produced_at"], "data": event}
    connection.execute(
        insert(deliveries).values(
            delivery_id=delivery_id,
            webhook_id=webhook_id,
            change=row["change"],
            event_id=row["event_id"],
            body=json.dumps(said, ensure_ascii=False, separators=(",", ":")),
            state=PENDING,
            tries=0,
            next_try_at_s=now_s,
            created_at_s=now_s,
        )
    )
