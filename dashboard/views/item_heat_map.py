"""The heat maps of one item: asked for by a button, computed apart from the page, shown with their caution."""

from concurrent.futures import Future

import streamlit as st

from contracts.messages import Evidence, MediaVerdict
from dashboard import wording
from dashboard.evidence_pictures import NoPicture
from dashboard.heat_pictures import HeatMapMaker, NoHeatMap, overlaid
from dashboard.session import calm, settings, work_bucket
from detectors.heat_maps import DETECTOR, HeatMap

_CAUTION = (
    "A map shows what pushed the score of the detector up, not what was altered. It is coarse: the network divides a "
    "face into 5 × 5 fields."
)
_MOST = 6
_LOOK_EVERY_S = 1.0


def draw_heat_maps(verdict: MediaVerdict) -> None:
    """A button, then the maps of the most incriminating crops."""
    st.caption(f"{_CAUTION} Computed for the detector {DETECTOR}.")
    evidence = _strongest(verdict)
    asked: dict[str, Future[list[HeatMap]]] = st.session_state.setdefault("heat_maps", {})
    waiting = asked.get(verdict.event_id)
    if waiting is None:
        if not evidence:
            st.caption("There are no evidence crops to compute maps of.")
        elif st.button("Compute heat maps", icon=":material/blur_on:"):
            asked[verdict.event_id] = _maker().ask(work_bucket(), evidence)
            st.rerun()
    elif waiting.done():
        _draw_maps(waiting, evidence)
        if waiting.exception() is not None and st.button("Try again", icon=":material/refresh:"):
            asked.pop(verdict.event_id)
            st.rerun()
    else:
        _wait(waiting)


@st.fragment(run_every=_LOOK_EVERY_S)
@calm
def _wait(waiting: "Future[list[HeatMap]]") -> None:
    st.caption("Computing the maps, twice: with the trained weights and, for the check, with random ones.")
    if waiting.done():
        st.rerun()


@st.fragment
@calm
def _draw_maps(done: "Future[list[HeatMap]]", evidence: list[Evidence]) -> None:
    try:
        maps = done.result()
    except (NoHeatMap, NoPicture) as why:
        st.warning(str(why), icon=":material/blur_off:")
        return
    strength = st.slider("Strength of the overlay", 0, 100, 60, format="%d %%")
    for column, heat_map, one in zip(st.columns(_MOST), maps, evidence, strict=False):
        with column:
            st.image(overlaid(heat_map, strength / 100), width="stretch")
            st.caption(f"{wording.clock(one.pts_s)} · {wording.out_of_100(one.probability)} in 100. {_check(heat_map)}")


def _check(heat_map: HeatMap) -> str:
    if not heat_map.heat.any():
        return "Nothing here pushed the score up."
    if heat_map.depends_on_what_was_learned:
        return f"Check passed: likeness to a random network {heat_map.likeness:.2f}."
    return f"Check failed: a random network gives nearly the same map ({heat_map.likeness:.2f}). Do not rely on it."


def _strongest(verdict: MediaVerdict) -> list[Evidence]:
    every = [one for track in verdict.tracks for one in track.evidence]
    return sorted(every, key=lambda one: -one.probability)[:_MOST]


@st.cache_resource
def _maker() -> HeatMapMaker:
    return HeatMapMaker(settings().home.expanduser().absolute() / "weights")
