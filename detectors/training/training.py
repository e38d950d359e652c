"""A training configuration in, weights and the record of the run out; a run that was stopped goes on where it was."""

import json
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from detectors.networks.face_network import FaceNetwork
from detectors.training.backbone import load_backbone, unfold_norms
from detectors.training.configuration import Schedule, TrainingConfig
from detectors.training.dataset import batches
from detectors.training.measuring import auc, logits_of
from detectors.training.network_of_run import network_from_run, parts_of
from detectors.training.pairs import PairSource

CHECKPOINT = "checkpoint.pt"
RECORD = "run.json"
WEIGHTS = "telltale.safetensors"
UNFOLD_BATCHES = 8
_REPORT_EVERY = 20

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Makers:
    """Where pairs come from: people to learn from, and other people to watch the progress on."""

    learn: PairSource
    watch: PairSource


class Trainer:
    """The state of one run: network, running average of its weights, optimiser, step and history."""

    def __init__(self, config: TrainingConfig, network: FaceNetwork) -> None:
        self.config, self.network = config, network.to(memory_format=torch.channels_last)
        schedule = config.schedule
        average = get_ema_multi_avg_fn(schedule.average_decay)
        self.average = AveragedModel(network, multi_avg_fn=average, use_buffers=True)
        self.optimiser = torch.optim.AdamW(
            network.parameters(), lr=schedule.learning_rate, weight_decay=schedule.weight_decay
        )
        self.step, self.trained_s = 0, 0.0
        self.history: list[dict[str, Any]] = []

    def learn(self, pictures: Tensor, targets: Tensor) -> float:
        """One step; returns its loss."""
        self.network.train()
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(self.step, self.config.schedule)
        logits = self.network(pictures.to(memory_format=torch.channels_last))
        loss = nn.functional.binary_cross_entropy_with_logits(logits, targets)
        self.optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self.optimiser.step()
        self.average.update_parameters(self.network)
        self.step += 1
        return float(loss.detach())

    def save(self, out: Path) -> None:
        """Write the checkpoint, the averaged weights and the record; each appears whole or not at all."""
        state = {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
            "trained_s": self.trained_s,
            "history": self.history,
        }
        out.mkdir(parents=True, exist_ok=True)
        torch.save(state, out / f"{CHECKPOINT}.part")
        (out / f"{CHECKPOINT}.part").rename(out / CHECKPOINT)
        save_weights(self.average.module, out / WEIGHTS)
        record = {"config": self.config.model_dump(mode="json"), "step": self.step, "trained_s": self.trained_s}
        (out / RECORD).write_text(json.dumps({**record, "history": self.history}, indent=1) + "\n", encoding="utf-8")

    def resume(self, out: Path) -> None:
        """Take up the checkpoint of an earlier start of this run, if there is one."""
        if not (out / CHECKPOINT).is_file():
            return
        state = torch.load(out / CHECKPOINT, weights_only=True)
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.trained_s, self.history = state["step"], state["trained_s"], state["history"]


def train(config: TrainingConfig, makers: Makers) -> Path:
    """Train to the last step of the schedule; returns the file of averaged weights.

    Raises:
        FileNotFoundError: the configuration names nothing to start from, or a file that is not there.
    """
    torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)
    trainer = Trainer(config, _started(config, makers.learn))
    trainer.resume(config.out)
    log.info("training starts", run=config.name, step=trainer.step, steps=config.schedule.steps)
    _run(trainer, makers)
    trainer.save(config.out)
    return config.out / WEIGHTS


def _run(trainer: Trainer, makers: Makers) -> None:
    schedule, config = trainer.config.schedule, trainer.config
    stream = batches(
        makers.learn,
        first_step=trainer.step,
        steps=schedule.steps,
        pairs_per_step=schedule.pairs_per_step,
        workers=config.workers,
        first_pair=schedule.first_pair,
    )
    at, losses = time.monotonic(), []
    for pictures, targets in stream:
        losses.append(trainer.learn(pictures, targets))
        now = time.monotonic()
        trainer.trained_s, at = trainer.trained_s + now - at, now
        if trainer.step % _REPORT_EVERY == 0:
            log.info("trained", step=trainer.step, loss=round(sum(losses) / len(losses), 4), s=round(trainer.trained_s))
        if trainer.step % schedule.checkpoint_every == 0:
            _check(trainer, makers.watch, losses)
            trainer.save(config.out)
            losses, at = [], time.monotonic()


def _check(trainer: Trainer, watch: PairSource, losses: list[float]) -> None:
    pairs = [watch.make(index) for index in range(trainer.config.schedule.check_pairs)]
    network = trainer.average.module.eval()
    genuine = logits_of(network, [pair.genuine for pair in pairs])
    manipulated = logits_of(network, [pair.manipulated for pair in pairs])
    seen = {"step": trainer.step, "loss": sum(losses) / len(losses), "watch_auc": auc(genuine, manipulated)}
    trainer.history.append(seen)
    log.info("checked", **seen)


def _started(config: TrainingConfig, maker: PairSource) -> FaceNetwork:
    if config.start_from is not None:
        return network_from_run(config.network, config.start_from)
    if config.backbone is None:
        raise FileNotFoundError("the configuration names no backbone to start from")
    network = load_backbone(config.backbone, parts_of(config.network))
    if (config.out / CHECKPOINT).is_file():
        return network
    first = batches(maker, first_step=0, steps=UNFOLD_BATCHES, pairs_per_step=config.schedule.pairs_per_step, workers=0)
    unfold_norms(network, (pictures for pictures, _ in first))
    return network


def learning_rate(step: int, schedule: Schedule) -> float:
    """Rises evenly over the warm-up, then falls along a half cosine to a hundredth."""
    if step < schedule.warm_up_steps:
        return schedule.learning_rate * (step + 1) / schedule.warm_up_steps
    share = (step - schedule.warm_up_steps) / max(1, schedule.steps - schedule.warm_up_steps)
    return schedule.learning_rate * (0.01 + 0.99 * 0.5 * (1.0 + math.cos(math.pi * min(1.0, share))))


def save_weights(network: nn.Module, path: Path) -> None:
    """The tensors of a network as a safetensors file, written whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    tensors = {key: value.detach().contiguous().clone() for key, value in network.state_dict().items()}
    save_file(tensors, path.with_suffix(".part"))
    path.with_suffix(".part").rename(path)
