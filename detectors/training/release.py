"""The measured figures of a run in; shipped weights and the numbers of the card out, the card's prose kept."""

import json
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from torch import nn

from contracts.clips import FaceBox, FaceClip, FaceCrop
from detectors.cards import DetectorCard, read_card
from detectors.detector import Detector
from detectors.networks.mobilenet_v2 import MobileNetV2
from detectors.plugins import telltale
from detectors.runtime import Runtime
from detectors.weights import sha256_of

_TIMED_CLIPS, _TIMED_ROUNDS = 32, 5


def release(measured: dict[str, Any], weights: Path, *, card: Path, shipped: Path, command: str) -> DetectorCard:
    """Copy the weights into the package and write what was measured into the card.

    Raises:
        ValueError: the figures were measured on other weights.
    """
    if measured["weights_sha256"] != sha256_of(weights):
        raise ValueError(f"the figures do not belong to {weights.name}: measure it first")
    shutil.copyfile(weights, shipped / telltale.WEIGHTS)
    told = json.loads(card.read_text(encoding="utf-8"))
    told["calibration"] = measured["calibration"]
    told["thresholds"] = {**measured["thresholds"], "chosen_by": _chosen_by(measured)}
    told["figures"] = [*people_figures(measured["people"], command), *clip_figures(measured["clips"], command)]
    told["weights"] = [weights_entry(shipped / telltale.WEIGHTS)]
    told["shipped"] = True
    _write(card, told)
    told["cost"] = cost_of(
        telltale.make(read_card(card), folder=shipped, runtime=Runtime()), command.replace("--measure", "--release")
    )
    _write(card, told)
    return read_card(card)


def people_figures(people: Sequence[dict[str, Any]], command: str) -> list[dict[str, Any]]:
    """The card's figures on people that were never seen."""
    return [
        {
            "name": f"AUC, {row['family'].replace('_', ' ')}",
            "value": round(row["auc"], 3),
            "low": round(row["low"], 3),
            "high": round(row["high"], 3),
            "on": f"pairs of single pictures of {row['people']} people never seen, {row['capture']}",
            "n_items": 2 * row["pairs"],
            "group": "unseen_people",
            "command": command,
        }
        for row in people
    ]


def clip_figures(clips: dict[str, Any], command: str) -> list[dict[str, Any]]:
    """The card's figures on clips of sources that were never seen."""
    genuine, items = clips["genuine_clips"], clips["genuine_items"]
    areas = [
        {
            "name": f"AUC per clip, {kind}",
            "value": round(value, 3),
            "on": f"against {genuine} genuine clips of sources never seen; mean logit of a face track",
            "group": "forged_clips" if kind.startswith("self-made") else "generated_clips",
            "command": command,
        }
        for kind, value in clips["auc"].items()
    ]
    rates = [
        {
            "name": f"false-alarm rate at the {name} threshold",
            "value": round(value, 3),
            "on": f"{genuine} genuine clips of sources never seen, each as is, at CRF 23, 32, 40 and at half size",
            "n_items": items,
            "group": "genuine_clips",
            "command": command,
        }
        for name, value in clips["false_alarms"].items()
    ]
    return areas + rates


def weights_entry(path: Path) -> dict[str, Any]:
    """Name, hash and size of the shipped file."""
    return {"file": path.name, "sha256": sha256_of(path), "bytes": path.stat().st_size, "url": None}


def cost_of(detector: Detector, command: str) -> dict[str, Any]:
    """Parameters, multiply-adds per face, and the median time per face on this machine's processor."""
    network = MobileNetV2()
    clips = [_clip(at) for at in range(_TIMED_CLIPS)]
    detector.score(clips)
    return {
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "multiply_adds": multiply_adds(network, detector.spec.input_px),
        "cpu_ms_per_clip": round(median(_timed_ms(detector, clips) for _ in range(_TIMED_ROUNDS)), 2),
        "measured_on": f"{torch.get_num_threads()} processor threads, micro-batches of {_TIMED_CLIPS} crops of 300 px",
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


def _chosen_by(measured: dict[str, Any]) -> str:
    found = measured["clips"]["false_alarms"]
    return (
        "lowest limits that at most 10 % (lower) and 2 % (upper) of the genuine calibration items reach; on "
        f"genuine clips of unseen sources, in five encodings, {found['lower']:.0%} and {found['upper']:.0%} reach them"
    )


def _write(card: Path, told: dict[str, Any]) -> None:
    card.write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
