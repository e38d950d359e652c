"""Weights of runs that started from the same ones in, their uniform average out, with fresh batch-norm statistics.

Source: Wortsman et al., "Model soups: averaging weights of multiple fine-tuned models improves accuracy without
increasing inference time", ICML 2022 (the uniform soup). Averaged running statistics describe no network; they are
measured again on batches of training pairs, as for stochastic weight averaging (Izmailov et al., UAI 2018).
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.optim.swa_utils import update_bn

from detectors.training.configuration import TrainingConfig
from detectors.training.dataset import Source, batches
from detectors.training.material import record_of
from detectors.training.measuring.face_logits import trained_network
from detectors.training.runs.run_record import AVERAGE
from detectors.training.training import save_weights
from detectors.weights import require_same_shapes, sha256_of, shapes_of

BATCHES = 40
_FRESH_PAIR = 5_000_000  # far from the pairs that runs learn from


class NoSoup(ValueError):
    """The weights cannot be averaged: there are too few, or they did not start from the same ones."""


@dataclass(frozen=True, slots=True)
class Parent:
    """One of the weights files that were averaged."""

    file: str
    sha256: str
    start_from: str | None
    seed: int | None


def cook(
    config: TrainingConfig, parents: Sequence[Path], out: Path, learn: Source, *, steps: int = BATCHES
) -> dict[str, Any]:
    """Write the average of ``parents`` to ``out`` and its record beside it; returns the record.

    Raises:
        NoSoup: fewer than two files, the same file twice, or runs that started from different weights.
        WrongWeights: the tensors of a file are not those of the first one, or not those of the configured network.
    """
    known = [_parent(path) for path in parents]
    require_kin(known)
    network = trained_network(parents[0])
    network.load_state_dict(averaged(parents), strict=True)
    restate_norms(network, _fresh(config, learn, steps))
    save_weights(network, out)
    record = {
        "parents": [{"file": one.file, "sha256": one.sha256, "seed": one.seed} for one in known],
        "started_from": known[0].start_from,
        "batch_norm_batches": steps,
        "pairs_per_batch": config.schedule.pairs_per_step,
        "first_pair": _FRESH_PAIR,
        "weights_sha256": sha256_of(out),
        "config": config.model_dump(mode="json"),
    }
    out.with_name(AVERAGE).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return record


def averaged(parents: Sequence[Path]) -> dict[str, Tensor]:
    """The mean of each tensor over the files, in double precision; counters (whole numbers) are those of the first.

    Raises:
        WrongWeights: the files do not hold tensors of the same names and shapes.
    """
    all_tensors = [load_file(path) for path in parents]
    for path, tensors in zip(parents[1:], all_tensors[1:], strict=True):
        require_same_shapes(shapes_of(all_tensors[0]), shapes_of(tensors), path.name)
    return {
        key: torch.stack([tensors[key].double() for tensors in all_tensors]).mean(dim=0).to(first.dtype)
        if first.is_floating_point()
        else first
        for key, first in all_tensors[0].items()
    }


def restate_norms(network: nn.Module, pictures: Iterable[Tensor]) -> None:
    """Give every batch norm the mean and variance that it sees over these batches, each counted alike."""
    with torch.no_grad():
        update_bn((one.to(memory_format=torch.channels_last) for one in pictures), network)
    network.eval()


def require_kin(parents: Sequence[Parent]) -> None:
    """Raise ``NoSoup`` unless there are two or more different files whose records, if there are any, agree."""
    if len({parent.sha256 for parent in parents}) < max(2, len(parents)):
        raise NoSoup(f"an average needs two or more different weights, got {len(parents)} files")
    starts = {parent.start_from for parent in parents}
    if len(starts) > 1:
        told = ", ".join(sorted(str(start) for start in starts))
        raise NoSoup(f"these runs did not start from the same weights ({told}): their average is no network")


def _fresh(config: TrainingConfig, learn: Source, steps: int) -> Iterator[Tensor]:
    size = config.schedule.pairs_per_step
    stream = batches(
        learn, first_step=0, steps=steps, pairs_per_step=size, workers=config.workers, first_pair=_FRESH_PAIR
    )
    return (pictures for pictures, _ in stream)


def _parent(path: Path) -> Parent:
    record = record_of(path) or {}
    config = record.get("config", {})
    start = config.get("start_from") or config.get("backbone")
    return Parent(str(path), sha256_of(path), start, config.get("seed"))
