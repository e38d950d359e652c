"""A deployment in; the real Streamlit server on a free port out, and a real Chromium to look at it."""

import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which

from playwright.sync_api import Browser, sync_playwright

from dashboard.look import STREAMLIT_FLAGS
from telltale.child_process import start_child, stop_child
from telltale.local_kafka import free_port
from tests.support.parts import BROWSERS, ROOT
from tests.support.read_models import Deployment

_CHROMIUM_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_START_TIMEOUT_S = 60.0
PATIENCE_MS = 45_000
BROKEN_WORDS = (
    "Traceback",
    "StreamlitAPIException",
    "This part of the page could not be drawn",
    "Error running app",
)


@contextmanager
def a_dashboard(deployment: Deployment, **more: str) -> Iterator[str]:
    """The address of a server that shows ``deployment``; it ends with the block. ``more`` are variables."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    argv = [sys.executable, "-m", "streamlit", "run", str(ROOT / "dashboard" / "home.py"), *STREAMLIT_FLAGS]
    log = deployment.home / "dashboard.log"
    environment = {**os.environ, **deployment.environment, "PYTHONPATH": str(ROOT), **more}
    child = start_child([*argv, f"--server.port={port}"], env=environment, log=log, cwd=deployment.home)
    try:
        _await(url, log)
        yield url
    finally:
        stop_child(child, grace_s=10.0)


def _await(url: str, log: Path) -> None:
    give_up_s = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < give_up_s:
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2):
                return
        except urllib.error.HTTPError as refusal:
            refusal.close()
        except OSError:
            pass
        time.sleep(0.1)
    raise TimeoutError(f"the dashboard does not answer\n{log.read_text()[-2000:]}")


@contextmanager
def a_browser() -> Iterator[Browser]:
    """A Chromium with a fresh profile."""
    executable = next(path for path in map(which, BROWSERS) if path)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(_CHROMIUM_ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()
