"""Weights in, the figures of their card out as one JSON object, other detectors on the very same clips beside them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import structlog
import torch

from detectors.training.configuration import TrainingConfig
from detectors.training.material import Material, require_strangers
from detectors.training.measuring.alarm_rates import alarm_rates
from detectors.training.measuring.areas import auc, auc_interval, share_at_or_above, unpaired_interval
from detectors.training.measuring.calibrating import ScoredPart, as_figures, calibrate, chosen_limits
from detectors.training.measuring.clip_scores import AS_IS, ClipScore, ClipView, panel_of, score_clips
from detectors.training.measuring.evaluation import FIT_PAIRS, PEOPLE_PAIRS, Evaluation, logits, rows
from detectors.training.measuring.forward_cost import forward_cost
from detectors.training.measuring.judged import Judged
from detectors.weights import sha256_of

NAME = "telltale"
_ONLY_THE_MOUTH = "Wav2Lip"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ClipMaterial:
    """The faces of the clips that are reported on."""

    genuine: Sequence[ClipView]
    generated: Sequence[ClipView]


def measure(
    config: TrainingConfig,
    weights: Path,
    material: Material,
    *,
    beside: Sequence[Judged] = (),
    pairs: int = PEOPLE_PAIRS,
    fit_pairs: int = FIT_PAIRS,
) -> dict[str, Any]:
    """All figures of a weights file, ready to be written as JSON; ``beside`` are asked about the same clips.

    Raises:
        LearnedFromThem: the weights learned from people or clips that are measured.
    """
    torch.set_num_threads(config.threads)
    looked_at = require_strangers(material, weights)
    run = Evaluation(config, weights, material, pairs=pairs)
    people, mixed = run.people()
    log.info("scored people", figures=len(people))
    clips = ClipMaterial(run.genuine("report"), run.generated())
    fit = ScoredPart(
        run.pictures(pairs=fit_pairs), run.score(run.genuine("calibrate")), run.forged("calibrate", "calibrate")
    )
    test = ScoredPart(mixed, run.score(clips.genuine), run.forged("report", "test"))
    fitted = calibrate(fit, test, name=NAME)
    limits = chosen_limits(fitted.calibration, fit)
    log.info("fitted", method=fitted.calibration.method, lower=limits["lower"]["at"], upper=limits["upper"]["at"])
    stated = {name: limits[name]["at"] for name in ("lower", "upper")}
    ours = Judged(
        name=NAME, face_logits=run.face_logits, calibration=fitted.calibration, limits=stated, limits_from="measured"
    )
    return {
        **_facts(config, weights, looked_at),
        "network": asdict(run.network.parts),
        "calibration": fitted.calibration.model_dump(mode="json"),
        "thresholds": limits,
        "calibrated": as_figures(fitted, test),
        "people": rows(people),
        "clips": _clip_figures(ours, beside, clips, config.data.panels),
        "forged_clips": forged_figures(ours, test),
        "cost": {**forward_cost(run.network, input_px=config.pairs.input_px), "bytes": weights.stat().st_size},
    }


def _facts(config: TrainingConfig, weights: Path, looked_at: int) -> dict[str, Any]:
    return {
        "weights_sha256": sha256_of(weights),
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "run": config.name,
        "split_seed": config.split_seed,
        "records_checked_for_strangers": looked_at,
    }


def _clip_figures(
    ours: Judged, beside: Sequence[Judged], clips: ClipMaterial, panels: dict[str, tuple[int, int]]
) -> dict[str, Any]:
    found: dict[str, Any] = {"genuine_clips": len({view.clip for view in clips.genuine}), "of": {}}
    for judged in (ours, *beside):
        genuine, generated = (score_clips(views, judged.face_logits) for views in (clips.genuine, clips.generated))
        found["of"][judged.name] = {
            "limits": judged.limits,
            "limits_from": judged.limits_from,
            "alarm_rates": rows(alarm_rates(judged, genuine)),
            "generated": generated_figures(judged, genuine, generated),
            "genuine_scores": scored_rows(judged, genuine, {}),
            "generated_scores": scored_rows(judged, generated, panels),
        }
        log.info("scored clips", of=judged.name, genuine=len(genuine), generated=len(generated))
    return found


def scored_rows(
    judged: Judged, scores: Sequence[ClipScore], panels: dict[str, tuple[int, int]]
) -> list[dict[str, Any]]:
    """Each clip's logit and probability, and the edges of the panel that was looked at."""
    p = judged.probabilities([score.logit for score in scores])
    return [
        {**row, "probability": value, "panel": panel_of(row["clip"], panels)}
        for row, value in zip(rows(scores), p, strict=True)
    ]


def generated_figures(
    judged: Judged, genuine: Sequence[ClipScore], generated: Sequence[ClipScore]
) -> list[dict[str, Any]]:
    """Areas of generated clips against the genuine ones as they are, and how many of them reach the upper limit."""
    real, found = logits(genuine), []
    whole = [score for score in generated if _ONLY_THE_MOUTH not in score.clip]
    for variant in dict.fromkeys(score.variant for score in whole):
        fake = logits(whole, variant)
        low, high = unpaired_interval(real, fake)
        p = judged.probabilities(fake.tolist())
        found.append(
            {
                "variant": variant,
                "clips": len(fake),
                "auc": auc(real, fake),
                "low": low,
                "high": high,
                "called": share_at_or_above(p, judged.limits["upper"]),
            }
        )
    return found


def forged_figures(judged: Judged, test: ScoredPart) -> list[dict[str, Any]]:
    """Areas of genuine clips that we manipulated against the same clips as they are, and the share called."""
    real = {score.clip: score.logit for score in test.genuine if score.variant == AS_IS.name}
    figures = []
    for family in dict.fromkeys(score.variant for score in test.forged):
        both = [score for score in test.forged if score.variant == family and score.clip in real]
        genuine = np.array([real[score.clip] for score in both])
        fake = logits(both, family)
        low, high = auc_interval(genuine, fake, [score.clip for score in both])
        p = judged.probabilities(fake.tolist())
        called = share_at_or_above(p, judged.limits["upper"])
        figures.append(
            {
                "family": family,
                "clips": len(both),
                "auc": auc(genuine, fake),
                "low": low,
                "high": high,
                "called": called,
            }
        )
    return figures
