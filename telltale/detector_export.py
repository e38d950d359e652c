"""``telltale detectors export``: a detector's name in; its networks as ONNX files out, and how closely they agree."""

from pathlib import Path

from rich.table import Table

import detectors
from detectors.onnx_export import ExportedNetwork, exported, quantised, require_onnx
from detectors.probe import probe_clips
from detectors.registry import REGISTRY
from detectors.runtime import Placement, RecordingRuntime
from telltale.detector_commands import weights_folder
from telltale.terminal import out, say


def run(name: str, folder: Path, home: Path, *, int8: bool, random_weights: bool) -> int:
    """Write one file per network, print their errors; 0 when all agree with their networks, else 1.

    Raises:
        UnknownDetector, DetectorUnavailable: the detector or the ONNX packages are missing.
    """
    require_onnx()
    table = Table("file", "input", "difference", "", box=None, pad_edge=False)
    agree = True
    for place, placement in enumerate(shown_networks(name, home, random_weights=random_weights)):
        say(f"exporting network {place + 1} of {name}")
        files = _files(placement, folder / f"{name}-{place + 1}.onnx", int8=int8)
        agree = agree and files[0].agrees
        for file in files:
            shape = " x ".join(map(str, ("n", *file.input_shape[1:])))
            word = "agrees" if file.agrees else "8-bit" if file is not files[0] else "[red]differs[/]"
            table.add_row(str(file.path), shape, f"{file.error:.1e}", word)
    out.print(table)
    return 0 if agree else 1


def shown_networks(name: str, home: Path, *, random_weights: bool) -> list[Placement]:
    """The networks of a detector, each with the batch that it saw of two drawn faces."""
    runtime = RecordingRuntime(channels_last=False)
    detector = REGISTRY.create(name, weights=weights_folder(home), runtime=runtime, allow_untrained=random_weights)
    detector.score(list(probe_clips(detectors.spec(name))))
    return [placement for placement in runtime.placements if placement.batch is not None]


def _files(placement: Placement, path: Path, *, int8: bool) -> list[ExportedNetwork]:
    assert placement.batch is not None
    first = exported(placement.module, placement.batch, path)
    return [first, quantised(first, placement.module, placement.batch)] if int8 else [first]
