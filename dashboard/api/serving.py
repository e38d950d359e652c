"""Settings in; a web server of the API until it is told to stop out."""

import uvicorn

from dashboard.access import KeyStore
from dashboard.api.app import create_app
from dashboard.api.dead_letters import Settle
from dashboard.api.settings import ApiSettings
from dashboard.read_model import open_engine, url_of
from ingest.telemetry import health_page

_DRAIN_S = 10


class NobodyCouldComeIn(Exception):
    """The server would listen where others can reach it and has no key that lets anybody in."""


class _Server(uvicorn.Server):
    """Ends the live streams when it is asked to stop: they would otherwise keep it from ending."""

    def handle_exit(self, sig: int, frame: object) -> None:
        for stop in list(self.config.app.state.stops):  # type: ignore[union-attr]
            stop.set()
        super().handle_exit(sig, frame)  # type: ignore[arg-type]


def serve(settings: ApiSettings, *, settle: Settle | None = None) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises:
        NobodyCouldComeIn: the address is not loopback and there is no API key.
    """
    if not settings.is_loopback and not _has_keys(settings):
        raise NobodyCouldComeIn(
            f"The API would listen on {settings.api_address}, which others can reach, and there is no API key. "
            "Make one first, or let it listen on 127.0.0.1."
        )
    server = server_of(settings, settle=settle)
    with health_page(settings, lambda: server.started):
        server.run()


def server_of(settings: ApiSettings, *, settle: Settle | None = None) -> uvicorn.Server:
    """The server, not started yet."""
    config = uvicorn.Config(
        create_app(settings, settle=settle),
        host=settings.api_address,
        port=settings.api_port,
        log_config=None,
        access_log=False,
        server_header=False,
        # Who is asking is the peer itself: nobody's header may say otherwise.
        proxy_headers=False,
        timeout_graceful_shutdown=_DRAIN_S,
        timeout_keep_alive=15,
    )
    return _Server(config)


def _has_keys(settings: ApiSettings) -> bool:
    engine = open_engine(url_of(settings))
    try:
        return KeyStore(engine).any_in_use()
    finally:
        engine.dispose()
