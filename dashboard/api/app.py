"""Settings in; the HTTP application out: every route, who may use it, and what it needs while it runs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import HTMLResponse

from dashboard import item_queries
from dashboard.api import (
    catalogue,
    custody,
    dead_letters,
    described,
    drift_alarms,
    evidence,
    health,
    heat_maps,
    items,
    pipeline,
    problems,
    stream,
    submissions,
    webhooks,
)
from dashboard.api.body_limit import BodyLimit
from dashboard.api.change_watch import ChangeWatch
from dashboard.api.context import Context
from dashboard.api.dead_letters import Settle
from dashboard.api.request_ids import HEADER, RequestNumbers
from dashboard.api.settings import ApiSettings
from dashboard.api.webhook_store import WebhookStore
from dashboard.api.webhook_worker import WebhookWorker

_ABOUT = (
    "Submit media, ask for verdicts, follow them live. The same read model as the pages; every number is that of the "
    "verdict event on its topic."
)
_ROUTERS = (
    submissions,
    items,
    evidence,
    heat_maps,
    stream,
    catalogue,
    pipeline,
    drift_alarms,
    dead_letters,
    custody,
    webhooks,
    health,
)
_STREAMED = frozenset({"/v1/submissions/file"})


def create_app(settings: ApiSettings, *, settle: Settle | None = None, deliver: bool = True) -> FastAPI:
    """The application. ``settle`` replays or drops a dead letter; with ``deliver`` this server sends webhooks too."""

    @asynccontextmanager
    async def running(app: FastAPI) -> AsyncIterator[None]:
        here: Context = app.state.context
        app.state.changes = ChangeWatch(lambda: item_queries.last_change(here.engine))
        worker = WebhookWorker(WebhookStore(here.engine), settings) if deliver else None
        if worker:
            worker.start()
        yield
        await app.state.changes.close()
        if worker:
            worker.stop()
        here.close()

    app = FastAPI(
        title="Telltale API",
        version=version("telltale"),
        description=_ABOUT,
        lifespan=running,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.context = Context.open(settings)
    app.state.settle = settle
    app.state.streams, app.state.stops = 0, set()
    _add_routes(app)
    _add_layers(app, settings)
    return app


def _add_routes(app: FastAPI) -> None:
    problems.register(app)
    for part in _ROUTERS:
        app.include_router(part.router)
    app.openapi = lambda: described.document_of(app)

    @app.get("/docs", include_in_schema=False)
    def page() -> HTMLResponse:
        return HTMLResponse(described.page_of(app.openapi()))


def _add_layers(app: FastAPI, settings: ApiSettings) -> None:
    app.add_middleware(BodyLimit, streamed=_STREAMED)
    if settings.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.origins),
            allow_methods=["GET", "POST", "PATCH", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "If-None-Match", "Last-Event-ID", HEADER],
            expose_headers=["ETag", HEADER, "Retry-After"],
        )
    app.add_middleware(RequestNumbers)
