"""Single items in, batches out as soon as they are large or old enough; the clock is an argument."""

import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class MicroBatch(Generic[T]):
    """Collects items until their weights reach ``size`` or the first of them is ``age_s`` old."""

    def __init__(
        self,
        *,
        size: int,
        age_s: float,
        weigh: Callable[[T], int] = lambda _: 1,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._size = size
        self._age_s = age_s
        self._weigh = weigh
        self._clock = clock
        self._items: list[T] = []
        self._weight = 0
        self._opened_s = 0.0

    def add(self, item: T) -> None:
        if not self._items:
            self._opened_s = self._clock()
        self._items.append(item)
        self._weight += self._weigh(item)

    @property
    def due(self) -> bool:
        return bool(self._items) and (self._weight >= self._size or self.left_s == 0.0)

    @property
    def left_s(self) -> float | None:
        """Seconds until the batch is due by its age; nothing while it is empty."""
        if not self._items:
            return None
        return max(0.0, self._opened_s + self._age_s - self._clock())

    def take(self) -> tuple[list[T], float]:
        """The items in their order and how many seconds the first has waited; the batch is empty afterwards."""
        items, self._items, self._weight = self._items, [], 0
        return items, self._clock() - self._opened_s if items else 0.0
