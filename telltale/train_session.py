"""Settings and sources in, a run that shows its progress and ends after a whole step when Ctrl-C is pressed."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from contracts.errors import DetectorUnavailable
from detectors.training.configuration import TrainingConfig
from detectors.training.labelled.media import CollectionUnusable
from detectors.training.learner import LossNotFinite
from detectors.training.losses import OneClassOnly
from detectors.training.material import NothingToMeasureOn
from detectors.training.precision import PrecisionUnavailable
from detectors.training.runs.run_folder import CheckpointOfAnother
from detectors.training.sources import NothingToLearnFrom, Sources
from detectors.training.training import Progress, StopNow, train
from telltale.terminal import say
from telltale.training_bars import TrainingBar

MENDABLE = (
    CheckpointOfAnother,
    CollectionUnusable,
    DetectorUnavailable,
    LossNotFinite,
    NothingToLearnFrom,
    NothingToMeasureOn,
    OneClassOnly,
    PrecisionUnavailable,
)
OnCheck = Callable[[int, float], None]


def trained(config: TrainingConfig, sources: Sources, bar: TrainingBar, on_check: OnCheck | None = None) -> None:
    """Train to the end; ``on_check`` hears of each look at the people that are watched (step, watch AUC).

    What ``on_check`` raises ends the run; it is raised again after a checkpoint was written.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed, and a checkpoint was written.
    """
    with _asked_to_stop() as is_asked:
        listener = _Listener(bar, is_asked, on_check)
        try:
            train(config, sources, on_progress=listener)
        except Exception as why:
            # Ctrl-C reaches the processes that make pairs too; one that ends first is no error of ours.
            if is_asked():
                raise KeyboardInterrupt from why
            if listener.raised is not None:
                raise listener.raised from None
            raise


class _Listener:
    def __init__(self, bar: TrainingBar, is_asked: Callable[[], bool], on_check: OnCheck | None) -> None:
        self._bar, self._is_asked, self._on_check = bar, is_asked, on_check
        self.raised: Exception | None = None

    def __call__(self, seen: Progress) -> None:
        if seen.checked and seen.watch_auc is not None:
            self._check(seen.step, seen.watch_auc)
        self._bar.stepped(seen.step, seen.loss, seen.pictures_per_s)
        if self._is_asked():
            raise StopNow

    def _check(self, step: int, watch_auc: float) -> None:
        self._bar.checked(step, watch_auc)
        if self._on_check is None:
            return
        try:
            self._on_check(step, watch_auc)
        except Exception as why:
            self.raised = why
            raise StopNow from why


@contextmanager
def _asked_to_stop() -> Iterator[Callable[[], bool]]:
    """Whether Ctrl-C was pressed; pressed once more it interrupts at once."""
    asked: list[int] = []

    def ask(number: int, _: FrameType | None) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)
        say("Stopping after this step; Ctrl-C again stops at once.")

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield lambda: bool(asked)
    finally:
        signal.signal(signal.SIGINT, before)
