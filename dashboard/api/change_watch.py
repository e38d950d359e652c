"""The read model's number of changes in; everybody who waits for a higher one woken out, by one question for all."""

import asyncio
from collections.abc import Callable

import structlog
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

LOOK_EVERY_S = 0.5
_log = structlog.get_logger()


class ChangeWatch:
    """Asks for the number every half second while anybody waits, however many they are."""

    def __init__(self, last_change: Callable[[], int], *, look_every_s: float = LOOK_EVERY_S) -> None:
        self._last_change = last_change
        self._look_every_s = look_every_s
        self._grown = asyncio.Condition()
        self._waiting = 0
        self._known = 0
        self._asking: asyncio.Task[None] | None = None

    async def beyond(self, change: int, *, timeout_s: float) -> bool:
        """Wait until the number is higher than ``change``, or lower (another read model), at most ``timeout_s``."""
        self._waiting += 1
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask())
        try:
            async with asyncio.timeout(timeout_s), self._grown:
                await self._grown.wait_for(lambda: self._known != change)
        except TimeoutError:
            return False
        finally:
            self._waiting -= 1
        return True

    async def close(self) -> None:
        """Ask no more."""
        if self._asking is not None:
            self._asking.cancel()

    async def _ask(self) -> None:
        while self._waiting:
            try:
                self._known = await run_in_threadpool(self._last_change)
            except SQLAlchemyError as why:
                _log.warning("stream_waits", why=f"{type(why).__name__}: {why}")
            async with self._grown:
                self._grown.notify_all()
            await asyncio.sleep(self._look_every_s)
