"""A probe in; whether the server lives, can work, and what it counted out; open to everybody who can reach it."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from dashboard import item_queries
from dashboard.api.callers import Here, Viewer
from ingest.telemetry import registry

router = APIRouter(tags=["health"])


@router.get("/healthz", response_class=PlainTextResponse)
def live() -> str:
    """The process answers."""
    return "live\n"


@router.get("/readyz", response_class=PlainTextResponse)
def ready(request: Request, here: Here) -> str:
    """The read model answers too; 503 where it does not."""
    item_queries.last_change(here.engine)
    return "ready\n"


@router.get("/metrics", response_class=PlainTextResponse)
def metrics(_: Viewer) -> Response:
    """The counters of this process for Prometheus."""
    return Response(generate_latest(registry()), media_type=CONTENT_TYPE_LATEST)
