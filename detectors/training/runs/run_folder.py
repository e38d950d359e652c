"""The state of a run in, files in its folder out, each whole or not at all: checkpoint, weights, best weights."""

import hashlib
import os
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import nn

from detectors.training.configuration import TrainingConfig
from detectors.training.runs.run_record import Artefacts, CheckpointFile, WeightsFile

CHECKPOINT = "checkpoint.pt"
WEIGHTS = "telltale.safetensors"
BEST_WEIGHTS = "best.safetensors"
_FORMAT = 3
# What may change between two starts of one run; ``steps`` moves the end of the schedule.
_FREE = {"out", "threads", "workers", "device", "backbone", "start_from"}
_FREE_IN_SCHEDULE = {"steps", "checkpoint_every", "early_stop", "precision"}


class CheckpointOfAnother(ValueError):
    """The folder holds the checkpoint of a run with other settings, or of another version; the message says which."""


def save_checkpoint(config: TrainingConfig, state: dict[str, Any]) -> None:
    """Write what the run goes on from."""
    config.out.mkdir(parents=True, exist_ok=True)
    part = config.out / f"{CHECKPOINT}.part"
    with part.open("wb") as file:
        torch.save({**state, "format": _FORMAT, "settings": config.model_dump(mode="json")}, file)
        file.flush()
        os.fsync(file.fileno())
    part.replace(config.out / CHECKPOINT)


def load_checkpoint(config: TrainingConfig) -> dict[str, Any] | None:
    """What an earlier start of this run wrote; nothing where there was none.

    Raises:
        CheckpointOfAnother: it is that of a run with other settings, or of another version.
    """
    path = config.out / CHECKPOINT
    if not path.is_file():
        return None
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    if state.get("format") != _FORMAT:
        raise CheckpointOfAnother(f"{path} was written by another version: remove it, or name another folder (out)")
    before, now = (_lasting(settings) for settings in (state["settings"], config.model_dump(mode="json")))
    changed = sorted(key for key in before.keys() | now.keys() if before.get(key) != now.get(key))
    if changed:
        raise CheckpointOfAnother(
            f"{path} is of a run with other settings ({', '.join(changed)}): remove it, or name another folder (out)"
        )
    return state


def _lasting(settings: dict[str, Any]) -> dict[str, Any]:
    flat = {key: value for key, value in settings.items() if key not in _FREE | {"schedule"}}
    schedule = {f"schedule.{k}": value for k, value in settings["schedule"].items() if k not in _FREE_IN_SCHEDULE}
    return {**flat, **schedule}


def save_weights(network: nn.Module, path: Path) -> None:
    """The tensors of a network as a safetensors file, written whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    tensors = {key: value.detach().contiguous().clone() for key, value in network.state_dict().items()}
    save_file(tensors, path.with_suffix(".part"))
    path.with_suffix(".part").rename(path)


def artefacts_in(out: Path) -> Artefacts:
    """The files that the folder of a run holds now."""
    weights, checkpoint = out / WEIGHTS, out / CHECKPOINT
    return Artefacts(
        weights=_weights_file(weights) if weights.is_file() else None,
        checkpoint=CheckpointFile(file=CHECKPOINT) if checkpoint.is_file() else None,
    )


def _weights_file(path: Path) -> WeightsFile:
    data = path.read_bytes()
    return WeightsFile(file=path.name, sha256=hashlib.sha256(data).hexdigest(), bytes=len(data))
