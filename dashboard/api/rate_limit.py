"""Requests of named callers in; whether one may pass, or how long it has to wait, out."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

_MOST_CALLERS = 10_000


class RateLimit:
    """A bucket of tokens per caller: ``per_minute`` on average, as many at once; 0 lets everything pass."""

    def __init__(self, per_minute: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait_s(self, caller: str) -> float:
        """Take a token: 0 if there was one, else the seconds until there is one again."""
        if not self._per_minute:
            return 0.0
        with self._lock:
            now_s = self._clock()
            tokens, at_s = self._left.pop(caller, (float(self._per_minute), now_s))
            tokens = min(float(self._per_minute), tokens + (now_s - at_s) * self._per_minute / 60.0)
            passes = tokens >= 1.0
            self._left[caller] = (tokens - 1.0 if passes else tokens, now_s)
            if len(self._left) > _MOST_CALLERS:
                self._left.popitem(last=False)
            return 0.0 if passes else (1.0 - tokens) * 60.0 / self._per_minute
