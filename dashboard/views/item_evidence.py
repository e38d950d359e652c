"""The grounds of a verdict: the media itself, scores over time, single detectors and the crops that decided."""

from collections.abc import Mapping, Sequence

import streamlit as st

from contracts.messages import Evidence, MediaFacts, MediaVerdict
from contracts.vocabulary import MediaKind
from dashboard import charts, evidence_desk, marks, what_if, wording
from dashboard.custody.expiry import expiry_note
from dashboard.custody.retention import Class
from dashboard.evidence_pictures import NoPicture, Wanted, crops_of
from dashboard.media_source import NothingToPlay, codec_note, media_file, mime_type_of, upright_picture
from dashboard.projection import ItemDocuments, name_of
from dashboard.session import calm, engine, media_cache, watched_bucket, work_bucket
from dashboard.view_models import (
    DETECTOR_HEAD,
    LANE_HEAD,
    MOST_LANES,
    detector_bars,
    detector_table,
    duration_of,
    track_table,
)

_USUAL_RATE = 25.0


def draw_player(item: ItemDocuments, moment_s: float, *, with_controls: bool = True) -> None:
    """The media as it was judged, or one sentence that says why it cannot be shown."""
    if item.uploaded is None:
        return
    known = item.verdict or item.extracted
    media = known.media if known else MediaFacts()
    if media.kind not in (MediaKind.VIDEO, MediaKind.IMAGE):
        if known:
            st.html(f'<div class="tt-empty">{marks.paragraph("There is no picture or video to show.")}</div>')
        return
    try:
        file = media_file(watched_bucket(), item.uploaded, media_cache())
        if media.kind is MediaKind.IMAGE:
            st.image(upright_picture(file), caption=name_of(item.uploaded.key))
            return
        # The moment of the first look at the page: what is watched now must not jump when something else changes.
        start_s = st.session_state.setdefault(f"opened_at_{item.media_id}", moment_s)
        st.video(str(file), format=mime_type_of(media), start_time=start_s, alt=name_of(item.uploaded.key))
    except NothingToPlay as why:
        note = expiry_note(engine(), item.media_id, Class.MEDIA)
        st.html(f'<div class="tt-empty">{marks.paragraph(str(why) + note)}</div>')
        return
    if with_controls:
        evidence_desk.mount("controls", evidence_desk.controls_html(), frame_s=1 / (media.frame_rate or _USUAL_RATE))
    note = codec_note(media)
    if note:
        st.caption(note)


def draw_timeline(verdict: MediaVerdict) -> None:
    """Scores over the media's time, one lane per face track, and the same as a table."""
    st.subheader("Scores over time")
    if evidence_desk.has_scores(verdict):
        evidence_desk.mount("timeline", evidence_desk.timeline_html(verdict), duration_s=duration_of(verdict))
        st.caption("Height: calibrated probability, 0 to 1. A click or the arrow keys move the player.")
    else:
        st.caption("No calibrated score over time: see the table of detectors for why.")
    hidden = evidence_desk.hidden_people(verdict)
    more = f" ({hidden} more people than the {MOST_LANES} drawn)" if hidden else ""
    with st.expander(f"The same as a table{more}"):
        st.html(marks.table(LANE_HEAD, track_table(verdict), caption="Every person that was followed"))


@st.fragment
@calm
def draw_detectors(verdict: MediaVerdict) -> None:
    """Each detector on the common axis; check boxes leave some out, which is told as a what-if and changes nothing."""
    st.subheader("Detectors")
    choosable = [result.name for result in what_if.choosable(verdict)]
    chosen = _chosen(choosable) if len(choosable) > 1 else choosable
    left_out = set(choosable) - set(chosen)
    drawing = charts.detector_bars(detector_bars(verdict), thresholds=verdict.thresholds, left_out=left_out)
    evidence_desk.mount("detectors", evidence_desk.drawing_html(drawing))
    if left_out:
        st.html(f'<p class="tt-what-if" role="status">{marks.inline(what_if.what_if_words(verdict, chosen))}</p>')
    if warning := wording.untrained(verdict.detectors):
        st.warning(warning, icon=":material/science:")
    st.html(marks.table(DETECTOR_HEAD, detector_table(verdict), caption="Every detector of this deployment"))


def _chosen(names: Sequence[str]) -> list[str]:
    st.caption("What if only some counted?")
    with st.container(horizontal=True):
        return [name for name in names if st.checkbox(name, value=True, key=f"what_if_{name}")]


def draw_people(verdict: MediaVerdict) -> None:
    """Per face track: the verdict on it, and the crops that pulled it up or down most."""
    st.subheader("People and evidence")
    every = [evidence for track in verdict.tracks for evidence in track.evidence]
    pictures: Mapping[Wanted, bytes] = {}
    if every:
        try:
            pictures = _pictures(tuple(evidence.model_dump_json() for evidence in every))
        except NoPicture as why:
            st.caption(str(why) + expiry_note(engine(), verdict.media_id, Class.EVIDENCE))
    evidence_desk.mount("people", evidence_desk.people_html(verdict, pictures), duration_s=duration_of(verdict))


@st.cache_data(max_entries=64, show_spinner="Fetching the evidence crops")
def _pictures(evidence: Sequence[str]) -> dict[Wanted, bytes]:
    return crops_of(work_bucket(), [Evidence.model_validate_json(one) for one in evidence])
