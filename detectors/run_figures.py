"""The record of a training run and what was measured of its weights in; the figures of a card out."""

import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from detectors.calibration import Calibration
from detectors.cards import Figure, Thresholds
from detectors.training.runs.run_record import RunRecord

MEASURED = "measured.json"
_WATCHED = "pairs and files of the run's own watch part; its weights were chosen by the first figure"
_TRAIN = "telltale train training.json"
_MEASURE = "python -m detectors.training training.json --measure"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class PeopleFigure(_Part):
    """An area under the curve on people that were never seen."""

    family: str
    capture: str
    auc: float
    low: float
    high: float
    pairs: int
    people: int


class Measured(_Part):
    """What is taken over from a measurement: its calibration, limits on the probability, figures on people."""

    weights_sha256: str
    calibration: Calibration | None = None
    limits: Thresholds | None = None
    people: tuple[PeopleFigure, ...] = ()


def measured_in(folder: Path, weights_sha256: str) -> Measured | None:
    """What was measured of these weights in the folder of their run; ``None`` if nothing, or of other weights only.

    Raises:
        pydantic.ValidationError: the file there is no measurement.
    """
    path = folder / MEASURED
    if not path.is_file():
        return None
    told = json.loads(path.read_text(encoding="utf-8"))
    limits = _limits(told.get("thresholds") or {})
    measured = Measured.model_validate({**told, "limits": limits})
    return measured if measured.weights_sha256 == weights_sha256 else None


def calibration_in(path: Path, weights_sha256: str) -> Calibration | None:
    """The calibration in a file, alone or under the key ``calibration``; ``None`` if it is not of these weights.

    Raises:
        pydantic.ValidationError: the file holds no calibration.
    """
    if not path.is_file():
        return None
    told = json.loads(path.read_text(encoding="utf-8"))
    fit = Calibration.model_validate(told.get("calibration", told))
    return fit if fit.weights_sha256 == weights_sha256 else None


def figures_of(record: RunRecord, measured: Measured | None) -> list[Figure]:
    """Figures on people never seen, where they were measured; then those that were watched while it learned."""
    people = [_on_people(row) for row in measured.people] if measured else []
    best = next((seen for seen in record.history if record.best and seen.step == record.best.step), None)
    if best is None:
        return people
    watched = (("watch AUC", best.watch_auc), ("watch LogLoss, uncalibrated", best.watch_log_loss))
    return [
        *people,
        *(
            Figure(
                name=f"{name}, step {best.step}", value=round(value, 4), on=_WATCHED, group="training", command=_TRAIN
            )
            for name, value in watched
        ),
    ]


def _on_people(row: PeopleFigure) -> Figure:
    return Figure(
        name=f"AUC, {row.family.replace('_', ' ')}",
        value=round(row.auc, 3),
        low=round(row.low, 3),
        high=round(row.high, 3),
        on=f"pairs of single pictures of {row.people} people never seen, {row.capture}",
        group="unseen_people",
        n_items=2 * row.pairs,
        command=_MEASURE,
    )


def _limits(told: dict) -> Thresholds | None:
    """Limits stand as numbers or with what they were chosen by."""
    if not {"lower", "upper"} <= told.keys():
        return None
    lower, upper = (one["at"] if isinstance(one, dict) else one for one in (told["lower"], told["upper"]))
    on = told.get("chosen_on", "the calibration items of the run")
    by = f"lowest limits that few enough genuine items reach, on {on}; see {MEASURED} of the run"
    return Thresholds(lower=lower, upper=upper, chosen_by=by)
