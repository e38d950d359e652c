"""Work as it comes and goes in; whether there has been none for long enough out."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Idleness:
    """Knows when the last piece of work ended; one that is in hand is no idleness, however long it takes.

    Args:
        limit_s: without work for this long is idle.
        clock: monotonic seconds.
    """

    def __init__(self, limit_s: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit_s = limit_s
        self._clock = clock
        self._since_s = clock()
        self._in_hand = 0

    @contextmanager
    def work(self) -> Iterator[None]:
        """Around each piece of work; several may overlap."""
        self._in_hand += 1
        try:
            yield
        finally:
            self._in_hand -= 1
            self._since_s = self._clock()

    @property
    def reached(self) -> bool:
        """Whether there has been no work for the limit."""
        return not self._in_hand and self._clock() - self._since_s >= self._limit_s
