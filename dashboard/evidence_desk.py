"""A verdict and its crops in, the controls of the player, the timeline and the people of an item page out.

All of them move the one player of the page. Their script lies beside this file: a seek happens in the browser, at once,
and puts the moment into the address, so that a link leads to it.
"""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import streamlit as st
from streamlit.components.v2 import component

from contracts.messages import Evidence, MediaVerdict, TrackVerdict
from contracts.vocabulary import MediaKind
from dashboard import charts, marks, wording
from dashboard.evidence_pictures import Wanted, wanted_of
from dashboard.look import asset
from dashboard.view_models import MOST_LANES, duration_of, lanes_of

RATES = (0.25, 0.5, 1.0, 1.5, 2.0)
_CROPS_IN_A_ROW = 6
_SIDES = ((True, "Points to manipulation most"), (False, "Points to manipulation least"))


def mount(part: str, html: str, *, duration_s: float = 0.0, frame_s: float = 0.04) -> None:
    """Show a part of the desk; ``part`` is its name on the page, ``html`` has every value escaped."""
    data = {"html": html, "duration_s": duration_s, "frame_s": frame_s, "left": charts.LEFT, "right": charts.RIGHT}
    _component()(data={**data, "width": charts.TIMELINE_WIDTH}, key=f"desk_{part}")


@st.cache_resource
def _component() -> Any:
    frame = '<div class="tt-desk"></div>'
    return component("telltale_desk", html=frame, css=asset("desk.css"), js=asset("desk.js"))


def controls_html() -> str:
    """Speed, single frames and volume, for whoever looks closely."""
    speeds = "".join(
        f'<button type="button" data-rate="{rate:g}" aria-pressed="false">{rate:g}×</button>' for rate in RATES
    )
    return (
        '<div class="tt-controls" role="group" aria-label="Player">'
        '<button type="button" data-do="play" class="tt-play">Play</button>'
        '<button type="button" data-do="back" aria-label="One frame back">− frame</button>'
        '<button type="button" data-do="on" aria-label="One frame on">+ frame</button>'
        f'<span class="tt-group" role="group" aria-label="Speed">{speeds}</span>'
        '<label class="tt-volume">Volume <input type="range" min="0" max="100" value="100" data-volume></label>'
        '<output class="tt-position" aria-label="Position"></output></div>'
    )


def timeline_html(verdict: MediaVerdict) -> str:
    """The timeline as a control: a click or an arrow key moves the player."""
    lanes, duration_s = lanes_of(verdict), duration_of(verdict)
    drawing = charts.timeline(lanes, duration_s=duration_s, thresholds=verdict.thresholds)
    return (
        '<div class="tt-timeline" tabindex="0" role="slider" aria-label="Position in the media" aria-valuemin="0" '
        f'aria-valuemax="{duration_s:.1f}" aria-valuenow="0">{drawing}</div>'
    )


def has_scores(verdict: MediaVerdict) -> bool:
    """Whether any span of any person carries a probability."""
    return any(lane.points for lane in lanes_of(verdict))


def hidden_people(verdict: MediaVerdict) -> int:
    """How many people the timeline leaves out."""
    return max(0, len(verdict.tracks) - MOST_LANES)


def people_html(verdict: MediaVerdict, pictures: Mapping[Wanted, bytes]) -> str:
    """Per person: the verdict, and the crops that pulled it up or down most; a click on one moves the player."""
    can_jump = verdict.media.kind is MediaKind.VIDEO
    return "".join(_person(track, pictures, can_jump=can_jump) for track in verdict.tracks)


def _person(track: TrackVerdict, pictures: Mapping[Wanted, bytes], *, can_jump: bool) -> str:
    seen = f"{wording.clock(track.start)}–{wording.clock(track.end)}" if can_jump else ""
    frames = f"{track.face_frames} frames" if track.face_frames and can_jump else ""
    height = f"face {track.face_height_px:.0f} px high" if track.face_height_px else ""
    odds = wording.frequency_range(track.probability) if track.probability else ""
    quiet = " · ".join(part for part in (odds, seen, frames, height) if part)
    strips = "".join(
        _strip(title, [one for one in track.evidence if one.incriminating is side], pictures, can_jump=can_jump)
        for side, title in _SIDES
    )
    return (
        f'<section class="tt-person"><p><b>{wording.person(track.id)}</b>{marks.verdict_chip(track.verdict)}'
        f'<span class="tt-quiet">{escape(quiet)}</span></p><div class="tt-strips">{strips}</div></section>'
    )


def _strip(title: str, evidence: Sequence[Evidence], pictures: Mapping[Wanted, bytes], *, can_jump: bool) -> str:
    shown = [one for one in evidence if wanted_of(one) in pictures][:_CROPS_IN_A_ROW]
    if not shown:
        return ""
    crops = "".join(_crop(one, pictures[wanted_of(one)], can_jump=can_jump) for one in shown)
    return f'<div><h4>{title}</h4><div class="tt-crops">{crops}</div></div>'


def _crop(one: Evidence, picture: bytes, *, can_jump: bool) -> str:
    data = b64encode(picture).decode("ascii")
    words = f"{wording.out_of_100(one.probability)} in 100"
    image = f'<img alt="Face at {wording.clock(one.pts_s)}, {words}" src="data:image/jpeg;base64,{data}">'
    moment = (
        f'<button type="button" data-seek="{one.pts_s:.3f}" aria-label="Go to {wording.clock(one.pts_s)}">'
        f"{wording.clock(one.pts_s)}</button>"
        if can_jump
        else ""
    )
    return f"<figure>{image}<figcaption>{words}</figcaption>{moment}</figure>"


def drawing_html(drawing: str) -> str:
    """A drawing that only stands there."""
    return f'<div class="tt-drawing">{drawing}</div>'
