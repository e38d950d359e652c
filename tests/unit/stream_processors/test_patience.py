"""Work that cannot be done now is tried again; work that is poison is not; a stop ends the wait."""

import pytest

from contracts.errors import NotNow, PoisonMessage
from stream_processors.patience import Stopping, with_patience


class Sleeper:
    """Sleeps without waiting and asks for a stop after ``most`` pauses."""

    def __init__(self, most: int = 100) -> None:
        self.pauses_s: list[float] = []
        self._most = most

    @property
    def should_stop(self) -> bool:
        return len(self.pauses_s) >= self._most

    async def sleep(self, n: float) -> None:
        self.pauses_s.append(n)


def failing(times: int):
    calls = iter(range(times))

    async def work() -> str:
        if next(calls, None) is not None:
            raise NotNow("the store is away")
        return "done"

    return work


async def test_it_tries_until_the_work_is_done_with_growing_pauses():
    sleeper = Sleeper()
    assert await with_patience(failing(8), sleeper, first_s=1.0, longest_s=10.0) == "done"
    assert len(sleeper.pauses_s) == 8
    assert sleeper.pauses_s[0] == pytest.approx(1.0, rel=0.21)
    assert sleeper.pauses_s[-1] == pytest.approx(10.0, rel=0.21)


async def test_a_stop_leaves_the_work_undone():
    with pytest.raises(Stopping):
        await with_patience(failing(100), Sleeper(most=3))


async def test_other_failures_are_not_tried_again():
    sleeper = Sleeper()

    async def work() -> None:
        raise PoisonMessage("never")

    with pytest.raises(PoisonMessage):
        await with_patience(work, sleeper)
    assert sleeper.pauses_s == []
