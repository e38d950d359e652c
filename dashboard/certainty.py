"""A verdict event in; why it is not more certain out, in sentences with the event's own numbers."""

from contracts.messages import MediaVerdict
from contracts.vocabulary import DetectorStatus, MediaKind, Verdict
from dashboard import wording
from dashboard.view_models import duration_of, unscored_spans

_FEW_EFFECTIVE = 1.5
_WIDE_RANGE = 10


def what_limits(verdict: MediaVerdict) -> list[str]:
    """What a reader should know beside the reasons of the verdict; empty where nothing was assessed."""
    if verdict.verdict is Verdict.NOT_ASSESSED:
        return []
    found = [_range(verdict), _effective(verdict), _silent(verdict), _people(verdict), _time(verdict), _frames(verdict)]
    return [sentence for sentence in found if sentence]


def _range(verdict: MediaVerdict) -> str:
    if verdict.probability is None:
        return "No detector with a calibration gave a score, so there is no estimate."
    low, high = (wording.out_of_100(one) for one in (verdict.probability.low, verdict.probability.high))
    if high - low < _WIDE_RANGE:
        return ""
    return (
        f"The estimate ranges from {low} to {high} in 100: single pictures, the detectors, and the files that they "
        "were calibrated on leave that much open."
    )


def _effective(verdict: MediaVerdict) -> str:
    speaking = wording.with_a_say(verdict.detectors)
    if len(speaking) == 1:
        return f"It rests on one detector, {speaking[0].name}; nothing independent confirms it."
    number = verdict.ensemble.effective_n
    if number is not None and speaking and number < _FEW_EFFECTIVE:
        return f"{len(speaking)} detectors have a say, but by their weights they count as {number:.1f}."
    return ""


def _silent(verdict: MediaVerdict) -> str:
    heard = {result.name for result in wording.with_a_say(verdict.detectors)}
    silent = [
        result.name
        for result in verdict.detectors
        if result.name not in heard and result.status is DetectorStatus.SCORED and not result.untrained
    ]
    if not silent:
        return ""
    verb = "has" if len(silent) == 1 else "have"
    return f"{', '.join(silent)} {verb} a score but no calibration, and thus no say."


def _people(verdict: MediaVerdict) -> str:
    unjudged = sum(track.probability is None for track in verdict.tracks)
    if not unjudged or verdict.probability is None:
        return ""
    verb = "was" if unjudged == 1 else "were"
    return f"{unjudged} of {wording.people(len(verdict.tracks))} {verb} not judged: too few or unfit pictures."


def _time(verdict: MediaVerdict) -> str:
    duration_s = duration_of(verdict)
    spans = [(s.start, s.end) for s in verdict.segments if s.confidence is not None]
    if verdict.media.kind is not MediaKind.VIDEO or not spans or duration_s <= 0:
        return ""
    missing_s = sum(end - start for start, end in unscored_spans(spans, duration_s))
    share = round(100 * missing_s / duration_s)
    return f"{share} in 100 parts of the running time have no score (hatched on the timeline)." if share >= 1 else ""


def _frames(verdict: MediaVerdict) -> str:
    quality = verdict.quality
    if quality is None or not quality.sampled_frames or verdict.media.kind is not MediaKind.VIDEO:
        return ""
    if 2 * quality.face_frames >= quality.sampled_frames:
        return ""
    return f"A face shows in only {quality.face_frames} of the {quality.sampled_frames} frames that were looked at."
