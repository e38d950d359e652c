"""Batches in, a network that has learned from them out: its weights, their running average, the optimiser, the step."""

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from detectors.networks.face_network import FaceNetwork
from detectors.training.configuration import Schedule
from detectors.training.losses import Loss
from detectors.training.precision import precision_of

_LONGEST_GRADIENT = 5.0


class LossNotFinite(ArithmeticError):
    """The loss of a step is infinite or not a number; the message names the step and what to do."""


class Learner:
    """The state of the arithmetic; all of it goes into a checkpoint and comes back from one."""

    def __init__(self, network: FaceNetwork, schedule: Schedule, loss: Loss, *, device: torch.device) -> None:
        """Raises ``PrecisionUnavailable``."""
        self.network: nn.Module = network.to(device).to(memory_format=torch.channels_last)
        self.schedule, self.device, self._loss = schedule, device, loss
        self.precision = precision_of(schedule, device)
        self.precision.prepare(network)
        average = get_ema_multi_avg_fn(schedule.average_decay)
        self.average = AveragedModel(network, multi_avg_fn=average, use_buffers=True)
        self.optimiser = torch.optim.AdamW(
            network.parameters(), lr=schedule.learning_rate, weight_decay=schedule.weight_decay
        )
        self.step = 0

    def learn(self, pictures: Tensor, targets: Tensor) -> float:
        """One step on n x 3 x side x side float32 pictures and n targets; returns its loss.

        Raises:
            LossNotFinite: nothing is learned from such a step.
        """
        self.network.train()
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(self.step, self.schedule)
        with self.precision.autocast():
            logits = self.network(pictures.to(self.device, memory_format=torch.channels_last))
        loss = self._loss(logits.float(), targets.to(self.device))
        value = float(loss.detach())
        self._require_finite(value)
        self._descend(loss)
        self.average.update_parameters(self.network)
        self.step += 1
        return value

    def _descend(self, loss: Tensor) -> None:
        scaler = self.precision.scaler
        self.optimiser.zero_grad()
        scaler.scale(loss).backward()
        scaler.unscale_(self.optimiser)
        nn.utils.clip_grad_norm_(self.network.parameters(), _LONGEST_GRADIENT)
        scaler.step(self.optimiser)
        scaler.update()

    def _require_finite(self, loss: float) -> None:
        if not math.isfinite(loss):
            softer = "" if self.precision.name == "fp32" else ", or precision fp32"
            raise LossNotFinite(
                f"the loss of step {self.step + 1} is {loss}: start again from the last checkpoint with a lower "
                f"learning_rate or more warm_up_steps{softer}"
            )

    def state(self) -> dict[str, Any]:
        """Tensors, numbers and random states, as ``torch.load`` takes them with ``weights_only``."""
        return {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "scaler": self.precision.scaler.state_dict(),
            "random": torch.get_rng_state(),
            "random_gpu": torch.cuda.get_rng_state(self.device) if self.device.type == "cuda" else None,
            "step": self.step,
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """All but the random states, which ``load_random`` takes up when the first batch is there."""
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        if state["scaler"] and self.precision.scaler.is_enabled():
            self.precision.scaler.load_state_dict(state["scaler"])
        self.step = state["step"]

    def load_random(self, state: dict[str, Any]) -> None:
        """Let dropout go on where it was. A new data loader draws a number of its own, so this comes after it."""
        torch.set_rng_state(state["random"])
        if state["random_gpu"] is not None and self.device.type == "cuda":
            torch.cuda.set_rng_state(state["random_gpu"], self.device)


def learning_rate(step: int, schedule: Schedule) -> float:
    """Rises evenly over the warm-up, then falls along a half cosine to a hundredth."""
    if step < schedule.warm_up_steps:
        return schedule.learning_rate * (step + 1) / schedule.warm_up_steps
    share = (step - schedule.warm_up_steps) / max(1, schedule.steps - schedule.warm_up_steps)
    return schedule.learning_rate * (0.01 + 0.99 * 0.5 * (1.0 + math.cos(math.pi * min(1.0, share))))
