"""The measured figures of a run in; shipped weights and the numbers of the card out, the card's prose kept."""

import json
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from torch import nn

from contracts.clips import FaceBox, FaceClip, FaceCrop
from detectors.cards import DetectorCard, read_card
from detectors.detector import Detector
from detectors.plugins import telltale
from detectors.runtime import Runtime
from detectors.training.measuring.card_figures import card_figures
from detectors.training.measuring.face_logits import trained_network
from detectors.weights import sha256_of

_TIMED_BATCHES, _TIMED_ROUNDS = (1, 8, 32), 5


@dataclass(frozen=True, kw_only=True)
class Extras:
    """What a card says beside the figures of the shipped weights; ``version`` is that of the spec from now on."""

    version: str | None = None
    seeds: Sequence[int] | None = None
    spread: Sequence[dict[str, Any]] | None = None
    tried: Sequence[dict[str, Any]] | None = None


def release(
    measured: dict[str, Any], weights: Path, *, card: Path, shipped: Path, command: str, extras: Extras | None = None
) -> DetectorCard:
    """Copy the weights into the package and write what was measured into the card, which is checked before it is kept.

    Raises:
        ValueError: the figures were measured on other weights, or the card would not be one.
    """
    if measured["weights_sha256"] != sha256_of(weights):
        raise ValueError(f"the figures do not belong to {weights.name}: measure it first")
    told = json.loads(card.read_text(encoding="utf-8"))
    told |= _said(extras or Extras())
    if extras and extras.version:
        told["spec"]["version"] = extras.version
    told["calibration"] = measured["calibration"]
    told["thresholds"] = thresholds_of(measured)
    told["figures"] = [*card_figures(measured, command), cost_figure(measured["cost"], command)]
    shutil.copyfile(weights, shipped / telltale.WEIGHTS)
    told["weights"] = [weights_entry(shipped / telltale.WEIGHTS)]
    told["shipped"] = True
    _write(card, told)
    detector = telltale.make(read_card(card), folder=shipped, runtime=Runtime())
    told["cost"] = cost_of(detector, trained_network(weights), command.replace("--measure", "--release"))
    _write(card, told)
    return read_card(card)


def _said(extras: Extras) -> dict[str, Any]:
    said = {"seeds": extras.seeds, "spread": extras.spread, "tried": extras.tried}
    return {name: list(value) for name, value in said.items() if value is not None}


def thresholds_of(measured: dict[str, Any]) -> dict[str, Any]:
    """Both limits with the false-alarm rates that they were chosen for, and on what."""
    limits = measured["thresholds"]
    rates = [
        f"at most {limits[name]['false_alarms_at_most']:.0%} ({name}; reached by "
        + ", ".join(f"{share:.1%} of the {kind}" for kind, share in limits[name]["reached_by"].items())
        + ")"
        for name in ("lower", "upper")
    ]
    told = (
        f"the lowest limits that {' and '.join(rates)} of genuine pictures and, by themselves, of genuine clips reach, "
        f"on {limits['chosen_on']}"
    )
    return {"lower": limits["lower"]["at"], "upper": limits["upper"]["at"], "chosen_by": told}


def cost_figure(cost: dict[str, Any], command: str) -> dict[str, Any]:
    """The time of a forward pass as a multiple of that of a plain MobileNetV2."""
    return {
        "name": "forward pass, times that of a plain MobileNetV2",
        "value": round(cost["ratio"], 3),
        "on": f"batches of {cost['batch']} pictures of {cost['input_px']} px, both networks in turn in one process",
        "note": f"{cost['ms_per_face']:.2f} against {cost['plain_ms_per_face']:.2f} ms per face on "
        f"{cost['threads']} processor threads",
        "command": command,
    }


def weights_entry(path: Path) -> dict[str, Any]:
    """Name, hash and size of the shipped file."""
    return {"file": path.name, "sha256": sha256_of(path), "bytes": path.stat().st_size, "url": None}


def cost_of(detector: Detector, network: nn.Module, command: str) -> dict[str, Any]:
    """Parameters, multiply-adds per face, and the median time per face on this machine's processor by batch."""
    times = {}
    for size in _TIMED_BATCHES:
        clips = [_clip(at) for at in range(size)]
        detector.score(clips)
        times[str(size)] = round(median(_timed_ms(detector, clips) for _ in range(_TIMED_ROUNDS)), 2)
    return {
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "multiply_adds": multiply_adds(network, detector.spec.input_px),
        "ms_per_clip": times,
        "measured_on": f"{torch.get_num_threads()} processor threads, crops of 300 px",
        "command": command,
    }


def _timed_ms(detector: Detector, clips: Sequence[FaceClip]) -> float:
    start = time.perf_counter()
    detector.score(clips)
    return (time.perf_counter() - start) * 1000.0 / len(clips)


def _clip(seed: int) -> FaceClip:
    pixels = np.random.default_rng(seed).integers(0, 256, (300, 300, 3), dtype=np.uint8)
    box = FaceBox(60.0, 40.0, 240.0, 260.0, 1.0)
    return FaceClip("timing", seed, (FaceCrop(pixels, box, 0, 0.0, 0),))


@torch.no_grad()
def multiply_adds(network: nn.Module, input_px: int) -> int:
    """Multiplications with an addition that one picture costs in convolutions and dense layers."""
    counted: list[int] = []

    def count(layer: nn.Module, _: Any, output: torch.Tensor) -> None:
        weight: torch.Tensor = layer.get_parameter("weight")
        places = output[0, 0].numel() if output.ndim == 4 else 1
        counted.append(weight.numel() * places)

    hooks = [
        layer.register_forward_hook(count) for layer in network.modules() if isinstance(layer, nn.Conv2d | nn.Linear)
    ]
    network.eval()(torch.zeros(1, 3, input_px, input_px))
    for hook in hooks:
        hook.remove()
    return sum(counted)


def _write(card: Path, told: dict[str, Any]) -> None:
    DetectorCard.model_validate(told)
    card.write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
