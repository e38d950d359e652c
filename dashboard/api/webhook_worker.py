"""Webhooks and new verdict events in; signed deliveries out, tried again with growing pauses until they are dead."""

import random
import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import structlog
from sqlalchemy.exc import SQLAlchemyError

from dashboard.api import outbound
from dashboard.api.settings import ApiSettings
from dashboard.api.webhook_signing import signed_headers
from dashboard.api.webhook_store import Try, WebhookStore
from dashboard.item_queries import Row
from ingest.telemetry import metric

LOOK_EVERY_S = 1.0
_PAUSES_S = (5.0, 30.0, 120.0, 600.0, 1800.0, 3600.0, 3 * 3600.0, 6 * 3600.0)
_AT_ONCE = 4
_RECEIVERS_TOGETHER = 4
_LEASE_S = 60.0
_CLEAN_EVERY_S = 3600.0
_DAY_S = 24 * 3600.0
_OWN_CHANCE = random.Random()
_log = structlog.get_logger()


def pause_s(tries: int, *, spread: Callable[[], float] = _OWN_CHANCE.random) -> float:
    """The wait after so many failed tries, up to a tenth longer, so that not all come back in one moment."""
    return _PAUSES_S[min(tries, len(_PAUSES_S)) - 1] * (1.0 + 0.1 * spread())


class WebhookWorker:
    """One thread that delivers for all webhooks; of several servers only the holder of the lease does.

    A delivery is written down before it is sent and its outcome after: whatever ends the process in between is told
    again, under the same id.
    """

    def __init__(
        self,
        store: WebhookStore,
        settings: ApiSettings,
        *,
        clock: Callable[[], float] = time.time,
        pause: Callable[[int], float] = pause_s,
    ) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock
        self._pause = pause
        self._name = secrets.token_hex(8)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)
        self._next_clean_s = 0.0

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Finish the tries in hand and let another worker go on."""
        self._stop.set()
        self._thread.join(timeout=self._settings.webhook_timeout_s + 5.0)

    def step(self) -> int:
        """Queue what is new and try what is due; how many tries there were leaves."""
        now_s = self._clock()
        if not self._store.may_deliver(self._name, now_s=now_s, for_s=_LEASE_S):
            return 0
        if now_s >= self._next_clean_s:
            self._store.forget_finished(before_s=now_s - self._settings.webhook_kept_days * _DAY_S)
            self._next_clean_s = now_s + _CLEAN_EVERY_S
        active = [webhook for webhook in self._store.every() if webhook["active"]]
        for webhook in active:
            self._store.queue_new_events(webhook, now_s=now_s)
        with ThreadPoolExecutor(_RECEIVERS_TOGETHER, thread_name_prefix="webhook") as pool:
            return sum(pool.map(self._deliver_to, active))

    def _deliver_to(self, webhook: Row) -> int:
        due = self._store.due(webhook["webhook_id"], now_s=self._clock(), limit=_AT_ONCE)
        for delivery in due:
            self._deliver(webhook, delivery)
        return len(due)

    def _deliver(self, webhook: Row, delivery: Row) -> None:
        tried = self._try(webhook, delivery)
        number = delivery["tries"] + 1
        next_s = None if number >= self._settings.webhook_attempts else self._clock() + self._pause(number)
        state = self._store.note(delivery, tried, next_s=None if tried.is_success else next_s)
        metric("telltale_events_total").labels(stage="webhooks", outcome=state).inc()
        if not tried.is_success:
            place = {"webhook_id": webhook["webhook_id"], "delivery_id": delivery["delivery_id"]}
            _log.warning("webhook_failed", why=tried.detail, number=number, state=state, **place)

    def _try(self, webhook: Row, delivery: Row) -> Try:
        began_s, began = self._clock(), time.monotonic()
        body = delivery["body"].encode()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "telltale-webhooks",
            **signed_headers(webhook["secret"], delivery["delivery_id"], body, now_s=began_s),
        }
        status, detail = self._post(webhook["url"], body, headers)
        return Try(at_s=began_s, elapsed_ms=(time.monotonic() - began) * 1e3, status=status, detail=detail)

    def _post(self, url: str, body: bytes, headers: dict[str, str]) -> tuple[int | None, str]:
        limit_s, private = self._settings.webhook_timeout_s, self._settings.webhook_private_targets
        try:
            answer = outbound.post(url, body, headers, timeout_s=limit_s, private=private)
        except outbound.ForbiddenTarget as why:
            return None, str(why)
        except (OSError, httpx.HTTPError, httpx.InvalidURL) as why:
            return None, f"Nobody answered: {type(why).__name__}."
        # What the receiver writes is not kept: it could be anything, and its log is the place for it.
        return answer.status, f"Answered {answer.status}."

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                busy = self.step() > 0
            except SQLAlchemyError as why:
                busy = False
                _log.warning("webhooks_wait", why=f"{type(why).__name__}: {why}")
            if not busy:
                self._stop.wait(LOOK_EVERY_S)
        try:
            self._store.let_go(self._name)
        except SQLAlchemyError:
            _log.warning("webhook_lease_kept")
