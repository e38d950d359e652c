"""What ``--measure`` wrote in, the figures of a card out: each with what it was measured on and the command for it."""

from collections.abc import Iterator
from typing import Any

from detectors.training.measuring.alarm_rates import ANY

Figure = dict[str, Any]
_DIGITS = 3
_CAPTIONS = {"log_loss": "LogLoss", "brier": "Brier score", "ece": "expected calibration error"}
_NOTES = {"log_loss": "always saying one half gives 0.693", "ece": "ten bins of about equally many items"}


def card_figures(measured: dict[str, Any], command: str) -> list[Figure]:
    """All figures, ours first, then those of detectors that were asked about the same clips."""
    found = [
        *_people(measured["people"]),
        *_clips(measured["clips"]),
        *_forged(measured["forged_clips"]),
        *_calibrated(measured["calibrated"]),
    ]
    return [{**figure, "command": command} for figure in found]


def _people(people: list[dict[str, Any]]) -> Iterator[Figure]:
    for row in people:
        yield {
            "name": f"AUC, {row['family'].replace('_', ' ')}",
            "value": _rounded(row["auc"]),
            "on": f"pairs of single pictures of {row['people']} people never seen, {row['capture']}",
            "group": "unseen_people",
            "n_items": 2 * row["pairs"],
            **_limits(row),
        }


def _clips(clips: dict[str, Any]) -> Iterator[Figure]:
    ours = next(iter(clips["of"]))
    for name, found in clips["of"].items():
        of = {} if name == ours else {"of": name}
        for rate in found["alarm_rates"]:
            yield {**_alarm_rate(rate, found), **of}
        for row in found["generated"]:
            yield {**_generated(row, clips["genuine_clips"]), **of}
        for row in found["generated_scores"]:
            if row["variant"] == "as is":
                yield {**_one_clip(row), **of}


def _alarm_rate(rate: dict[str, Any], found: dict[str, Any]) -> Figure:
    where = f"in at least one of {_encodings(found)} encodings" if rate["variant"] == ANY else rate["variant"]
    meaning = "called likely manipulated" if rate["limit"] == "upper" else "at or above the lower threshold"
    return {
        "name": f"share of genuine clips {meaning}",
        "value": _rounded(rate["share"]),
        "on": f"genuine clips of sources never seen, {where}",
        "group": "genuine_clips",
        "n_items": rate["clips"],
        "high": _rounded(rate["upper_bound"]),
        "note": f"{rate['alarms']} of {rate['clips']} clips at {rate['at']} (threshold: {found['limits_from']}); "
        "the upper end is the one-sided 95 % bound of Clopper and Pearson",
    }


def _encodings(found: dict[str, Any]) -> int:
    return len({rate["variant"] for rate in found["alarm_rates"]} - {ANY})


def _generated(row: dict[str, Any], genuine: int) -> Figure:
    return {
        "name": "AUC per clip, generated talking heads",
        "value": _rounded(row["auc"]),
        "on": f"clips, {row['variant']}, against {genuine} genuine clips of sources never seen; mean logit of a track",
        "group": "generated_clips",
        "n_items": row["clips"] + genuine,
        "note": f"{row['called']:.0%} of them are called likely manipulated",
        **_limits(row),
    }


def _one_clip(row: dict[str, Any]) -> Figure:
    panel = f", only the generated panel (x {row['panel'][0]} to {row['panel'][1]})" if row["panel"] else ""
    return {
        "name": f"probability, {row['clip']}",
        "value": _rounded(row["probability"]),
        "on": f"one generated clip as it is{panel}",
        "group": "generated_clips",
        "n_items": 1,
        "note": f"mean logit {row['logit']:.2f} over {row['faces']} faces",
    }


def _forged(forged: list[dict[str, Any]]) -> Iterator[Figure]:
    for row in forged:
        yield {
            "name": f"AUC per clip, self-made {row['family'].replace('_', ' ')}",
            "value": _rounded(row["auc"]),
            "on": f"{row['clips']} genuine clips of sources never seen against the same clips manipulated by us",
            "group": "forged_clips",
            "n_items": 2 * row["clips"],
            "note": f"{row['called']:.0%} of the manipulated ones are called likely manipulated",
            **_limits(row),
        }


def _calibrated(calibrated: dict[str, Any]) -> Iterator[Figure]:
    for name, after in calibrated["after"].items():
        yield {
            "name": _CAPTIONS[name],
            "value": _rounded(after["value"]),
            "before": _rounded(calibrated["before"][name]["value"]),
            "on": calibrated["on"] + "; nothing was learned from them or fitted on them",
            "group": "calibration",
            "n_items": calibrated["items"],
            **({"note": _NOTES[name]} if name in _NOTES else {}),
            **_limits(after),
        }


def _limits(row: dict[str, Any]) -> dict[str, float]:
    return {edge: _rounded(row[edge]) for edge in ("low", "high") if row[edge] is not None}


def _rounded(value: float) -> float:
    return round(float(value), _DIGITS)
