"""Work that may have to wait in, its result out: ``NotNow`` is tried again, with growing pauses, without end."""

import random
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

import structlog

from contracts.errors import NotNow

T = TypeVar("T")
_log = structlog.get_logger()


class Stopping(Exception):
    """The worker stops while work waits: leave it unacknowledged, the next worker takes it."""


class Sleeper(Protocol):
    """A Faust app, or whatever else knows how to wait and when to stop."""

    @property
    def should_stop(self) -> bool: ...

    async def sleep(self, n: float) -> None: ...


async def with_patience(
    work: Callable[[], Awaitable[T]], sleeper: Sleeper, *, first_s: float = 0.5, longest_s: float = 30.0
) -> T:
    """Do ``work`` until it does not raise ``NotNow``; the pauses double from ``first_s`` up to ``longest_s``.

    Raises:
        Stopping: the worker is asked to stop before the work could be done.
    """
    pause_s = first_s
    while not sleeper.should_stop:
        try:
            return await work()
        except NotNow as why:
            _log.warning("waiting to try again", why=str(why), pause_s=round(pause_s, 1))
        # Spread, so that many workers do not knock on a recovering store at the same moment.
        await sleeper.sleep(pause_s * random.uniform(0.8, 1.2))
        pause_s = min(2 * pause_s, longest_s)
    raise Stopping
