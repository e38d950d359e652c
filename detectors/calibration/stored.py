"""A calibration fitted here in, its file beside the weights out; and for a detector, which calibration is in force."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from detectors.calibration.curves import Calibration
from detectors.calibration.false_alarms import FalseAlarms
from detectors.cards import DetectorCard, Thresholds
from detectors.weights import availability_of

FILE = "calibration.json"


class Honesty(BaseModel):
    """A figure on identities that were not fitted on, before and after, each with its 95 % limits where there are."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    before: float
    before_limits: tuple[float, float] | None = None
    after: float
    after_limits: tuple[float, float] | None = None


class StoredCalibration(BaseModel):
    """All that ``telltale calibrate`` keeps: the curve, its limits, what they are worth, and how to make it again."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    detector: str
    version: str
    calibration: Calibration
    thresholds: Thresholds
    lower: FalseAlarms
    upper: FalseAlarms
    reported_on: str
    honesty: tuple[Honesty, ...]
    command: str


@dataclass(frozen=True, kw_only=True)
class InForce:
    """The card of a detector with the calibration that counts on this machine, and one sentence about that."""

    card: DetectorCard
    origin: Literal["card", "here", "none"]
    detail: str

    @property
    def calibration(self) -> Calibration | None:
        return self.card.calibration

    def told(self) -> dict[str, str | None]:
        """What a JSON object says of it, besides the card."""
        expires_at = self.calibration.model_dump(mode="json")["expires_at"] if self.calibration else None
        return {
            "calibration_from": self.origin,
            "calibration_in_force": self.detail,
            "calibration_expires_at": expires_at,
        }


def path_of(name: str, weights: Path) -> Path:
    """Where the calibration of a detector lies, shipped or not: in its folder below the fetched weights."""
    return weights / name / FILE


def write(stored: StoredCalibration, weights: Path) -> Path:
    """Put it in place in one step; whoever reads it meanwhile sees the old one or the new one."""
    place = path_of(stored.detector, weights)
    place.parent.mkdir(parents=True, exist_ok=True)
    fresh = place.with_suffix(".part")
    fresh.write_text(stored.model_dump_json(indent=2) + "\n", encoding="utf-8")
    fresh.replace(place)
    return place


def in_force(card: DetectorCard, weights: Path) -> InForce:
    """The calibration of this machine where one lies there for exactly the weights in use, else the card's own.

    Where the weights themselves do not lie here, as beside an aggregator of its own, the scores tell later whether
    they are those of the calibration.
    """
    place = path_of(card.spec.name, weights)
    try:
        stored = StoredCalibration.model_validate_json(place.read_bytes())
    except FileNotFoundError:
        return _of_card(card, "")
    except (OSError, ValidationError) as why:
        return _of_card(card, f"{place} is not used, because it cannot be read as a calibration ({_first(why)}). ")
    refusal = _refusal(stored, card, weights)
    if refusal:
        return _of_card(card, f"The calibration {stored.calibration.id} of {place} is not used: {refusal}. ")
    return InForce(
        card=card.model_copy(update={"calibration": stored.calibration, "thresholds": stored.thresholds}),
        origin="here",
        detail=_told(stored.calibration, f"fitted here ({place})"),
    )


def card_in_force(card: DetectorCard, weights: Path) -> DetectorCard:
    """The card with the calibration and the thresholds that are in force on this machine."""
    return in_force(card, weights).card


def _refusal(stored: StoredCalibration, card: DetectorCard, weights: Path) -> str | None:
    spec, fitted_on = card.spec, stored.calibration.weights_sha256
    if (stored.detector, stored.version) != (spec.name, spec.version):
        return f"it was fitted on {stored.detector} {stored.version}, this is {spec.name} {spec.version}"
    if fitted_on is None:
        return "it does not say which weights it was fitted on"
    here = availability_of(card, weights).weights_sha256
    if here not in (None, fitted_on):
        return f"it was fitted on the weights {fitted_on[:8]}, those of {spec.name} here are {str(here)[:8]}"
    return None


def _of_card(card: DetectorCard, why: str) -> InForce:
    if card.calibration is None:
        told = f"{why}{card.spec.name} has no calibration, so it is shown and has no say in verdicts."
        return InForce(card=card, origin="none", detail=told)
    told = f"{why}{_told(card.calibration, 'of the card')}"
    return InForce(card=card, origin="card", detail=told)


def _told(fit: Calibration, where: str) -> str:
    return f"{fit.id}, {fit.method}, {where}; to be renewed by {fit.expires_at.date().isoformat()}."


def _first(why: OSError | ValidationError) -> str:
    return " ".join(str(why).split())[:160]
