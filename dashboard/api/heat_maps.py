"""An evidence crop and a detector in; how far its heat map is, and the picture with its caution and check, out."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

import detectors
from contracts.errors import ObjectMissing
from contracts.messages import Evidence
from dashboard.api.answers import evidence_of
from dashboard.api.callers import Here, Viewer
from dashboard.api.context import Context
from dashboard.api.items import MediaId, known_item
from dashboard.api.problems import Refused, not_found, unfit
from dashboard.evidence_pictures import NoPicture
from dashboard.heat_map_line import Asked, LineIsFull, NoHeatMap
from dashboard.heat_pictures import CAUTION, check_words, overlaid_png
from detectors.heat_maps import DETECTOR, MOST_LIKENESS, HeatMap

router = APIRouter(prefix="/v1/items/{media_id}/evidence/{number}/heat-map", tags=["evidence"])
Name = Annotated[str, Query(max_length=100, description="The detector whose heat map is asked for.")]
Strength = Annotated[int, Query(ge=0, le=100, description="Strength of the overlay in percent; 0: the face alone.")]
_LOOK_AGAIN_S = "2"
_FULL_S = "30"


class SanityCheck(BaseModel):
    """Whether the map depends on what the network learned: its likeness to the map with random weights.

    ``likeness`` is Spearman's rank correlation; a map is not to be relied on above ``most_likeness``.
    """

    passed: bool
    likeness: float
    most_likeness: float
    words: str


class HeatMapState(BaseModel):
    """How far a heat map is; ``picture`` and ``check`` are there when it is done. ``stage`` is for people."""

    media_id: str
    number: int
    detector: str
    detector_version: str
    state: Literal["computing", "done"]
    stage: str
    elapsed_s: float | None
    caution: str
    check: SanityCheck | None
    picture: str | None


_COMPUTING: dict[int | str, dict[str, Any]] = {
    202: {"model": HeatMapState, "description": "It is being computed; ask again with GET"}
}


@router.post("", response_model=HeatMapState, responses=_COMPUTING)
def ask_for_heat_map(
    here: Here, _: Viewer, media_id: MediaId, number: int, response: Response, detector: Name = DETECTOR
) -> HeatMapState:
    """Ask for the heat map of one evidence crop; it takes some seconds, and once made it is kept as long as the crop.

    409: the detector has no weights here. 410: the crop has expired. 422: the detector has no heat maps. 503: too many
    wait already.
    """
    evidence = _evidence(here, media_id, number, detector)
    found = _found(here, evidence)
    if found is None:
        _require_crop(here, evidence)
        try:
            here.heat_maps.ask(here.work, [evidence])
        except LineIsFull as why:
            raise Refused(503, "heat-maps-busy", "Busy", str(why), headers={"Retry-After": _FULL_S}) from why
    return _told(here, media_id, number, evidence, found, response)


@router.get("", response_model=HeatMapState, responses=_COMPUTING)
def show_heat_map(
    here: Here, _: Viewer, media_id: MediaId, number: int, response: Response, detector: Name = DETECTOR
) -> HeatMapState:
    """How far the heat map is, and the outcome of its check. 404 until somebody asks for it with POST."""
    evidence = _evidence(here, media_id, number, detector)
    return _told(here, media_id, number, evidence, _found(here, evidence), response)


@router.get(
    "/picture",
    response_class=Response,
    responses={200: {"content": {"image/png": {"schema": {"type": "string", "format": "binary"}}}}},
)
def show_picture(
    here: Here, _: Viewer, media_id: MediaId, number: int, detector: Name = DETECTOR, strength: Strength = 60
) -> Response:
    """The face with its map over it. Its text fields hold the caution and the outcome of the check."""
    evidence = _evidence(here, media_id, number, detector)
    found = _found(here, evidence)
    if found is None:
        raise not_found("The heat map is not there yet. Ask for it with POST.")
    data = overlaid_png(found, strength / 100, Detector=f"{detector} {detectors.spec(detector).version}")
    return Response(data, media_type="image/png", headers={"Cache-Control": "private"})


def _evidence(here: Context, media_id: str, number: int, detector: str) -> Evidence:
    every = evidence_of(known_item(here, media_id).verdict)
    if not 0 <= number < len(every):
        raise not_found(f"The verdict names {len(every)} crops, counted from 0.")
    if detector not in detectors.names():
        raise not_found("No detector has this name.")
    if detector != DETECTOR:
        raise unfit(f"There are no heat maps for {detector}, only for {DETECTOR}.")
    state = detectors.availability(detector, here.weights_in_use)
    if not state.available:
        raise Refused(409, "weights-missing", "Weights missing", f"{detector} cannot run here: {state.detail}")
    return every[number][1]


def _require_crop(here: Context, evidence: Evidence) -> None:
    try:
        here.work.stat(evidence.bundle.key)
    except (ObjectMissing, ValueError) as why:
        detail = "The evidence crops have expired, and with them the heat maps. The verdict stands without them."
        raise Refused(410, "gone", "Gone", detail) from why


def _found(here: Context, evidence: Evidence) -> HeatMap | None:
    """The map, if it is made. Raises ``Refused``: its crop has expired since."""
    if kept := here.heat_maps.kept.find(here.work, evidence):
        return kept
    asked = here.heat_maps.asked([evidence])
    if asked is None or asked.has_failed or not asked.is_done:
        return None
    _require_crop(here, evidence)  # a map in memory must not outlive what it shows
    return asked.result()[0]


def _told(
    here: Context, media_id: str, number: int, evidence: Evidence, found: HeatMap | None, response: Response
) -> HeatMapState:
    asked = here.heat_maps.asked([evidence])
    place = f"/v1/items/{media_id}/evidence/{number}/heat-map"
    if found is None:
        if asked is None:
            raise not_found("Nobody has asked for this heat map, or it has expired. Ask for it with POST.")
        _raise_failure(asked)
        response.status_code = 202
        response.headers.update({"Location": f"{place}?detector={DETECTOR}", "Retry-After": _LOOK_AGAIN_S})
    return HeatMapState(
        media_id=media_id,
        number=number,
        detector=DETECTOR,
        detector_version=detectors.spec(DETECTOR).version,
        state="computing" if found is None else "done",
        stage=asked.stage.value if asked and found is None else "done",
        elapsed_s=round(asked.elapsed_s, 1) if asked and found is None else None,
        caution=CAUTION,
        check=_check(found) if found else None,
        picture=f"{place}/picture?detector={DETECTOR}" if found else None,
    )


def _raise_failure(asked: Asked) -> None:
    """Say why there is no map. Raises ``Refused``, ``NotNow``: a store is away."""
    try:
        if asked.has_failed:
            asked.result()
    except NoPicture as why:
        raise Refused(410, "gone", "Gone", str(why)) from why
    except NoHeatMap as why:
        raise Refused(503, "no-heat-map", "No heat map", str(why), headers={"Retry-After": _FULL_S}) from why


def _check(found: HeatMap) -> SanityCheck:
    return SanityCheck(
        passed=found.depends_on_what_was_learned,
        likeness=found.likeness,
        most_likeness=MOST_LIKENESS,
        words=check_words(found),
    )
