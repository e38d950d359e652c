"""The detectors of this machine in; which there are, how they fare, and their cards out."""

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel

import detectors
from contracts.vocabulary import DetectorStatus, MediaKind
from dashboard import recent_answers
from dashboard.api.callers import Here, Viewer
from dashboard.api.context import Context
from dashboard.api.problems import not_found
from detectors.calibration.stored import in_force

router = APIRouter(prefix="/v1/detectors", tags=["detectors"])
Name = Annotated[str, Path(max_length=100)]


class Health(BaseModel):
    """How a detector answered on the latest finished items, and whether it can run on the machine of this server."""

    can_run_here: bool
    detail: str
    looked_at_items: int
    answers: dict[DetectorStatus, int]
    untrained_answers: int
    median_ms: float | None


class Detector(BaseModel):
    """One detector in short. ``asked``: this deployment asks it about every item that chooses no others."""

    name: str
    title: str
    version: str
    origin: str
    lifecycle: str
    kinds: tuple[MediaKind, ...]
    asked: bool
    has_a_say: bool
    calibration: str
    health: Health


class DetectorWithCard(Detector):
    """The same with its whole card: training, figures, blind spots, costs, licences."""

    card: dict[str, Any]


@router.get("")
def list_detectors(here: Here, _: Viewer) -> list[Detector]:
    """Every detector that is installed with the server of this API."""
    answers = recent_answers.of(here.engine)
    return [Detector(**_facts(here, name, answers)) for name in detectors.names()]


@router.get("/{name}")
def show_detector(here: Here, _: Viewer, name: Name) -> DetectorWithCard:
    """One detector with its card."""
    if name not in detectors.names():
        raise not_found("No detector has this name.")
    facts = _facts(here, name, recent_answers.of(here.engine))
    return DetectorWithCard(**facts, card=detectors.card(name).model_dump(mode="json"))


def _facts(here: Context, name: str, answers: recent_answers.RecentAnswers) -> dict[str, Any]:
    card = detectors.card(name)
    calibration = in_force(card, here.weights)
    return {
        "name": name,
        "title": card.spec.title,
        "version": card.spec.version,
        "origin": card.spec.origin,
        "lifecycle": card.lifecycle,
        "kinds": card.spec.demand.kinds,
        "asked": name in here.settings.detector_names,
        "has_a_say": calibration.calibration is not None,
        "calibration": calibration.detail,
        "health": _health(here, name, answers),
    }


def _health(here: Context, name: str, answers: recent_answers.RecentAnswers) -> Health:
    state = detectors.availability(name, here.weights_in_use)
    given = answers.by_detector.get(name, recent_answers.Answers())
    return Health(
        can_run_here=state.available,
        detail=state.detail,
        looked_at_items=answers.items,
        answers=given.by_status,
        untrained_answers=given.untrained,
        median_ms=given.median_ms,
    )
