"""A finished run in, everything that its card says in numbers out: unseen people, clips, calibration, false alarms."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import structlog
import torch

from detectors.calibration import Calibration
from detectors.networks.mobilenet_v2 import MobileNetV2
from detectors.training.clip_scores import VARIANTS, ClipScore, LogitsOf, score_clips
from detectors.training.clip_split import ClipSplit
from detectors.training.configuration import TrainingConfig
from detectors.training.face_store import ClipFaces, PortraitFaces
from detectors.training.fitting import fit_calibration, limit_for, probabilities
from detectors.training.forged_clips import score_forged_clips
from detectors.training.held_out import ScoredPairs, figures_of, score_pairs
from detectors.training.measuring import auc, log_loss, logits_of, share_at_or_above
from detectors.training.pairs import PairMaker
from detectors.training.people import Split
from detectors.weights import load_strictly, sha256_of

PEOPLE_PAIRS = 300
FIT_PAIRS = 300
LOWER_FALSE_ALARMS, UPPER_FALSE_ALARMS = 0.10, 0.02
_NOBODY = 10_000_019  # seeds of pairs that are measured; far from those that are learned from

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Material:
    """What a run is measured on: people by part, clips by part, and clips that are known to be manipulated."""

    people: Split
    clips: ClipSplit
    genuine_clips: tuple[Path, ...]
    manipulated_clips: tuple[Path, ...]

    def named(self, names: Sequence[str]) -> list[Path]:
        return [clip for clip in self.genuine_clips if clip.stem in names]


class Evaluation:
    """Measures one weights file; every part can be asked for by itself."""

    def __init__(self, config: TrainingConfig, weights: Path, material: Material) -> None:
        self.config, self.material, self.weights = config, material, weights
        network = MobileNetV2()
        load_strictly(network, weights)
        self._logits_of: LogitsOf = partial(logits_of, network.eval())
        self._view = {"margin": config.pairs.margin, "size_px": config.pairs.input_px}

    def people(self, *, pairs: int = PEOPLE_PAIRS) -> list[dict[str, Any]]:
        """Areas under the curve on people that are reported on."""
        maker = self._maker(self.material.people.test, ())
        return [asdict(figure) for figure in figures_of(maker, self._logits_of, pairs=pairs)]

    def clips(self, clips: Sequence[Path], variants: int = len(VARIANTS)) -> list[ClipScore]:
        """Scores of clips, as they are and encoded once more."""
        return score_clips(clips, VARIANTS[:variants], self.config.data.cache, self._logits_of, **self._view)

    def forged(self, names: Sequence[str], donors: PortraitFaces) -> list[ClipScore]:
        """Scores of genuine clips after each family of manipulation."""
        faces = ClipFaces(names, self.config.data.cache)
        return score_forged_clips(names, faces, donors, self._logits_of, **self._view)

    def pictures(self, *, pairs: int = FIT_PAIRS) -> ScoredPairs:
        """Logits of pictures of the people that the calibration is fitted on."""
        maker = self._maker(self.material.people.calibrate, ())
        return score_pairs([maker.make(index) for index in range(pairs)], self._logits_of)

    def donors(self, part: str) -> PortraitFaces:
        return PortraitFaces(getattr(self.material.people, part), self.config.data.cache)

    def _maker(self, people: Sequence[Any], clips: Sequence[str]) -> PairMaker:
        cache = self.config.data.cache
        faces, footage = PortraitFaces(people, cache), ClipFaces(clips, cache)
        return PairMaker(faces, footage, self.config.pairs, seed=self.config.seed + _NOBODY)


def measure(config: TrainingConfig, weights: Path, material: Material) -> dict[str, Any]:
    """All figures of a weights file, ready to be written as JSON."""
    torch.set_num_threads(config.threads)
    run = Evaluation(config, weights, material)
    calibration, limits, fitted = _fitted(run)
    log.info("fitted", a=calibration.a, b=calibration.b, **limits)
    split = material.clips
    genuine, manipulated = run.clips(material.named(split.report)), run.clips(material.manipulated_clips, 4)
    forged = run.forged(split.report, run.donors("test"))
    log.info("scored clips", genuine=len(genuine), manipulated=len(manipulated), forged=len(forged))
    return {
        "weights_sha256": sha256_of(weights),
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "calibration": calibration.model_dump(mode="json"),
        "thresholds": limits,
        "fit": fitted,
        "clips": _clip_figures(calibration, limits, genuine, manipulated, forged),
        "people": run.people(),
        "scores": [
            {"label": label, **asdict(score), "probability": probabilities(calibration, [score.logit])[0]}
            for label, scores in (("genuine", genuine), ("manipulated", manipulated), ("forged by us", forged))
            for score in scores
        ],
    }


def _fitted(run: Evaluation) -> tuple[Calibration, dict[str, float], dict[str, Any]]:
    names = run.material.clips.calibrate
    pictures, clips = run.pictures(), run.clips(run.material.named(names))
    forged = run.forged(names, run.donors("calibrate"))
    genuine = [*pictures.genuine.tolist(), *(score.logit for score in clips)]
    manipulated = [*pictures.manipulated.tolist(), *(score.logit for score in forged)]
    told = (
        f"{len(pictures.people)} pairs of portraits of {len(set(pictures.people))} people, {len(names)} genuine clips "
        f"in {len(VARIANTS)} encodings each, and the same clips manipulated in {len(forged) // max(1, len(names))} "
        "ways; nobody of them was learned from"
    )
    at = datetime.now(UTC).replace(microsecond=0)
    calibration = fit_calibration(genuine, manipulated, name=f"telltale-{at:%Y-%m-%d}", fitted_on=told, at=at)
    p = probabilities(calibration, genuine)
    limits = {"lower": limit_for(p, LOWER_FALSE_ALARMS), "upper": limit_for(p, UPPER_FALSE_ALARMS)}
    q = probabilities(calibration, manipulated)
    truth = [False] * len(p) + [True] * len(q)
    return (
        calibration,
        limits,
        {"log_loss": log_loss([*p, *q], truth), "hits_upper": share_at_or_above(q, limits["upper"])},
    )


def _clip_figures(
    calibration: Calibration,
    limits: dict[str, float],
    genuine: Sequence[ClipScore],
    manipulated: Sequence[ClipScore],
    forged: Sequence[ClipScore],
) -> dict[str, Any]:
    p = probabilities(calibration, [score.logit for score in genuine])
    as_is = [score.logit for score in genuine if score.variant == VARIANTS[0].name]
    areas = {
        kind: auc(as_is, [score.logit for score in scores]) for kind, scores in _by_kind(manipulated, forged).items()
    }
    rates = {
        f"{name} {variant.name}": share_at_or_above(
            [value for value, score in zip(p, genuine, strict=True) if score.variant == variant.name], limit
        )
        for name, limit in limits.items()
        for variant in VARIANTS
    }
    overall = {name: share_at_or_above(p, limit) for name, limit in limits.items()}
    return {
        "genuine_clips": len({score.clip for score in genuine}),
        "genuine_items": len(p),
        "auc": areas,
        "false_alarms": overall,
        "false_alarms_by_encoding": rates,
        "median_genuine_logit": float(np.median(as_is)),
    }


def _by_kind(manipulated: Sequence[ClipScore], forged: Sequence[ClipScore]) -> dict[str, list[ClipScore]]:
    as_is = [score for score in manipulated if score.variant == VARIANTS[0].name]
    kinds = {"generated talking heads": [score for score in as_is if "Wav2Lip" not in score.clip]}
    for family in dict.fromkeys(score.variant for score in forged):
        kinds[f"self-made {family}"] = [score for score in forged if score.variant == family]
    return {kind: scores for kind, scores in kinds.items() if scores}
