"""What ``--measure`` writes, with one area in place of all figures, for whatever reads it."""

from detectors.training.measuring.alarm_rates import ANY
from detectors.training.measuring.held_out import CAPTURES


def measured_with(area: float) -> dict:
    """The figures of a run whose areas are all ``area`` and that called no genuine clip."""
    interval = {"low": area - 0.1, "high": area + 0.05}
    rate = {"of": "telltale", "at": 0.9, "clips": 10, "alarms": 0, "share": 0.0, "upper_bound": 0.259}
    score = {"clip": "c", "variant": "as is", "logit": -1.0, "faces": 4, "probability": 0.2, "panel": [516, 1028]}
    found = {
        "limits_from": "measured",
        "alarm_rates": [
            {**rate, "limit": limit, "variant": variant} for limit in ("lower", "upper") for variant in ("as is", ANY)
        ],
        "generated": [{"variant": "as is", "clips": 12, "auc": area, "called": 0.25, **interval}],
        "generated_scores": [score],
    }
    honest = {name: {"value": 0.3, "low": 0.2, "high": None} for name in ("log_loss", "brier", "ece")}
    return {
        "weights_sha256": "0" * 64,
        "split_seed": 7,
        "people": [
            {"family": "all families", "capture": capture, "auc": area, "pairs": 40, "people": 20, **interval}
            for capture in CAPTURES
        ],
        "clips": {"genuine_clips": 10, "of": {"telltale": found, "mesonet": found}},
        "forged_clips": [{"family": "face_swap", "clips": 10, "auc": area, "called": 0.5, **interval}],
        "calibrated": {"on": "people and clips", "items": 90, "before": honest, "after": honest},
        "cost": {"ratio": 1.1, "ms_per_face": 4.4, "plain_ms_per_face": 4.0, "batch": 8, "input_px": 160, "threads": 1},
    }
