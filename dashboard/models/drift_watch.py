"""A read model in; regular looks at its latest verdicts, which begin and end alarms, while the context lasts, out."""

import threading
import time
from types import TracebackType

import structlog
from sqlalchemy import Engine, func, select
from sqlalchemy.exc import SQLAlchemyError

from dashboard.models.alarm_book import AlarmBook
from dashboard.models.drift_alarms import FEWEST, raised_now
from dashboard.models.recent_verdicts import recent_verdicts
from dashboard.read_tables import reviews, sequence
from dashboard.reviews import reviewed_among

EVERY_S = 300.0
# At most so many items on each side: the choice that the page offers first. It also bounds the work of a look.
SIZE = 250
_LONGEST_WAIT_S = 10.0
_log = structlog.get_logger()


class DriftWatch:
    """Looks each five minutes, in a daemon thread, if anything has changed since the last look."""

    def __init__(self, engine: Engine, *, every_s: float = EVERY_S) -> None:
        self._engine, self._every_s = engine, every_s
        self._seen: tuple[int, int] | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="drift-watch", daemon=True)

    def __enter__(self) -> "DriftWatch":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, why: BaseException | None, tb: TracebackType | None) -> None:
        self._ended.set()
        self._thread.join(_LONGEST_WAIT_S)

    def _watch(self) -> None:
        while not self._ended.wait(self._every_s):
            try:
                self.look(now_s=time.time())
            except SQLAlchemyError as why:
                # The alarms then stay as they were; the next look may succeed.
                _log.warning("drift_not_looked_at", why=f"{type(why).__name__}: {why}")

    def look(self, *, now_s: float) -> bool:
        """Look once; whether there was something new and enough to compare."""
        news = self._news()
        if news == self._seen:
            return False
        verdicts = recent_verdicts(self._engine, most=2 * SIZE)
        self._seen = news
        size = min(SIZE, len(verdicts) // 2)
        # Too few items say nothing, neither that an alarm holds nor that it has ended.
        if size < FEWEST:
            return False
        now, before = verdicts[:size], verdicts[size:]
        reviewed = reviewed_among(self._engine, [verdict.media_id for verdict in verdicts])
        AlarmBook(self._engine).update(raised_now(now, before, reviewed), now_s=now_s)
        return True

    def _news(self) -> tuple[int, int]:
        """What grows with every change of an item and with every review."""
        with self._engine.connect() as connection:
            changes = connection.scalar(select(sequence.c.value)) or 0
            return changes, connection.scalar(select(func.count()).select_from(reviews)) or 0
