"""A target, a number of inputs and a seed in; counts per outcome and whatever was found out."""

import signal
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

from tests.fuzz.targets import Died, TookTooLong, opened

MOST_FOUND = 20


@dataclass(frozen=True)
class Found:
    """An input on which something happened that may not."""

    target: str
    number: int
    data: bytes
    what: str


@dataclass
class Tally:
    """What became of the inputs of one target."""

    inputs: int = 0
    seconds: float = 0.0
    outcomes: Counter[str] = field(default_factory=Counter)
    found: list[Found] = field(default_factory=list)


def fuzz(name: str, inputs: int, seed: int) -> Tally:
    """Try ``inputs`` inputs, or fewer where ``MOST_FOUND`` of them have shown something."""
    tally = Tally()
    began_s = time.monotonic()
    with opened(name, seed) as target:
        for number in range(inputs):
            data, attempt = target.take()
            outcome, what = tried(attempt, target.longest_s)
            tally.inputs += 1
            tally.outcomes[outcome] += 1
            if tally.outcomes[outcome] == 1:
                target.keep(data)
            if what:
                tally.found.append(Found(name, number, data, what))
                if len(tally.found) == MOST_FOUND:
                    break
    tally.seconds = time.monotonic() - began_s
    return tally


def tried(attempt: Callable[[], str], longest_s: float) -> tuple[str, str | None]:
    """The outcome, and what happened where that may not."""
    try:
        with _at_most(longest_s):
            return attempt(), None
    except TookTooLong as why:
        return "HANG", f"no answer in time: {why}"
    except Died as why:
        return "CRASH", str(why)
    except Exception as why:  # exactly these are looked for
        return f"UNTYPED {type(why).__name__}", traceback.format_exc(limit=-8)


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    def stop(number: int, frame: FrameType | None) -> None:
        raise TookTooLong(f"{seconds:.0f} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
