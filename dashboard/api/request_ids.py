"""Requests in; each with a number, its time and outcome counted, and headers that keep browsers careful, out."""

import re
import secrets
import time

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ingest.telemetry import metric

HEADER = "X-Request-ID"
_FIT = re.compile(r"[A-Za-z0-9._-]{1,64}")
_CAREFUL = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def request_id_of(request: HTTPConnection) -> str:
    """The number of a request: the caller's own where it is fit, else one made here."""
    return request.scope.get("request_id", "")


class RequestNumbers:
    """The outermost layer of the application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        number = Headers(scope=scope).get(HEADER, "")
        scope["request_id"] = number if _FIT.fullmatch(number) else secrets.token_hex(8)
        began_s = time.monotonic()

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers[HEADER] = scope["request_id"]
                for name, value in _CAREFUL.items():
                    headers.setdefault(name, value)
                outcome = f"{message['status'] // 100}xx"
                metric("telltale_events_total").labels(stage="api", outcome=outcome).inc()
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=scope["request_id"]):
            await self._app(scope, receive, sent)
        metric("telltale_stage_seconds").labels(stage="api").observe(time.monotonic() - began_s)
