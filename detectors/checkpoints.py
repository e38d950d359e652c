"""A published torch checkpoint in, a safetensors file with the original's tensor names out; no foreign code runs.

A child without network, with limits on memory, time and output reads the file (:mod:`detectors.checkpoint_process`).
What comes back is safetensors, which is data and nothing else, and is held against the network that the card names.
"""

import json
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO

from detectors.cards import Checkpoint
from detectors.checkpoint_process import REFUSED
from detectors.weights import WrongWeights

_ROOT = Path(__file__).resolve().parent.parent
_TAIL_BYTES = 4000
_PATIENCE_S = 120.0
_BYTES_PER_S = 2 * 2**20


def convert_checkpoint(original: Path, to: Path, checkpoint: Checkpoint, *, name: str) -> None:
    """Write the tensors of ``original`` to ``to``; ``name`` is what messages call the file.

    Raises:
        WrongWeights: it is no torch checkpoint, holds no state dict, or its tensors do not fit the network that
            ``checkpoint`` names; the message lists them. Nothing is left at ``to``.
    """
    try:
        with to.open("wb") as out:
            _read_in_child(original, out, checkpoint.strip, name)
        require_fitting(to, checkpoint.network, name)
    except BaseException:
        to.unlink(missing_ok=True)
        raise


def require_fitting(stored: Path, network: str, name: str) -> None:
    """Hold the tensors of a safetensors file against an original network; reads names and shapes only.

    Raises:
        WrongWeights: tensors are missing, left over, or of another shape; the message lists them.
    """
    from detectors.systems.catalogue import original_network

    original_network(network).require_fitting(stored_shapes(stored, name), name)


def stored_shapes(stored: Path, name: str) -> dict[str, tuple[int, ...]]:
    """Names and shapes in a safetensors file, from its head. Raises ``WrongWeights`` for any other file."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(stored, framework="numpy") as file:
            return {key: tuple(file.get_slice(key).get_shape()) for key in file.keys()}  # noqa: SIM118 - no mapping
    except SafetensorError as why:
        raise WrongWeights(f"{name} is not a safetensors file: {why}") from why


def _read_in_child(original: Path, out: IO[bytes], strip: tuple[str, ...], name: str) -> None:
    argv = [sys.executable, "-P", "-m", "detectors.checkpoint_process", json.dumps({"strip": strip})]
    # Nothing of ours: no credentials, no proxies; one thread, because the child may not start any.
    environment = {"PYTHONPATH": str(_ROOT), "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}
    longest_s = _PATIENCE_S + original.stat().st_size / _BYTES_PER_S
    with original.open("rb") as file, tempfile.TemporaryFile() as said:
        try:
            ended = subprocess.run(
                argv, stdin=file, stdout=out, stderr=said, env=environment, cwd="/", timeout=longest_s, check=False
            )
        except subprocess.TimeoutExpired as why:
            raise WrongWeights(f"{name} could not be read within {longest_s:.0f} s") from why
        said.seek(max(0, said.seek(0, 2) - _TAIL_BYTES))
        _require_read(ended.returncode, said.read().decode("utf-8", "replace"), name)


def _require_read(code: int, said: str, name: str) -> None:
    if code == 0:
        return
    last = said.strip().splitlines()[-1:] or [""]
    if code == REFUSED:
        raise WrongWeights(f"{name} cannot be used: {json.loads(last[0])['refused']}")
    how = f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code} ({last[0][:200]})"
    raise WrongWeights(f"{name} cannot be used: its reader was ended {how}; the file is damaged or hostile")
