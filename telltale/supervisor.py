"""Child specifications in; children out that are started, watched, restarted with back-off and stopped in order."""

import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from contracts.messages import utc_now
from telltale.child_process import end_group, start_child, terminate
from telltale.run_state import ChildState, StageStatus

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
STEADY_S = 60.0
MISSES_ALLOWED = 3
DEMAND_EVERY_S = 1.0


@dataclass(frozen=True, kw_only=True)
class ChildSpec:
    """One child: its name, its command, its environment, and a question that says whether it does its work.

    With ``wanted`` it runs only on demand: it is started when the question says yes, and left alone when it ends with
    status 0, as it does when it has had no work for a while.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    log: Path
    ready: Callable[[], bool]
    cwd: Path | None = None
    grace_s: float = 20.0
    stops_last: bool = False
    wanted: Callable[[], bool] | None = None


class Listener(Protocol):
    """Is told what happens to children, in constant words and fields."""

    def __call__(self, event: str, /, *, child: str, **fields: object) -> None: ...


@dataclass
class Child:
    """A specification and what has become of it so far."""

    spec: ChildSpec
    process: subprocess.Popen[bytes] | None = None
    state: ChildState = ChildState.STARTING
    since: datetime = field(default_factory=utc_now)
    restarts: int = 0
    failures: int = 0
    started_at_s: float = 0.0
    look_again_at_s: float = 0.0
    misses: int = 0
    detail: str | None = None

    def turn(self, state: ChildState, detail: str | None = None) -> None:
        """Note a new state and when it began."""
        self.state, self.detail, self.since = state, detail, utc_now()

    @property
    def status(self) -> StageStatus:
        return StageStatus(
            state=self.state,
            pid=self.process.pid if self.process else None,
            restarts=self.restarts,
            since=self.since,
            detail=self.detail,
            log=str(self.spec.log),
        )


def backoff_s(failures: int) -> float:
    """The pause before the next start after so many failures in a row: doubling from one second to a minute.

    >>> [backoff_s(n) for n in (1, 2, 3, 7, 50)]
    [1.0, 2.0, 4.0, 60.0, 60.0]
    """
    return min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(failures - 1, 30))


class Supervisor:
    """Keeps children running; every call comes from one thread, which must outlive the children.

    Args:
        tell: hears of every start, end and change.
        clock: monotonic seconds.
        pause_s: seconds before the next start after so many failures in a row.
    """

    def __init__(
        self,
        *,
        tell: Listener,
        clock: Callable[[], float] = time.monotonic,
        pause_s: Callable[[int], float] = backoff_s,
    ) -> None:
        self._tell = tell
        self._clock = clock
        self._pause_s = pause_s
        self._children: dict[str, Child] = {}

    def add(self, spec: ChildSpec) -> None:
        """Start a child and keep it running from now on, or from its first work on where it runs on demand."""
        self._children[spec.name] = child = Child(spec)
        if spec.wanted:
            child.turn(ChildState.COLD)
        else:
            self._start(child)

    @property
    def stages(self) -> dict[str, StageStatus]:
        """What there is to say of every child, in the order in which they were added."""
        return {name: child.status for name, child in self._children.items()}

    @property
    def ready(self) -> bool:
        """Whether every child does its work, or has none."""
        return all(child.state in (ChildState.READY, ChildState.COLD) for child in self._children.values())

    def look(self) -> bool:
        """Look at every child once: notice ends, restart what is due, ask who is ready. Whether anything changed."""
        changes = [self._look_at(child) for child in self._children.values()]
        return any(changes)

    def stop(self, *, hurry: Callable[[], bool] = lambda: False) -> None:
        """Drain: ask all children in order, wait, insist; those that stop last are asked when the others have ended."""
        for last in (False, True):
            self._stop_together([c for c in self._children.values() if c.spec.stops_last is last], hurry)

    def _start(self, child: Child) -> None:
        spec = child.spec
        child.process = start_child(spec.argv, env=spec.env, log=spec.log, cwd=spec.cwd)
        child.started_at_s = child.look_again_at_s = self._clock()
        child.misses = 0
        child.turn(ChildState.STARTING)
        self._tell("child started", child=spec.name, pid=child.process.pid)

    def _look_at(self, child: Child) -> bool:
        if child.state is ChildState.STOPPED:
            return False
        if child.state is ChildState.COLD:
            return self._start_if_wanted(child)
        if child.process is None:
            return self._restart_if_due(child)
        status = child.process.poll()
        return self._ask_if_ready(child) if status is None else self._note_the_end(child, child.process, status)

    def _start_if_wanted(self, child: Child) -> bool:
        if self._clock() < child.look_again_at_s:
            return False
        child.look_again_at_s = self._clock() + DEMAND_EVERY_S
        wanted = child.spec.wanted is not None and child.spec.wanted()
        if wanted:
            self._start(child)
        return wanted

    def _restart_if_due(self, child: Child) -> bool:
        if self._clock() < child.look_again_at_s:
            return False
        child.restarts += 1
        self._start(child)
        return True

    def _note_the_end(self, child: Child, process: subprocess.Popen[bytes], status: int) -> bool:
        end_group(process.pid)  # what the child had started itself must not outlive it
        if child.spec.wanted and status == 0:
            child.process, child.failures, child.look_again_at_s = None, 0, self._clock()
            child.turn(ChildState.COLD)
            self._tell("child went cold", child=child.spec.name)
            return True
        child.failures = 1 if self._clock() - child.started_at_s >= STEADY_S else child.failures + 1
        pause_s = self._pause_s(child.failures)
        child.process, child.look_again_at_s = None, self._clock() + pause_s
        child.turn(ChildState.BACKING_OFF, f"{in_words(status)}; next start after {pause_s:g} s")
        self._tell(
            "child ended", child=child.spec.name, ended=in_words(status), pause_s=pause_s, log=str(child.spec.log)
        )
        return True

    def _ask_if_ready(self, child: Child) -> bool:
        if self._clock() < child.look_again_at_s:
            return False
        before = child.state
        ready = child.spec.ready()
        child.misses = 0 if ready else child.misses + 1
        if ready and before is not ChildState.READY:
            child.turn(ChildState.READY)
            self._tell("child ready", child=child.spec.name)
        elif before is ChildState.READY and child.misses >= MISSES_ALLOWED:
            child.turn(ChildState.STARTING, "it runs, and says that it cannot work now")
            self._tell("child not ready", child=child.spec.name)
        child.look_again_at_s = self._clock() + (2.0 if child.state is ChildState.READY else 0.5)
        return child.state is not before

    def _stop_together(self, children: Iterable[Child], hurry: Callable[[], bool]) -> None:
        running = [(child, child.process) for child in children if child.process is not None]
        for child, process in running:
            self._tell("child asked to stop", child=child.spec.name)
            terminate(process)
        begun_s = self._clock()
        for child, process in running:
            while process.poll() is None and not hurry() and self._clock() - begun_s < child.spec.grace_s:
                time.sleep(0.05)
            self._put_away(child, process)
        for child in children:
            child.turn(ChildState.STOPPED)

    def _put_away(self, child: Child, process: subprocess.Popen[bytes]) -> None:
        if process.poll() is None:
            self._tell("child killed", child=child.spec.name, grace_s=child.spec.grace_s)
        end_group(process.pid)
        process.wait()
        child.process = None
        self._tell("child stopped", child=child.spec.name)


def in_words(status: int) -> str:
    """A child's exit status as words.

    >>> in_words(1), in_words(-9)
    ('ended with status 1', 'was ended by signal 9')
    """
    return f"ended with status {status}" if status >= 0 else f"was ended by signal {-status}"
