"""Addresses of metrics pages in, regular looks at them in the read model out, for as long as the context lasts."""

import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from types import TracebackType

import structlog
from sqlalchemy.exc import SQLAlchemyError

from dashboard.operations.metric_pages import Look, read_page
from dashboard.operations.samples import Failure, Samples

EVERY_S = 5.0
_LONGEST_WAIT_S = 3.0
_MOST_BYTES = 4_000_000
_THIN_OUT_EVERY_S = 300.0
_log = structlog.get_logger()


class UnreadableTargets(ValueError):
    """The list of metrics pages is not of the form NAME=URL, NAME=URL."""


def targets_of(text: str) -> dict[str, str]:
    """``extract=http://127.0.0.1:9402/metrics, …`` as names and addresses. Raises ``UnreadableTargets``."""
    found: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, equals, url = part.partition("=")
        if not equals or not name.strip() or not url.strip().startswith(("http://", "https://")):
            raise UnreadableTargets(f"{part!r} is not NAME=URL with http:// or https://")
        found[name.strip()] = url.strip()
    return found


def look_at(url: str, *, clock: Callable[[], float] = time.time) -> Look | Failure:
    """One look at a page; whatever goes wrong is what was found."""
    try:
        with urllib.request.urlopen(url, timeout=_LONGEST_WAIT_S) as answer:  # noqa: S310 - http(s) only, see above
            text = answer.read(_MOST_BYTES).decode("utf-8", "replace")
        return read_page(text, clock())
    except (OSError, ValueError, urllib.error.URLError) as why:
        return Failure(clock(), f"{type(why).__name__}: {why}")


class ProcessWatch:
    """Looks at every page each five seconds, in a daemon thread."""

    def __init__(self, targets: Mapping[str, str], samples: Samples) -> None:
        self._targets, self._samples = dict(targets), samples
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="process-watch", daemon=True)

    def __enter__(self) -> "ProcessWatch":
        if self._targets:
            self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, why: BaseException | None, tb: TracebackType | None) -> None:
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(_LONGEST_WAIT_S * (len(self._targets) + 1))

    def _watch(self) -> None:
        thinned_s = time.monotonic()
        while not self._ended.wait(EVERY_S):
            try:
                self.look()
                if time.monotonic() - thinned_s > _THIN_OUT_EVERY_S:
                    self._samples.thin_out(time.time())
                    thinned_s = time.monotonic()
            except SQLAlchemyError as why:
                # The pages then say how old their data is; the next look may succeed.
                _log.warning("look_not_kept", why=f"{type(why).__name__}: {why}")

    def look(self) -> None:
        """Look once at every page."""
        for name, url in self._targets.items():
            if self._ended.is_set():
                return
            self._samples.add(name, look_at(url))
