"""A seeded deployment in; its API in this process, or as a real server on a free port, out."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx

from dashboard.api.dead_letters import Settle
from dashboard.api.serving import server_of
from dashboard.api.settings import ApiSettings
from tests.support.read_models import Deployment


def settings_of(deployment: Deployment, **more: Any) -> ApiSettings:
    """The settings of an API over ``deployment``; nothing of this process's environment."""
    given: dict[str, Any] = {
        "home": deployment.home,
        "bucket": str(deployment.bucket.root),
        "work_bucket": str(deployment.work.root),
        "api_port": 0,
        "api_requests_per_minute": 0,
        **more,
    }
    return ApiSettings(**given)


@contextmanager
def serving(settings: ApiSettings, *, settle: Settle | None = None) -> Iterator[str]:
    """A real server in a thread; its address leaves."""
    server = server_of(settings, settle=settle)
    # Signals belong to the main thread, which is pytest's.
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    give_up_s = time.monotonic() + 30
    while not server.started:
        if time.monotonic() > give_up_s or not thread.is_alive():
            raise TimeoutError("the server did not start")
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        for stop in list(server.config.app.state.stops):  # type: ignore[union-attr]
            stop.set()
        server.should_exit = True
        thread.join(timeout=30)


def with_key(key: str) -> Mapping[str, str]:
    """The header that presents a key."""
    return {"Authorization": f"Bearer {key}"}


def client_of(address: str, key: str | None = None) -> httpx.Client:
    """A client that talks to ``address``, with a key if there is one."""
    return httpx.Client(base_url=address, headers=dict(with_key(key)) if key else None, timeout=30)
