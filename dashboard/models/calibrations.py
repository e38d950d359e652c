"""Detector names and a folder of weights in; the calibration in force of each, its limits and its worth out."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

import detectors
from detectors.calibration import Calibration
from detectors.calibration.false_alarms import FalseAlarms
from detectors.calibration.stored import InForce, StoredCalibration, in_force, path_of
from detectors.card_text import method_words

_FIGURES = {"log_loss": "LogLoss", "brier": "Brier score", "ece": "calibration error (ECE)"}


@dataclass(frozen=True, kw_only=True)
class Worth:
    """One figure before and after calibration; ``on`` is the data that both were measured on."""

    name: str
    before: float | None
    after: float
    limits: tuple[float, float] | None
    on: str


@dataclass(frozen=True, kw_only=True)
class CalibrationFacts:
    """What a page says of one detector; ``thresholds`` are (lower, upper), ``origin`` one sentence."""

    detector: str
    origin: str
    method: str = "none"
    fitted_on: str = ""
    balance: str = ""
    fitted_at: datetime | None = None
    expires_at: datetime | None = None
    thresholds: tuple[float, float] | None = None
    chosen_by: str = ""
    worth: tuple[Worth, ...] = ()

    @property
    def is_calibrated(self) -> bool:
        return self.expires_at is not None

    def has_expired(self, now: datetime) -> bool:
        """Whether its day has passed; it counts on, and verdicts say so."""
        return self.expires_at is not None and now >= self.expires_at


def calibrations(names: Iterable[str], weights: Path) -> list[CalibrationFacts]:
    """The facts of each detector that is installed here, in the order of ``names``."""
    installed = detectors.names()
    return [_facts(in_force(detectors.card(name), weights), weights) for name in names if name in installed]


def _facts(found: InForce, weights: Path) -> CalibrationFacts:
    name, fit, limits = found.card.spec.name, found.calibration, found.card.thresholds
    if fit is None:
        return CalibrationFacts(detector=name, origin=found.detail)
    stored = _stored(name, weights) if found.origin == "here" else None
    return CalibrationFacts(
        detector=name,
        origin=found.detail,
        method=method_words(fit),
        fitted_on=fit.fitted_on,
        balance=_balance(fit),
        fitted_at=fit.fitted_at,
        expires_at=fit.expires_at,
        thresholds=(limits.lower, limits.upper) if limits else None,
        chosen_by=_chosen_by(limits.chosen_by if limits else "", stored),
        worth=_worth_here(stored) if stored else _worth_of_card(found),
    )


def _balance(fit: Calibration) -> str:
    people = [
        f"{number} {kind}"
        for number, kind in ((fit.genuine_identities, "genuine"), (fit.manipulated_identities, "manipulated"))
        if number is not None
    ]
    of = f" of {' and '.join(people)} people or clips" if people else ""
    return f"{fit.n_items:,} items{of}, {fit.prior:.0%} manipulated"


def _chosen_by(card_words: str, stored: StoredCalibration | None) -> str:
    if stored is None:
        return card_words
    return f"{_alarms('lower', stored.lower)}; {_alarms('upper', stored.upper)}"


def _alarms(which: str, found: FalseAlarms) -> str:
    return (
        f"{which}: wanted {found.wanted:.1%} false alarms, measured {found.measured:.1%} of {found.items:,} "
        f"genuine items of {found.sources:,} sources, at most {found.bound:.1%} at 95 % confidence"
    )


def _worth_here(stored: StoredCalibration) -> tuple[Worth, ...]:
    return tuple(
        Worth(
            name=_FIGURES.get(one.name, one.name),
            before=one.before,
            after=one.after,
            limits=one.after_limits,
            on=stored.reported_on,
        )
        for one in stored.honesty
    )


def _worth_of_card(found: InForce) -> tuple[Worth, ...]:
    return tuple(
        Worth(
            name=figure.name,
            before=figure.before,
            after=figure.value,
            limits=None if figure.low is None or figure.high is None else (figure.low, figure.high),
            on=figure.on,
        )
        for figure in found.card.figures
        if figure.group == "calibration"
    )


def _stored(name: str, weights: Path) -> StoredCalibration | None:
    try:
        return StoredCalibration.model_validate_json(path_of(name, weights).read_bytes())
    except (OSError, ValidationError):
        return None  # it was replaced or taken away since it was found to be in force
