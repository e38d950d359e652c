"""A seed, a number of items and of faults in; a deployment that went through all of them, and the report on it, out."""

import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from random import Random

from contracts.vocabulary import Lifecycle
from tests.chaos.deployment import ChaosDeployment
from tests.chaos.faults import Fault, Ground, Hit, every_kind
from tests.chaos.feed import Feed
from tests.chaos.report import FaultResult, Report
from tests.chaos.watch import Watch

_RECOVERY_S = 120.0
_DRAIN_S = 120.0
_SETTLE_S = 4.0
_MOST_OPEN = 20


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is done: ``items`` uploads at least, ``rate`` a second, and ``faults`` one after the other."""

    seed: int
    items: int
    faults: Sequence[Fault]
    rate: float
    within_s: float
    seconds: float = 3600.0

    @classmethod
    def of(cls, *, seed: int, items: int, faults: int, minutes: float, within_s: float = 15.0) -> "Plan":
        """Uploads that last for most of the time; killed workers are promised to be replaced ``within_s``.

        After ``minutes`` no further fault is begun.
        """
        kinds = every_kind(Random(seed), faults)
        rate = items / max(30.0, 48.0 * minutes)
        return cls(seed=seed, items=items, faults=kinds, rate=rate, within_s=within_s, seconds=60.0 * minutes)


class ChaosRun:
    """One deployment going through a plan; ``tell`` hears a line for each fault."""

    def __init__(self, deployment: ChaosDeployment, plan: Plan, tell: Callable[[str], None]) -> None:
        self._deployment = deployment
        self._plan = plan
        self._tell = tell
        self._random = Random(plan.seed)
        self._watch = Watch(deployment.kafka)
        self._open_now = 0
        self._feed = Feed(
            deployment.bucket, seed=plan.seed, rate=plan.rate, enough=lambda: self._open_now >= _MOST_OPEN
        )
        self._known: set[str] = set()
        self._progress_s: list[float] = []
        self._reached = -1
        self._flights: dict[int, set[str]] = {}

    def go(self) -> Report:
        """Everything in order; the report leaves, whatever it says."""
        began_s = time.time()
        with closing(self._watch):
            self._feed.start()
            try:
                self._wait_for_first_end()
                results = list(self._suffer_all(began_s))
            finally:
                self._feed.end()
            while len(self._feed.placed) < self._plan.items:
                self._feed.place()
            self._drain()
            return self._report(results, began_s)

    def _suffer_all(self, began_s: float) -> Iterator[FaultResult]:
        for number, fault in enumerate(self._plan.faults, 1):
            if time.time() - began_s > self._plan.seconds:
                return
            yield self._suffer(number, fault, began_s)

    def poll(self, seconds: float) -> None:
        """Keep watching for so long."""
        until_s = time.time() + seconds
        while (left_s := until_s - time.time()) > 0:
            self._look()
            time.sleep(min(0.05, max(0.0, left_s)))

    def _wait_for_first_end(self) -> None:
        give_up_s = time.time() + _RECOVERY_S
        while not self._watch.finals:
            self._look()
            if time.time() > give_up_s:
                raise TimeoutError("no verdict came before the first fault")

    def _suffer(self, number: int, fault: Fault, run_began_s: float) -> FaultResult:
        self._wait_until_whole()
        self.poll(self._random.uniform(0.2, 2.0))
        began_s = time.time()
        promised_s = self._plan.within_s if fault.is_loss_of_a_worker else None
        result = FaultResult(number, fault.name, began_s - run_began_s, within_s=promised_s, load=os.getloadavg()[0])
        open_before = self._open()
        hit = fault.act(Ground(self._deployment, self._watch, self._random, self.poll))
        give_up_s = time.time() + _RECOVERY_S
        waiting = list(hit.stages)
        while waiting and time.time() < give_up_s:
            self._look()
            for stage in list(waiting):
                if (seconds := self._recovery_s(stage, hit)) is not None:
                    result.recovered_s[stage] = seconds
                    waiting.remove(stage)
        result.never = tuple(waiting)
        result.passed_over = self._watch.passed_over()
        result.in_flight = len(open_before | self._open())
        self._flights[number] = open_before | self._open()
        longest = "never" if waiting else f"{result.longest_s:.1f} s"
        self._tell(f"{number:>3} {fault.name}: recovered {longest} {result.recovered_s} {result.complaints or ''}")
        return result

    def _wait_until_whole(self) -> None:
        """Every stage is up again: the next fault is to be a fault of its own."""
        give_up_s = time.time() + _RECOVERY_S
        while not self._deployment.all_ready():
            self.poll(0.2)
            if time.time() > give_up_s:
                raise TimeoutError(f"not every stage came back: {self._deployment.restarts()}")

    def _look(self) -> None:
        self._watch.read()
        for placed in list(self._feed.placed.values()):
            if placed.media_id not in self._known:
                self._known.add(placed.media_id)
                self._watch.flows["ingest"].arrive(0, placed.at_s, (placed.media_id,))
        self._open_now = len(self._open())
        reached = self._read_model("SELECT coalesce(sum(next_offset), 0) FROM positions")
        if reached and reached[0][0] != self._reached:
            self._reached = reached[0][0]
            self._progress_s.append(time.time())

    def _recovery_s(self, stage: str, hit: Hit) -> float | None:
        if stage == "project":
            later = (one for one in self._progress_s if one > hit.since_s)
            return None if (first := next(later, None)) is None else first - hit.since_s
        return self._watch.flows[stage].recovery_s(hit.since_s, everywhere=hit.everywhere)

    def _open(self) -> set[str]:
        ended = self._watch.finals.keys() | {one["media_id"] for one in self._watch.letters.values()}
        return set(self._feed.placed) - ended

    def _drain(self) -> None:
        """Wait until every item has ended, as long as any still does."""
        left, give_up_s = len(self._open()), time.time() + _DRAIN_S
        while left and time.time() < give_up_s:
            self._look()
            if len(self._open()) < left:
                left, give_up_s = len(self._open()), time.time() + _DRAIN_S
        self.poll(_SETTLE_S)
        self._watch.catch_up()
        give_up_s = time.time() + _DRAIN_S
        while self._not_shown() and time.time() < give_up_s:
            self.poll(0.5)

    def _not_shown(self) -> list[str]:
        shown = dict(self._read_model("SELECT media_id, lifecycle FROM items"))
        ended = self._watch.finals.keys() & self._feed.placed.keys()
        return sorted(one for one in ended if shown.get(one) != Lifecycle.FINAL)

    def _read_model(self, question: str) -> list[tuple]:
        try:
            with closing(sqlite3.connect(f"file:{self._deployment.read_model}?mode=ro", uri=True, timeout=0.2)) as one:
                return one.execute(question).fetchall()
        except sqlite3.Error:
            return []

    def _report(self, results: Sequence[FaultResult], began_s: float) -> Report:
        finals, placed = self._watch.finals, self._feed.placed
        lettered = {one["media_id"] for one in self._watch.letters.values()}
        lost, doubled = sorted(self._open()), sorted(one for one, events in finals.items() if len(events) > 1)
        for result in results:
            flight = self._flights[result.number]
            result.lost, result.doubled = len(flight & set(lost)), len(flight & set(doubled))
        return Report(
            seed=self._plan.seed,
            items=len(placed),
            took_s=time.time() - began_s,
            faults=results,
            not_done=len(self._plan.faults) - len(results),
            lost=[placed[one].key for one in lost],
            doubled=[placed[one].key if one in placed else one for one in doubled],
            both=sorted(finals.keys() & lettered),
            late=sorted(self._watch.late),
            repeated=sum(sum(events.values()) - len(events) for events in finals.values()),
            unparked=self._watch.unparked(),
            not_shown=self._not_shown(),
            passed_over=self._watch.passed_over(),
            restarts=self._deployment.restarts(),
        )


def run(folder: Path, plan: Plan, tell: Callable[[str], None]) -> Report:
    """A deployment below ``folder`` goes through ``plan``; every process is stopped afterwards."""
    with ChaosDeployment(folder) as deployment:
        return ChaosRun(deployment, plan, tell).go()
