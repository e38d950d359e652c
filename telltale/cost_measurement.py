"""One detector in (JSON on stdin), its cost on this machine out (JSON on stdout); a process that measures and ends."""

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

import detectors
from contracts.clips import FaceClip
from detectors.detector import Detector
from detectors.devices import resolved
from detectors.probe import probe_clips
from detectors.registry import REGISTRY
from detectors.runtime import RecordingRuntime
from telltale.bench_detectors import BATCHES, Measured


def measured(name: str, *, weights: Path, device: str, limit_s: float) -> Measured:
    """Load a detector (on random weights where it has none) and score drawn faces in growing batches.

    A batch is left out when the last one's time says that it would take longer than ``limit_s``.
    """
    before_mib = _peak_mib()
    runtime = RecordingRuntime(device=resolved(device)[0])
    began_s = time.perf_counter()
    detector = REGISTRY.create(name, weights=weights, runtime=runtime, allow_untrained=True)
    load_s = time.perf_counter() - began_s
    clip = probe_clips(detector.spec, crops=detector.spec.demand.clip_length)[0]
    multiply_adds = _multiply_adds(detector, clip)
    times = _times(detector, clip, limit_s)
    return Measured(
        name=name,
        device=detector.device,
        untrained=detector.untrained,
        clip_length=detector.spec.demand.clip_length,
        parameters=sum(tensor.numel() for placement in runtime.placements for tensor in placement.module.parameters()),
        multiply_adds=multiply_adds,
        load_s=load_s,
        ms_per_clip=times,
        memory_mib=_peak_mib() - before_mib,
    )


def _multiply_adds(detector: Detector, clip: FaceClip) -> int:
    """Of one clip, counted while it is scored, which also warms the detector up."""
    with FlopCounterMode(display=False) as counter:
        detector.score([clip])
    return counter.get_total_flops() // 2


def _times(detector: Detector, clip: FaceClip, limit_s: float) -> dict[int, float]:
    times: dict[int, float] = {}
    for batch in BATCHES:
        if times and batch * min(times.values()) / 1000.0 > limit_s:
            break
        began_s = time.perf_counter()
        detector.score([clip] * batch)
        if detector.device.startswith("cuda"):
            torch.cuda.synchronize()
        times[batch] = 1000.0 * (time.perf_counter() - began_s) / batch
    return times


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0


def main() -> None:
    """Measure what stdin asks for."""
    wish: dict[str, Any] = json.load(sys.stdin)
    detectors.card(wish["name"])
    result = measured(
        wish["name"], weights=Path(wish["weights"]), device=wish["device"], limit_s=float(wish["limit_s"])
    )
    sys.stdout.write(result.model_dump_json())


if __name__ == "__main__":
    main()
