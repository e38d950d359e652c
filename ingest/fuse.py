"""Dead letters of one stage in; a stop until an operator says go on out, once too many were parked in too short a time.

The stop is a file below ``HOME/fuses``: ``telltale status`` and the stage's readiness read it, and removing it (as
``telltale dead-letters resume`` does) is the operator's word to go on. A restart of the stage is one as well.
"""

import os
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import structlog
from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from contracts.errors import TooManyDeadLetters
from contracts.settings import ProcessSettings
from contracts.vocabulary import Stage
from ingest.telemetry import metric

FOLDER = "fuses"
LOOK_EVERY_S = 1.0
_log = structlog.get_logger()


class DeadLetterBudget:
    """Says when a stage parks too much: by time, and by share of what it has finished.

    More than ``most`` dead letters within ``within_s`` seconds are too many (0: any number will do), and so is more
    than ``share`` of the last ``window`` messages, which a slow stage may take hours to finish.
    """

    def __init__(
        self,
        *,
        window: int = 200,
        share: float = 0.2,
        most: int = 0,
        within_s: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._recent: deque[bool] = deque(maxlen=window)
        self._parked_at_s: deque[float] = deque(maxlen=most + 1)
        self._share = share
        self._most = most
        self._within_s = within_s
        self._clock = clock

    def record(self, *, parked: bool) -> None:
        """Note one finished message. Raises ``TooManyDeadLetters``."""
        self._recent.append(parked)
        if not parked:
            return  # what went through never stops a stage
        self._look_at_the_time()
        full = len(self._recent) == self._recent.maxlen
        if full and sum(self._recent) > self._share * len(self._recent):
            raise TooManyDeadLetters(f"{sum(self._recent)} of the last {len(self._recent)} messages were parked")

    def forget(self) -> None:
        """Begin anew, as after a restart."""
        self._recent.clear()
        self._parked_at_s.clear()

    def _look_at_the_time(self) -> None:
        now_s = self._clock()
        self._parked_at_s.append(now_s)
        if self._most and len(self._parked_at_s) > self._most and now_s - self._parked_at_s[0] <= self._within_s:
            raise TooManyDeadLetters(f"{len(self._parked_at_s)} messages were parked within {self._within_s:g} s")


class BlownFuse(BaseModel):
    """What the file of a stopped stage says."""

    model_config = ConfigDict(frozen=True)

    stage: Stage
    why: str
    process: str
    blown_at: AwareDatetime


class Fuse:
    """The fuse of one process of a stage; whoever parks asks ``blows`` and waits while it ``is_blown``."""

    def __init__(self, stage: Stage, home: Path, budget: DeadLetterBudget) -> None:
        self._stage = stage
        self._file = home / FOLDER / f"{stage}-{this_process().replace(':', '-')}.json"
        self._budget = budget
        metric("telltale_fuse_blown").labels(stage=stage).set(0)

    @classmethod
    def of(cls, stage: Stage, settings: ProcessSettings, *, share: float = 0.2) -> "Fuse":
        """As the settings say; what processes of the stage left that are gone is cleared: it was restarted."""
        clear(settings.home, stage, only_of_the_gone=True)
        share = share if settings.fuse_letters else 1.0
        budget = DeadLetterBudget(share=share, most=settings.fuse_letters, within_s=settings.fuse_within_s)
        return cls(stage, settings.home, budget)

    def blows(self, *, parked: bool) -> bool:
        """Note a finished message; whether that was one dead letter too many."""
        try:
            self._budget.record(parked=parked)
        except TooManyDeadLetters as why:
            self._blow(str(why))
            return True
        return False

    @property
    def is_blown(self) -> bool:
        return self._file.exists()

    def wait(self, stop: threading.Event, meanwhile: Callable[[], object] = lambda: None) -> None:
        """Return when an operator has said go on, or when ``stop`` is set; ``meanwhile`` is called every second."""
        while self.is_blown:
            if stop.wait(LOOK_EVERY_S):
                return
            meanwhile()
        self.mend()

    def mend(self) -> None:
        """Count anew: an operator has said go on."""
        self._budget.forget()
        metric("telltale_fuse_blown").labels(stage=self._stage).set(0)
        _log.warning("fuse mended, the stage goes on")

    def _blow(self, why: str) -> None:
        blown = BlownFuse(stage=self._stage, why=why, process=this_process(), blown_at=datetime.now(UTC))
        self._file.parent.mkdir(parents=True, exist_ok=True)
        half = self._file.with_suffix(".part")
        half.write_text(blown.model_dump_json(), encoding="utf-8")
        half.replace(self._file)
        metric("telltale_fuse_blown").labels(stage=self._stage).set(1)
        _log.error("fuse blown, the stage stops", why=why, go_on=f"telltale dead-letters resume {self._stage}")


def this_process() -> str:
    """The name under which a process writes its fuse: two machines may share a home folder."""
    return f"{socket.gethostname()}:{os.getpid()}"


def blown_fuses(home: Path) -> list[BlownFuse]:
    """Every stage that has stopped itself, in the order of their files; none where no process ever did."""
    found = (_read(file) for file in sorted((home / FOLDER).glob("*.json")))
    return [blown for blown in found if blown is not None]


def clear(home: Path, stage: Stage | None = None, *, only_of_the_gone: bool = False) -> list[BlownFuse]:
    """Take away the fuses of ``stage`` (of all stages without one); those that were blown leave."""
    cleared = []
    for blown in blown_fuses(home):
        if stage in (None, blown.stage) and not (only_of_the_gone and _may_live(blown.process)):
            (home / FOLDER / f"{blown.stage}-{blown.process.replace(':', '-')}.json").unlink(missing_ok=True)
            cleared.append(blown)
    return cleared


def _may_live(process: str) -> bool:
    """Whether another process of this name may run; of other machines nobody can tell."""
    host, _, pid = process.rpartition(":")
    if host != socket.gethostname() or process == this_process():
        return host != socket.gethostname()
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _read(file: Path) -> BlownFuse | None:
    try:
        return BlownFuse.model_validate_json(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValidationError):  # mended meanwhile, or not one of ours
        return None
