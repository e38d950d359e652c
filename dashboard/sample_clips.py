"""A bucket in; three short clips in it out, made on this machine, named as what they are, for a first look."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import ingest
from contracts.errors import NotNow
from contracts.messages import utc_now
from dashboard.access import Principal, Role, require
from dashboard.uploads import submit
from ingest.object_store import ObjectStore

_PATIENCE_S = 180.0


def load(store: ObjectStore, *, by: Principal, limit_bytes: int) -> list[str]:
    """Make the sample clips and submit them as any upload; returns their keys.

    Raises:
        AccessDenied: ``by`` may not submit.
        NotNow: they could not be made, or the bucket is away.
    """
    require(by, Role.ANALYST)
    with tempfile.TemporaryDirectory(prefix="telltale-samples-") as folder:
        _make(Path(folder))
        files = sorted(Path(folder).iterdir())
        now = utc_now()
        return [submit(store, file.name, file.read_bytes(), now=now, by=by, limit_bytes=limit_bytes) for file in files]


def _make(folder: Path) -> None:
    # In a process of its own: what encodes video has no place in the one that draws pages.
    path = os.pathsep.join([str(Path(ingest.__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])])
    command = [sys.executable, "-m", "ingest.sample_media", str(folder)]
    try:
        done = subprocess.run(
            command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, check=False, timeout=_PATIENCE_S
        )
    except subprocess.TimeoutExpired as why:
        raise NotNow(f"the sample clips were not made within {_PATIENCE_S:.0f} s") from why
    if done.returncode:
        last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        raise NotNow(f"the sample clips could not be made: {' '.join(last)}")
