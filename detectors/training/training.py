"""A training configuration and its sources in, weights and the record of the run out; a stopped run goes on.

A run that is killed goes on from its last checkpoint and ends, on a processor, with the very numbers that it would have
ended with. Its folder holds ``telltale.safetensors`` (the running average of the weights: of the best check where the
schedule stops early, else of the last), ``best.safetensors``, ``checkpoint.pt`` and ``run.json``.
"""

import platform
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import structlog
import torch

from detectors.devices import resolved
from detectors.networks.face_network import FaceNetwork
from detectors.training.backbone import load_backbone, unfold_norms
from detectors.training.configuration import TrainingConfig
from detectors.training.dataset import Mixture, batches
from detectors.training.learner import Learner, learning_rate
from detectors.training.losses import loss_of
from detectors.training.network_of_run import network_from_run, parts_of
from detectors.training.runs.run_folder import (
    BEST_WEIGHTS,
    CHECKPOINT,
    WEIGHTS,
    artefacts_in,
    load_checkpoint,
    save_checkpoint,
    save_weights,
)
from detectors.training.runs.run_record import (
    RECORD,
    Best,
    Check,
    RunRecord,
    RunState,
    UnreadableRun,
    Versions,
    read_record,
    write_record,
)
from detectors.training.sources import Sources
from detectors.training.watching import Watch

__all__ = ["BEST_WEIGHTS", "CHECKPOINT", "RECORD", "WEIGHTS", "Progress", "learning_rate", "save_weights", "train"]

UNFOLD_BATCHES = 8
_REPORT_EVERY = 20

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run is: ``loss`` is that of the last step, ``watch_auc`` that of the last check, ``eta_s`` for steps.

    ``checked`` says that the last check was made in this very step.
    """

    step: int
    steps: int
    loss: float
    watch_auc: float | None
    pictures_per_s: float
    eta_s: float
    checked: bool = False


OnProgress = Callable[[Progress], None]


class StopNow(Exception):
    """Raised by who hears of the progress: the run writes a checkpoint after this step and can go on from it later."""


class _Run:
    def __init__(self, config: TrainingConfig, sources: Sources, on_progress: OnProgress | None) -> None:
        self.config, self.sources, self.on_progress = config, sources, on_progress
        device = _device_of(config)
        self.checkpoint = load_checkpoint(config)
        network = _started(config, sources.learn, resuming=self.checkpoint is not None)
        loss = loss_of(config.schedule, manipulated_share=sources.learn.manipulated_share)
        self.learner = Learner(network, config.schedule, loss, device=device)
        self.watch = Watch(sources.watch, count=config.schedule.check_pairs, device=device)
        self.trained_s, self.started_at, self.resumed = 0.0, datetime.now(UTC), 0
        self.history: list[Check] = []
        self.pace = _Pace()
        if self.checkpoint is not None:
            self._take_up(self.checkpoint)

    def _take_up(self, state: dict[str, Any]) -> None:
        self.learner.load_state(state)
        self.trained_s, self.pace = state["trained_s"], _Pace(**state["pace"])
        self.started_at = datetime.fromisoformat(state["started_at"])
        self.history = [Check.model_validate(check) for check in state["history"]]
        self.resumed = _resumed_before(self.config.out)

    @property
    def best(self) -> Best | None:
        """The check with the highest watch AUC; of equal ones the first."""
        top = max(self.history, key=lambda check: check.watch_auc, default=None)
        return None if top is None else Best(step=top.step, watch_auc=top.watch_auc)

    @property
    def is_stopped_early(self) -> bool:
        patience, best = self.config.schedule.early_stop, self.best
        since = [check for check in self.history if best is not None and check.step > best.step]
        return patience is not None and len(since) >= patience

    @property
    def end(self) -> RunState | None:
        """How the run has ended; nothing while it goes on."""
        if self.learner.step >= self.config.schedule.steps:
            return "finished"
        return "stopped early" if self.is_stopped_early else None

    def go(self) -> None:
        """Train to the end; a run that has ended is only written down."""
        if self.end is None:
            self.resumed += self.checkpoint is not None
            self.write("running")
            self._steps()
        self.write(self.end or "running")

    def _steps(self) -> None:
        schedule, learner = self.config.schedule, self.learner
        stream = batches(
            self.sources.learn,
            first_step=learner.step,
            steps=schedule.steps,
            pairs_per_step=schedule.pairs_per_step,
            workers=self.config.workers,
            first_pair=schedule.first_pair,
        )
        at = time.monotonic()
        for pictures, targets in stream:
            if self.checkpoint is not None:
                learner.load_random(self.checkpoint)
                self.checkpoint = None
            loss = learner.learn(pictures, targets)
            now = time.monotonic()
            self.pace.add(loss, len(targets), now - at)
            self.trained_s, at = self.trained_s + now - at, now
            if learner.step % schedule.checkpoint_every == 0 or learner.step == schedule.steps:
                self._check()
                at = time.monotonic()
            # After the check: who hears of the step may end the run for now, and the check would never come.
            self._tell(loss)
            if self.is_stopped_early:
                break

    def _check(self) -> None:
        pace, self.pace = self.pace, _Pace()
        seen = self.watch.look(self.learner.average.module)
        check = Check(
            step=self.learner.step,
            loss=pace.loss,
            watch_auc=seen.auc,
            watch_log_loss=seen.log_loss,
            learning_rate=float(self.learner.optimiser.param_groups[0]["lr"]),
            pictures_per_s=pace.pictures_per_s,
        )
        self.history.append(check)
        log.info("checked", **check.model_dump())
        self._save(is_best=self.best is not None and self.best.step == check.step)

    def _save(self, *, is_best: bool) -> None:
        # The checkpoint comes after the weights: a run that is killed in between does the last steps once more.
        out, network = self.config.out, self.learner.average.module
        if is_best:
            save_weights(network, out / BEST_WEIGHTS)
        if is_best or self.config.schedule.early_stop is None:
            save_weights(network, out / WEIGHTS)
        history = [check.model_dump() for check in self.history]
        of_run = {"trained_s": self.trained_s, "history": history, "started_at": self.started_at.isoformat()}
        of_run["pace"] = asdict(self.pace)
        save_checkpoint(self.config, {**self.learner.state(), **of_run})
        self.write("running")

    def _tell(self, loss: float) -> None:
        step, steps, pace = self.learner.step, self.config.schedule.steps, self.pace
        if step % _REPORT_EVERY == 0:
            log.info("trained", step=step, loss=round(pace.loss if pace.steps else loss, 4), s=round(self.trained_s))
        if self.on_progress is not None:
            last = self.history[-1] if self.history else None
            auc, checked = (None, False) if last is None else (last.watch_auc, last.step == step)
            eta_s = (steps - step) * self.trained_s / step
            self.on_progress(Progress(step, steps, loss, auc, self._pictures_per_s, eta_s, checked))

    @property
    def _pictures_per_s(self) -> float:
        """Since the last check, or right after one since the check before it."""
        return self.pace.pictures_per_s if self.pace.steps or not self.history else self.history[-1].pictures_per_s

    def pause(self) -> None:
        """Write down what was learned since the last check."""
        self._save(is_best=False)

    def write(self, state: RunState) -> None:
        """Write ``run.json``."""
        config = self.config
        record = RunRecord(
            name=config.name,
            seed=config.seed,
            config=config.model_dump(mode="json"),
            state=state,
            started_at=self.started_at,
            updated_at=datetime.now(UTC),
            step=self.learner.step,
            steps=config.schedule.steps,
            trained_s=self.trained_s,
            best=self.best,
            history=tuple(self.history),
            artefacts=artefacts_in(config.out),
            skipped=self.sources.skipped,
            versions=Versions(python=platform.python_version(), torch=torch.__version__, telltale=version("telltale")),
            resumed=self.resumed,
        )
        write_record(record, config.out)


@dataclass(slots=True)
class _Pace:
    """Steps, pictures, seconds and losses since the last check."""

    steps: int = 0
    pictures: int = 0
    seconds: float = 0.0
    losses: float = 0.0

    def add(self, loss: float, pictures: int, seconds: float) -> None:
        self.steps, self.pictures = self.steps + 1, self.pictures + pictures
        self.seconds, self.losses = self.seconds + seconds, self.losses + loss

    @property
    def loss(self) -> float:
        return self.losses / self.steps

    @property
    def pictures_per_s(self) -> float:
        return self.pictures / max(self.seconds, 1e-9)


def train(config: TrainingConfig, sources: Sources, *, on_progress: OnProgress | None = None) -> Path:
    """Train to the last step of the schedule, or until it stops early; returns the file of averaged weights.

    Args:
        config: the settings; an earlier start in the same folder is gone on with.
        sources: what is learned from and watched.
        on_progress: hears of every step; ``StopNow`` ends the run for now, anything else that it raises for good, and
            the run is recorded as failed.

    Raises:
        FileNotFoundError: the configuration names nothing to start from, or a file that is not there.
        WrongWeights: the weights that it starts from do not fit the network.
        DetectorUnavailable: the device is not there.
        ValueError: ``device`` names several.
        PrecisionUnavailable: the device cannot train in the precision that was asked for.
        OneClassOnly: class weights were to be balanced, and there is one class only.
        CheckpointOfAnother: the folder holds the checkpoint of a run with other settings.
        LossNotFinite: the loss of a step is infinite or not a number.
    """
    torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)
    run = _Run(config, sources, on_progress)
    log.info("training starts", run=config.name, step=run.learner.step, steps=config.schedule.steps)
    try:
        run.go()
    except StopNow:
        run.pause()
        raise
    except Exception:  # whatever it was, the record must not say for ever that the run goes on
        run.write("failed")
        raise
    return config.out / WEIGHTS


def _device_of(config: TrainingConfig) -> torch.device:
    device, *others = resolved(config.device)
    if others:
        raise ValueError(f"a run trains on one device, and {config.device} names {1 + len(others)}")
    return torch.device(device)


def _resumed_before(out: Path) -> int:
    try:
        return read_record(out).resumed
    except (FileNotFoundError, UnreadableRun):
        return 0


def _started(config: TrainingConfig, learn: Mixture, *, resuming: bool) -> FaceNetwork:
    if config.start_from is not None:
        return network_from_run(config.network, config.start_from)
    if config.backbone is None:
        raise FileNotFoundError("the configuration names no backbone to start from")
    network = load_backbone(config.backbone, parts_of(config.network))
    if resuming:
        return network
    first = batches(learn, first_step=0, steps=UNFOLD_BATCHES, pairs_per_step=config.schedule.pairs_per_step, workers=0)
    unfold_norms(network, (pictures for pictures, _ in first))
    return network
