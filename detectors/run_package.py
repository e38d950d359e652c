"""The folder of a training run in; the plug-in, the card and the settings of an installable detector out."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from detectors.calibration import Calibration
from detectors.detector import ManipulationKind
from detectors.networks.face_network import FaceNetwork, Parts
from detectors.networks.original import OriginalNetwork, loaded
from detectors.run_figures import Measured, figures_of, measured_in
from detectors.training.configuration import Collection, TrainingConfig
from detectors.training.runs.run_record import RunRecord, UnreadableRun, read_record
from detectors.training_material import described
from detectors.weights import WrongWeights, sha256_of

CONFIG = "training.json"
_SAYS = 0.25  # its weight beside other detectors, once it is calibrated
_VIEW_TO_CROP = 0.15  # crops reach further than what the network sees, for the eye

PLUGIN = '''"""The detector ``{name}``, trained by the run {run}: face crops in, one raw score per clip out."""

from functools import partial
from pathlib import Path

from detectors.cards import DetectorCard
from detectors.frame_detector import FrameDetector
from detectors.networks.face_network import FaceNetwork, Parts
from detectors.networks.mobilenet_v2 import INPUT_MEAN, INPUT_STD
from detectors.networks.original import OriginalNetwork, loaded
from detectors.preprocessing import square_view
from detectors.runtime import Runtime

PARTS = Parts(srm={srm}, frequency={frequency}, pooling="{pooling}")
VIEW_MARGIN = {margin}  # of the face, as in training


def make(card: DetectorCard, *, folder: Path | None, runtime: Runtime) -> FrameDetector:
    """The detector with the weights in ``folder``, or with seeded random ones. Raises ``WrongWeights``."""
    network = OriginalNetwork(make=partial(FaceNetwork, PARTS))
    placed = runtime.placed(loaded(network, folder and folder / card.weights[0].loaded_file))
    view = partial(square_view, margin=VIEW_MARGIN, size_px=card.spec.input_px)
    return FrameDetector(card, [placed], view=view, mean=INPUT_MEAN, std=INPUT_STD, folder=folder, runtime=runtime)
'''


class UnfitRun(ValueError):
    """A folder holds no training run whose weights could be used; the message says why."""


@dataclass(frozen=True)
class FinishedRun:
    """A run with weights that its network takes."""

    record: RunRecord
    config: TrainingConfig
    weights: Path
    sha256: str
    parameters: int
    measured: Measured | None


def run_in(folder: Path) -> FinishedRun:
    """The run in ``folder``, with what was measured of exactly its weights.

    Raises:
        UnfitRun: there is no readable record, it has learned nothing yet, or its weights are missing, not those that it
            wrote, or do not fit the network that it describes.
    """
    try:
        record = read_record(folder)
    except (FileNotFoundError, UnreadableRun) as why:
        raise UnfitRun(f"{folder} holds no training run: {why}") from why
    written = record.artefacts.weights
    if written is None or record.step == 0:
        raise UnfitRun(f"the run {record.name} has learned nothing yet")
    weights = folder / written.file
    if not weights.is_file() or sha256_of(weights) != written.sha256:
        raise UnfitRun(f"{weights} is missing or not the file that the run {record.name} wrote (other SHA-256)")
    config = TrainingConfig.model_validate(record.config)
    parameters = _parameters(config, weights)
    return FinishedRun(record, config, weights, written.sha256, parameters, measured_in(folder, written.sha256))


def plugin_of(name: str, run: FinishedRun) -> str:
    """The source of the plug-in, with the parts of the run's network and its view of a face."""
    parts = run.config.network
    return PLUGIN.format(
        name=name,
        run=run.record.name,
        srm=parts.srm,
        frequency=parts.frequency,
        pooling=parts.pooling,
        margin=run.config.pairs.margin,
    )


def settings_of(run: FinishedRun) -> str:
    """The settings of a run as JSON that may leave this machine: of an absolute path only the last name is kept."""
    return json.dumps(_portable(run.config.model_dump()), indent=2, ensure_ascii=False) + "\n"


def _portable(value: Any) -> Any:
    if isinstance(value, Path):
        return value.name if value.is_absolute() else value.as_posix()
    if isinstance(value, dict):
        return {key: _portable(one) for key, one in value.items()}
    return [_portable(one) for one in value] if isinstance(value, list | tuple) else value


def card_of(
    name: str,
    run: FinishedRun,
    *,
    calibration: Calibration | None = None,
    looks_for: Sequence[ManipulationKind] = (),
) -> dict[str, Any]:
    """The card of a run, without a word that its record, its settings or its measurement does not back.

    ``calibration`` takes the place of the one that was measured with the run; ``looks_for`` that of the kinds of
    manipulation that its families and collections name.

    Raises:
        UnfitRun: nothing tells what it looks for.
    """
    record, config, measured = run.record, run.config, run.measured
    fit = calibration or (measured.calibration if measured else None)
    say = "it has a say" if fit else "not calibrated, so it is shown and has no say"
    state = f"{record.state}, {record.step} of {record.steps} steps, seed {record.seed}"
    return {
        "spec": _spec(name, run, looks_for or _looked_for(run)),
        "lifecycle": "experimental",
        "lifecycle_reason": f"weights of the training run {record.name} ({state}); {say}",
        "summary": _summary(config),
        "references": [_REFERENCE],
        "training_data": [data.model_dump(mode="json") for data in described(config)],
        "figures": [figure.model_dump(mode="json", exclude_none=True) for figure in figures_of(record, measured)],
        "seeds": [record.seed],
        "calibration": fit.model_dump(mode="json", exclude_defaults=True) | {"method": fit.method} if fit else None,
        "thresholds": measured.limits.model_dump() if measured and measured.limits and not calibration else None,
        "blind_spots": _blind_spots(config),
        "not_for": ["a decision on its own", f"faces under {round(config.pairs.least_face_px)} px"],
        "weights": [{"file": f"{name}.safetensors", "sha256": run.sha256, "bytes": run.weights.stat().st_size}],
        "shipped": True,
        "cost": {"parameters": run.parameters},
        "licences": {"code": "not stated yet", "weights": "not stated yet"},
    }


_REFERENCE = (
    "Sandler, Howard, Zhu, Zhmoginov, Chen: MobileNetV2: Inverted Residuals and Linear Bottlenecks. CVPR 2018. "
    "arXiv:1801.04381"
)
_KINDS = {
    "self_blend": "face_swap",
    "face_swap": "face_swap",
    "mouth": "lip_sync",
    "mouth_warp": "lip_sync",
    "rerender": "reenactment",
}
# Roessler et al. 2019, "FaceForensics++": Deepfakes, FaceSwap, Face2Face, NeuralTextures, whose videos dessa mixes as
# well; Dolhansky et al. 2020, "The DeepFake Detection Challenge (DFDC) Dataset": face swaps.
_KINDS_OF_LAYOUTS = {
    "faceforensics": ("face_swap", "reenactment"),
    "dessa": ("face_swap", "reenactment"),
    "dfdc": ("face_swap",),
}


def _parameters(config: TrainingConfig, weights: Path) -> int:
    try:
        network = loaded(OriginalNetwork(make=lambda: FaceNetwork(Parts(**config.network.model_dump()))), weights)
    except WrongWeights as why:
        raise UnfitRun(str(why)) from why
    return sum(parameter.numel() for parameter in network.parameters())


def _looked_for(run: FinishedRun) -> list[str]:
    """The kinds of manipulation that the published layouts and our own families consist of."""
    families = [_KINDS[one] for one in _families(run.config) if one in _KINDS]
    collections = _collections(run.config)
    unnamed = sorted({one.kind for one in collections} - _KINDS_OF_LAYOUTS.keys())
    published = [kind for one in collections for kind in _KINDS_OF_LAYOUTS.get(one.kind, ())]
    kinds = list(dict.fromkeys([*families, *published]))
    if unnamed or not kinds:
        what = f"a collection of the layout {' or '.join(unnamed)}" if unnamed else ", ".join(_families(run.config))
        raise UnfitRun(
            f"nothing tells which kinds of manipulation the run {run.record.name} learned from {what}; name them with "
            f"--looks-for, such as --looks-for {get_args(ManipulationKind)[0]}"
        )
    return kinds


def _spec(name: str, run: FinishedRun, looks_for: Sequence[str]) -> dict[str, Any]:
    pairs = run.config.pairs
    return {
        "name": name,
        "version": "0.1.0",
        "title": name.replace("_", " ").capitalize(),
        "looks_for": list(looks_for),
        "demand": {
            "detector": name,
            "frames_per_second": 2.0,
            "min_frames": 32,
            "margin": round(pairs.margin + _VIEW_TO_CROP, 3),
            "min_face_px": max(1, round(pairs.least_face_px)),
        },
        "input_px": pairs.input_px,
        "origin": f"trained with Telltale {run.record.versions.telltale}, run {run.record.name}",
        "licence": "not stated yet",
        "fusion_weight": _SAYS,
    }


def _collections(config: TrainingConfig) -> tuple[Collection, ...]:
    """Those that it learned from."""
    return config.data.collections if config.data.labelled_share or config.data.portraits is None else ()


def _families(config: TrainingConfig) -> list[str]:
    only_collections = config.data.collections and config.data.labelled_share == 1.0
    return [] if only_collections or config.data.portraits is None else sorted(config.pairs.families)


def _summary(config: TrainingConfig) -> str:
    parts = [
        *(["residuals of fixed high-pass filters"] if config.network.srm else []),
        *(["block spectra"] if config.network.frequency else []),
        *(["weighted pooling"] if config.network.pooling == "weighted" else []),
    ]
    schedule = config.schedule
    return (
        f"MobileNetV2{' with ' + ', '.join(parts) if parts else ''} over single faces of {config.pairs.input_px} px; "
        f"{schedule.loss} loss, learning rate {schedule.learning_rate:g}, {schedule.pairs_per_step} pairs per step, "
        f"averaged weights (decay {schedule.average_decay:g}). All settings: {CONFIG} in its package."
    )


def _blind_spots(config: TrainingConfig) -> list[str]:
    learned = [*_families(config), *(collection.kind for collection in _collections(config))]
    return [
        f"manipulations unlike those that it learned from ({', '.join(dict.fromkeys(learned)).replace('_', ' ')}): "
        "nobody has measured them",
        "it judges single pictures: nothing that shows only over time is seen",
    ]
