"""The heat maps of one item: asked for by a button, computed apart from the page, shown with their caution."""

import streamlit as st

from contracts.messages import Evidence, MediaVerdict
from contracts.settings import DetectSettings
from contracts.vocabulary import MediaKind
from dashboard import wording
from dashboard.evidence_pictures import NoPicture
from dashboard.heat_map_line import Asked, HeatMapMaker, LineIsFull, NoHeatMap
from dashboard.heat_pictures import CAUTION, check_words, overlaid
from dashboard.session import calm, settings, work_bucket
from detectors.heat_maps import DETECTOR

_MOST = 6
_LOOK_EVERY_S = 1.0
_SLIDER_PX = 420


def draw_heat_maps(verdict: MediaVerdict) -> None:
    """A button, then the maps of the most incriminating crops."""
    st.caption(f"{CAUTION} Computed for the detector {DETECTOR}.")
    evidence = _strongest(verdict)
    asked: dict[str, Asked] = st.session_state.setdefault("heat_maps", {})
    waiting = asked.get(verdict.event_id)
    if waiting is None:
        _draw_offer(verdict, evidence, asked)
    elif waiting.is_done:
        _draw_maps(waiting, verdict.media.kind)
        if waiting.has_failed and st.button("Try again", icon=":material/refresh:"):
            asked.pop(verdict.event_id)
            st.rerun()
    else:
        _wait(waiting)


def _draw_offer(verdict: MediaVerdict, evidence: list[Evidence], asked: dict[str, Asked]) -> None:
    if not evidence:
        st.caption("There are no evidence crops to compute maps of.")
    elif st.button("Compute heat maps", icon=":material/blur_on:"):
        try:
            asked[verdict.event_id] = _maker().ask(work_bucket(), evidence)
        except LineIsFull as why:
            st.warning(str(why), icon=":material/hourglass:")
            return
        st.rerun()


@st.fragment(run_every=_LOOK_EVERY_S)
@calm
def _wait(waiting: Asked) -> None:
    st.caption(f"Heat maps: {waiting.stage.value}, {waiting.elapsed_s:.0f} s so far.")
    if waiting.is_done:
        st.rerun()


@st.fragment
@calm
def _draw_maps(done: Asked, kind: MediaKind) -> None:
    try:
        maps = done.result()
    except (NoHeatMap, NoPicture) as why:
        st.warning(str(why), icon=":material/blur_off:")
        return
    with st.container(width=_SLIDER_PX):
        strength = st.slider("Strength of the overlay", 0, 100, 60, format="%d %%")
    for column, heat_map, one in zip(st.columns(_MOST), maps, done.evidence, strict=False):
        with column:
            st.image(overlaid(heat_map, strength / 100), width="stretch")
            st.caption(f"{_place_words(one, kind)} {check_words(heat_map)}")


def _place_words(one: Evidence, kind: MediaKind) -> str:
    odds = f"{wording.out_of_100(one.probability)} in 100."
    return f"{wording.clock(one.pts_s)} · {odds}" if kind is MediaKind.VIDEO else odds


def _strongest(verdict: MediaVerdict) -> list[Evidence]:
    every = [one for track in verdict.tracks for one in track.evidence]
    return sorted(every, key=lambda one: -one.probability)[:_MOST]


@st.cache_resource
def _maker() -> HeatMapMaker:
    return HeatMapMaker(DetectSettings().weights or settings().home.expanduser().absolute() / "weights")
