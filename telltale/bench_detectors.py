"""Detector names in; what loading and scoring costs with each of them out, as a table, as JSON, or into their cards."""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict
from rich.table import Table

import detectors
from detectors.cards import Cost
from detectors.registry import PACKAGE
from telltale.errors import CommandFailed
from telltale.terminal import err, out, say, say_json

COMMAND = "telltale bench detectors"
BATCHES = (1, 8, 32)


class Measured(BaseModel):
    """The cost of one detector on this machine.

    ``ms_per_clip`` by the number of clips in one call; a batch that would have broken the time limit is missing.
    ``memory_mib`` is the growth of the process's peak from before loading to after scoring.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    device: str
    untrained: bool
    clip_length: int
    parameters: int
    multiply_adds: int
    load_s: float
    ms_per_clip: dict[int, float]
    memory_mib: float

    def ms_per_face(self, batch: int) -> float | None:
        """Milliseconds per face picture, of which a clip has ``clip_length``."""
        ms = self.ms_per_clip.get(batch)
        return ms / self.clip_length if ms else None


def run(names: str | None, *, weights: Path, device: str, limit_s: float, as_json: bool, into_cards: bool) -> None:
    """Measure each detector in a process of its own, one after another.

    Raises:
        CommandFailed: a name is not a detector's, or a measurement failed.
    """
    results = []
    for name in _chosen(names):
        say(f"measuring {name}")
        results.append(_measured(name, weights=weights, device=device, limit_s=limit_s))
        if as_json:
            say_json(results[-1].model_dump(mode="json"))
        if into_cards:
            _write_cost(PACKAGE / "cards" / f"{name}.json", results[-1])
    if not as_json:
        out.print(_table(results))


def _chosen(names: str | None) -> Sequence[str]:
    if not names or names == "all":
        return detectors.names()
    chosen = [name.strip() for name in names.split(",")]
    for name in chosen:
        detectors.card(name)
    return chosen


def _measured(name: str, *, weights: Path, device: str, limit_s: float) -> Measured:
    wish = json.dumps({"name": name, "weights": str(weights), "device": device, "limit_s": limit_s})
    # A process of its own, so that one detector's memory is not another's.
    done = subprocess.run(
        [sys.executable, "-m", "telltale.cost_measurement"],
        input=wish,
        text=True,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(PACKAGE.parent)},
        check=False,
    )
    if done.returncode:
        raise CommandFailed(f"The cost of {name} could not be measured (status {done.returncode}).")
    return Measured.model_validate_json(done.stdout)


def _table(results: Iterable[Measured]) -> Table:
    title = "GMAC: billions of multiply-adds per clip; ms ×N: milliseconds per face in a batch of N clips"
    heads = ["detector", "params", "GMAC", "faces/clip", "load s", "MiB", *(f"ms ×{batch}" for batch in BATCHES), ""]
    table = Table(*heads, title=title, box=None, pad_edge=False)
    for one in results:
        times = [f"{ms:.1f}" if (ms := one.ms_per_face(batch)) else "–" for batch in BATCHES]
        facts = (one.name, f"{one.parameters / 1e6:.1f} M", f"{one.multiply_adds / 1e9:.2f}", str(one.clip_length))
        mark = "untrained" if one.untrained else ""
        table.add_row(*facts, f"{one.load_s:.1f}", f"{one.memory_mib:.0f}", *times, mark)
    return table


def _write_cost(path: Path, measured: Measured) -> None:
    card = json.loads(path.read_text(encoding="utf-8"))
    cost = Cost(
        parameters=measured.parameters,
        multiply_adds=measured.multiply_adds,
        ms_per_clip={batch: round(ms, 1) for batch, ms in measured.ms_per_clip.items()},
        memory_mib=max(1.0, round(measured.memory_mib)),
        load_s=max(0.1, round(measured.load_s, 1)),
        measured_on=_machine(measured.device),
        command=f"{COMMAND} {measured.name}",
    )
    card["cost"] = cost.model_dump(mode="json", exclude_none=True)
    path.write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    err.print(f"wrote the cost into {path.name}", markup=False)


def _machine(device: str) -> str:
    import torch

    if device.startswith("cuda"):
        return f"one {torch.cuda.get_device_name(device)}"
    return f"{torch.get_num_threads()} threads of a cloud server processor ({platform.machine()})"
