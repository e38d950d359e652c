"""The grounds of a verdict: the media itself, scores over time, single detectors and the crops that decided."""

from collections.abc import Mapping, Sequence

import streamlit as st

from contracts.messages import Evidence, MediaFacts, MediaVerdict, TrackVerdict
from contracts.vocabulary import MediaKind
from dashboard import charts, marks, wording
from dashboard.evidence_pictures import NoPicture, Wanted, crops_of, wanted_of
from dashboard.media_source import NothingToPlay, codec_note, media_file, mime_type_of, upright_picture
from dashboard.projection import ItemDocuments, name_of
from dashboard.session import media_cache, set_address_value, watched_bucket, work_bucket
from dashboard.view_models import (
    DETECTOR_HEAD,
    LANE_HEAD,
    MOST_LANES,
    detector_bars,
    detector_table,
    duration_of,
    lanes_of,
    track_table,
)

_CROPS_IN_A_ROW = 6


def draw_player(item: ItemDocuments, moment_s: float) -> None:
    """The media as it was judged, or one sentence that says why it cannot be shown."""
    if item.uploaded is None:
        return
    known = item.verdict or item.extracted
    media = known.media if known else MediaFacts()
    if media.kind not in (MediaKind.VIDEO, MediaKind.IMAGE):
        return
    try:
        file = media_file(watched_bucket(), item.uploaded, media_cache())
        if media.kind is MediaKind.IMAGE:
            st.image(upright_picture(file), caption=name_of(item.uploaded.key))
            return
        st.video(str(file), format=mime_type_of(media), start_time=moment_s, alt=name_of(item.uploaded.key))
    except NothingToPlay as why:
        st.html(f'<div class="tt-empty">{marks.paragraph(str(why))}</div>')
        return
    note = codec_note(media)
    if note:
        st.caption(note)


def draw_timeline(verdict: MediaVerdict, moment_s: float) -> None:
    """Scores over the media's time, one lane per face track, and the same as a table."""
    st.subheader("Scores over time")
    lanes = lanes_of(verdict)
    duration_s = duration_of(verdict)
    if any(lane.points for lane in lanes):
        drawn = charts.timeline(lanes, duration_s=duration_s, thresholds=verdict.thresholds, now_s=moment_s or None)
        for lane, chart in zip(lanes, drawn, strict=True):
            st.altair_chart(chart, key=f"lane_{lane.track_id}", alt=f"Probability over time, {lane.title}")
        band = " Grey band: no call either way." if verdict.thresholds else ""
        st.caption(f"Height: calibrated probability, 0 to 1.{band} Hatched: not scored.")
    else:
        st.caption("No calibrated score over time: see the table of detectors for why.")
    hidden = len(verdict.tracks) - len(lanes)
    with st.expander(
        "The same as a table" + (f" ({hidden} more people than the {MOST_LANES} drawn)" if hidden else "")
    ):
        st.html(marks.table(LANE_HEAD, track_table(verdict), caption="Every person that was followed"))


def draw_detectors(verdict: MediaVerdict) -> None:
    """Each detector on the common axis, and everything that is known of it as a table."""
    st.subheader("Detectors")
    chart = charts.detector_chart(detector_bars(verdict), thresholds=verdict.thresholds)
    st.altair_chart(chart, key="detectors", alt="Result of each detector; the table below says the same")
    if warning := wording.untrained(verdict.detectors):
        st.warning(warning, icon=":material/science:")
    st.html(marks.table(DETECTOR_HEAD, detector_table(verdict), caption="Every detector of this deployment"))


def draw_people(verdict: MediaVerdict) -> None:
    """Per face track: the verdict on it, and the crops that pulled it up or down most."""
    st.subheader("People and evidence")
    every = [evidence for track in verdict.tracks for evidence in track.evidence]
    pictures: Mapping[Wanted, bytes] = {}
    if every:
        try:
            pictures = _pictures(tuple(evidence.model_dump_json() for evidence in every))
        except NoPicture as why:
            st.caption(str(why))
    for track in verdict.tracks:
        _draw_person(track, pictures, can_jump=verdict.media.kind is MediaKind.VIDEO)


@st.cache_data(max_entries=64, show_spinner="Fetching the evidence crops")
def _pictures(evidence: Sequence[str]) -> dict[Wanted, bytes]:
    return crops_of(work_bucket(), [Evidence.model_validate_json(one) for one in evidence])


def _draw_person(track: TrackVerdict, pictures: Mapping[Wanted, bytes], *, can_jump: bool) -> None:
    seen = f" · {wording.clock(track.start)}–{wording.clock(track.end)}" if can_jump else ""
    odds = f" · {wording.frequency_range(track.probability)}" if track.probability else ""
    st.html(
        f"<p><b>{wording.person(track.id)}</b>{seen} &nbsp; {marks.verdict_chip(track.verdict)}"
        f'<span class="tt-quiet">{odds}</span></p>'
    )
    sides = (
        ("Points to manipulation most", [one for one in track.evidence if one.incriminating]),
        ("Points to manipulation least", [one for one in track.evidence if not one.incriminating]),
    )
    left, right = st.columns(2, gap="large")
    for column, (title, evidence) in zip((left, right), sides, strict=True):
        with column:
            _draw_strip(title, track, evidence, pictures, can_jump=can_jump)


def _draw_strip(
    title: str,
    track: TrackVerdict,
    evidence: Sequence[Evidence],
    pictures: Mapping[Wanted, bytes],
    *,
    can_jump: bool,
) -> None:
    shown = [one for one in evidence if wanted_of(one) in pictures][:_CROPS_IN_A_ROW]
    if not shown:
        return
    st.caption(title)
    for column, one in zip(st.columns(_CROPS_IN_A_ROW), shown, strict=False):
        with column:
            st.image(pictures[wanted_of(one)], width="stretch")
            st.caption(f"{wording.out_of_100(one.probability)} in 100")
            label = wording.clock(one.pts_s)
            if can_jump and st.button(label, key=f"jump_{track.id}_{one.incriminating}_{one.pts_s}", width="stretch"):
                set_address_value("t", f"{one.pts_s:.2f}")
                st.rerun()
