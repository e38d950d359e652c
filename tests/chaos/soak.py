"""``python -m tests.chaos.soak --items 5000``: many small uploads in; how the memory of every process grows out."""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil

from tests.chaos.deployment import GROUPS, STAGES, ChaosDeployment
from tests.chaos.feed import Feed
from tests.chaos.watch import Watch

_SAMPLE_EVERY_S = 2.0
_TELL_EVERY_S = 30.0
# Enough to keep every stage busy, few enough for the watched folder to be told of in time.
_MOST_OPEN = 150
_MIB = 2**20


@dataclass
class Memory:
    """Samples of one process: items ended so far, resident MiB."""

    samples: list[tuple[int, float]] = field(default_factory=list)

    def add(self, ended: int, resident_mib: float) -> None:
        self.samples.append((ended, resident_mib))

    def slope(self, *, warm: int) -> float:
        """MiB per 1,000 items, by least squares over the samples after the first ``warm`` items."""
        late = np.array([sample for sample in self.samples if sample[0] >= warm])
        if len(late) < 3 or np.ptp(late[:, 0]) == 0:
            return float("nan")
        return float(np.polyfit(late[:, 0] / 1000.0, late[:, 1], 1)[0])

    def at(self, ended: int) -> float:
        """The median of the samples around a number of items."""
        near = sorted(self.samples, key=lambda sample: abs(sample[0] - ended))[:5]
        return float(np.median([mib for _, mib in near]))


class Soak:
    """Keeps a deployment busy until ``items`` have ended or the time is over."""

    def __init__(self, deployment: ChaosDeployment, *, items: int, minutes: float, tell: Callable[[str], None]) -> None:
        self._deployment = deployment
        self._items = items
        self._minutes = minutes
        self._tell = tell
        self._feed = Feed(deployment.bucket, seed=5, rate=1.0)
        self.watch = Watch(deployment.kafka)
        self.memory = {stage: Memory() for stage in (*STAGES, "kafka")}
        self.took_s = 0.0

    @property
    def placed(self) -> int:
        return len(self._feed.placed)

    @property
    def ended(self) -> int:
        return len(self.watch.finals.keys() & self._feed.placed.keys())

    def go(self) -> None:
        """Feed as fast as items end, then wait for the last ones."""
        began_s = time.monotonic()
        next_sample_s = next_word_s = began_s
        while self.ended < self.placed or not self._is_fed(began_s):
            while not self._is_fed(began_s) and self.placed - self.ended < _MOST_OPEN:
                self._feed.place()
            self.watch.read(wait_s=0.5)
            if (now_s := time.monotonic()) >= next_sample_s:
                self._sample()
                next_sample_s = now_s + _SAMPLE_EVERY_S
            if now_s >= next_word_s:
                self._tell(f"{now_s - began_s:6.0f} s  {self.ended} of {self.placed} items ended")
                next_word_s = now_s + _TELL_EVERY_S
            if now_s - began_s > 60 * self._minutes + 300:
                break
        self.took_s = time.monotonic() - began_s

    def lag(self) -> int:
        """Messages that no stage has committed; waits a while for the last commits."""
        give_up_s = time.monotonic() + 30.0
        while (lag := sum(map(self.watch.lag, GROUPS))) and time.monotonic() < give_up_s:
            time.sleep(1.0)
        return lag

    def _is_fed(self, began_s: float) -> bool:
        return self.placed >= self._items or time.monotonic() - began_s > 60 * self._minutes

    def _sample(self) -> None:
        ended = self.ended
        for stage in STAGES:
            self.memory[stage].add(ended, _resident_mib(self._deployment.pid(stage)))
        self.memory["kafka"].add(ended, _resident_mib(self._deployment.broker.pid))


def _resident_mib(pid: int) -> float:
    """Of the process alone: the decoding children of extraction end with their item."""
    return psutil.Process(pid).memory_info().rss / _MIB


def table(memory: dict[str, Memory], *, warm: int, ended: int) -> Sequence[str]:
    """One line a process: how much it held when warm and at the end, and how fast it grew in between."""
    head = f"{'process':10} {f'MiB at {warm}':>12} {f'MiB at {ended}':>12} {'MiB per 1,000 items':>20}"
    rows = [
        f"{name:10} {one.at(warm):12.1f} {one.at(ended):12.1f} {one.slope(warm=warm):20.2f}"
        for name, one in memory.items()
    ]
    return [head, *rows]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.soak", description=__doc__)
    parser.add_argument("--items", type=int, default=5000)
    parser.add_argument("--minutes", type=float, default=60.0, help="no more uploads after so long")
    parser.add_argument("--warm", type=float, default=0.2, help="share of the items that is not looked at")
    parser.add_argument("--most", type=float, default=8.0, help="MiB per 1,000 items that a process may grow")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="telltale-soak-") as folder:
        return _run(Path(folder), asked)


def _run(folder: Path, asked: argparse.Namespace) -> int:
    with ChaosDeployment(folder) as deployment:
        soak = Soak(deployment, items=asked.items, minutes=asked.minutes, tell=say)
        with closing(soak.watch):
            soak.go()
            lag, restarts = soak.lag(), sum(deployment.restarts().values())
    warm = round(soak.ended * asked.warm)
    for line in table(soak.memory, warm=warm, ended=soak.ended):
        say(line)
    doubled = sum(len(events) > 1 for events in soak.watch.finals.values())
    say(
        f"{soak.ended} of {soak.placed} items ended in {soak.took_s:.0f} s ({soak.ended / soak.took_s:.2f} a second), "
        f"{doubled} doubled finals, lag {lag}, {restarts} restarts"
    )
    # The broker is a Java program that fills the heap that it is given.
    grown = [stage for stage in STAGES if soak.memory[stage].slope(warm=warm) > asked.most]
    good = soak.ended == soak.placed and not (lag or restarts or doubled or grown)
    say("passed" if good else f"failed; grown: {', '.join(grown) or 'none'}")
    return 0 if good else 1


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
