"""Verdict events in, the words that people read out: fixed templates filled with measured facts, nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass

from contracts.messages import DetectorResult, MediaFacts, MediaVerdict, Probability, Problem, TrackVerdict
from contracts.vocabulary import DetectorStatus, Lifecycle, MediaKind, Reason, Verdict


@dataclass(frozen=True, kw_only=True)
class VerdictWords:
    """A verdict on screen: ``word`` for a chip, ``screen`` for a card, ``meaning`` for the page that explains."""

    word: str
    screen: str
    meaning: str


@dataclass(frozen=True, kw_only=True)
class ReasonWords:
    """A reason on screen; ``happened``, ``means`` and ``do`` are one full sentence each."""

    short: str
    happened: str
    means: str
    do: str

    @property
    def advice(self) -> str:
        return f"{self.happened} {self.means} {self.do}"


VERDICT_WORDS: dict[Verdict, VerdictWords] = {
    Verdict.LIKELY_MANIPULATED: VerdictWords(
        word="Likely manipulated",
        screen="Likely manipulated — strong evidence found",
        meaning="Even the cautious end of the estimate lies above the upper threshold of the policy.",
    ),
    Verdict.SOME_EVIDENCE: VerdictWords(
        word="Some evidence",
        screen="Some evidence — needs review",
        meaning="The estimate, or part of its range, lies between the thresholds. A person should look.",
    ),
    Verdict.NO_EVIDENCE_FOUND: VerdictWords(
        word="No evidence found",
        screen="No evidence of manipulation found",
        meaning="The whole range lies under the lower threshold and the picture quality sufficed. "
        "It says what was not found, not what the media is.",
    ),
    Verdict.INCONCLUSIVE: VerdictWords(
        word="Inconclusive",
        screen="Inconclusive",
        meaning="The media was looked at, but quality, disagreement or missing parts forbid a call.",
    ),
    Verdict.NOT_ASSESSED: VerdictWords(
        word="Not assessed",
        screen="Not assessed",
        meaning="No detector applied, or none could run. Nothing is said about the media.",
    ),
}

LIFECYCLE_WORDS: dict[Lifecycle, str] = {
    Lifecycle.RECEIVED: "Received",
    Lifecycle.ANALYSING: "Analysing",
    Lifecycle.PROVISIONAL: "First look",
    Lifecycle.FINAL: "Final",
    Lifecycle.SUPERSEDED: "Revised",
    Lifecycle.FAILED: "Failed",
}

LIFECYCLE_SENTENCES: dict[Lifecycle, str] = {
    Lifecycle.RECEIVED: "It has arrived and waits for its turn.",
    Lifecycle.ANALYSING: "Faces are being looked for and scored. A first look follows.",
    Lifecycle.PROVISIONAL: "A first look. It may change until every detector has answered.",
    Lifecycle.FINAL: "Every detector has answered, or is named as missing.",
    Lifecycle.SUPERSEDED: "A later judgement has replaced an earlier final one.",
    Lifecycle.FAILED: "The pipeline could not finish this item. There is no verdict.",
}

DETECTOR_STATUS_WORDS: dict[DetectorStatus, str] = {
    DetectorStatus.SCORED: "Scored",
    DetectorStatus.NOT_APPLICABLE: "Does not apply",
    DetectorStatus.UNAVAILABLE: "Not available",
    DetectorStatus.FAILED: "Failed",
    DetectorStatus.PENDING: "Working",
}


_LIMITS_THE_CALL = "A call would not be dependable, so none is made."
_NOTHING_SAID = "Nothing is said about the media."

REASON_WORDS: dict[Reason, ReasonWords] = {
    Reason.NO_FACE: ReasonWords(
        short="no face found",
        happened="No face was found in the frames that were looked at.",
        means="Detectors of face manipulation do not apply, so nothing is said about the media.",
        do="If a face is visible, send a longer, sharper or larger copy.",
    ),
    Reason.FACE_TOO_SMALL: ReasonWords(
        short="face too small",
        happened="The faces are smaller than the detectors need.",
        means=_LIMITS_THE_CALL,
        do="Try the original file rather than a messenger or screen copy.",
    ),
    Reason.TOO_FEW_FACE_FRAMES: ReasonWords(
        short="too few frames with a face",
        happened="A face is visible in too few frames.",
        means=_LIMITS_THE_CALL,
        do="Send a longer passage in which the face can be seen.",
    ),
    Reason.HEAVY_COMPRESSION: ReasonWords(
        short="heavy compression",
        happened="The picture is compressed so much that traces of manipulation would be lost.",
        means=_LIMITS_THE_CALL,
        do="Try the original file rather than one sent by messenger. If there is none, have a person review it.",
    ),
    Reason.LOW_LIGHT_OR_BLUR: ReasonWords(
        short="low light or blur",
        happened="The faces are too dark, too glaring or too blurred.",
        means=_LIMITS_THE_CALL,
        do="Send a passage in which the face is evenly lit and in focus, or have a person review it.",
    ),
    Reason.DETECTORS_DISAGREE: ReasonWords(
        short="detectors disagree",
        happened="The detectors contradict each other.",
        means="Their average would hide that, so no call is made.",
        do="Look at the single results below and have a person review the media.",
    ),
    Reason.OUT_OF_DOMAIN: ReasonWords(
        short="unlike the test material",
        happened="To the detectors the faces look unlike those that they were calibrated on.",
        means="Their figures need not hold for such faces, so no call is made.",
        do="Check that a face is in plain view and upright, and have a person review the media.",
    ),
    Reason.UNSTABLE_UNDER_REENCODE: ReasonWords(
        short="result not stable",
        happened="The verdict would be another one after mild re-encoding, as when a file is passed on.",
        means=_LIMITS_THE_CALL,
        do="Try the original file. If this is the original, have a person review it.",
    ),
    Reason.PARTIAL_RESULTS: ReasonWords(
        short="partial results",
        happened="Not every detector could answer.",
        means="The verdict rests on those that did; the missing ones are named and not guessed.",
        do="See the table of detectors for what is missing, then submit the media again.",
    ),
    Reason.TOO_MANY_FACES_CAPPED: ReasonWords(
        short="more faces than followed",
        happened="There are more faces than are followed at a time.",
        means="The verdict covers the faces that were followed and no others.",
        do="Cut out the passage or the person that matters and send that.",
    ),
    Reason.AUDIO_ONLY: ReasonWords(
        short="sound without pictures",
        happened="The file holds sound but no pictures.",
        means="Only faces are looked at here, so nothing is said about it.",
        do="Send the video if there is one.",
    ),
    Reason.UNSUPPORTED_FORMAT: ReasonWords(
        short="unsupported format",
        happened="The content is neither a picture nor a video that can be read here, whatever its name says.",
        means=_NOTHING_SAID,
        do="Send it as MP4, MOV, MKV, WebM, AVI, JPEG, PNG or WebP.",
    ),
    Reason.DECODE_ERROR: ReasonWords(
        short="could not be read in full",
        happened="The file is damaged or incomplete.",
        means="What could not be read is not part of the verdict.",
        do="Fetch the file again from its source and send it once more.",
    ),
    Reason.FILE_TOO_LARGE: ReasonWords(
        short="file too large",
        happened="The file is larger than this deployment accepts.",
        means=_NOTHING_SAID,
        do="Send the passage that matters, cut without encoding it again.",
    ),
    Reason.DURATION_TOO_SHORT: ReasonWords(
        short="too short",
        happened="The video is too short for the detectors.",
        means=_LIMITS_THE_CALL,
        do="Send a longer passage.",
    ),
    Reason.TIMEOUT: ReasonWords(
        short="took too long",
        happened="A part did not answer in time.",
        means="The verdict leaves that part out and names it.",
        do="Submit the media again; if it happens twice, look at the state of the pipeline.",
    ),
    Reason.DETECTOR_UNAVAILABLE: ReasonWords(
        short="detector not available",
        happened="A detector could not run here, for instance because its weights are missing.",
        means="It takes no part in the verdict; its answer is not guessed.",
        do="Run `telltale doctor`; it names the command that mends this.",
    ),
    Reason.CALIBRATION_MISSING: ReasonWords(
        short="no calibration",
        happened="The raw scores of these detectors have not been calibrated.",
        means="They cannot be turned into a probability, so none is shown.",
        do="Use a detector whose card carries a calibration.",
    ),
    Reason.POLICY_SKIPPED: ReasonWords(
        short="skipped by policy",
        happened="The policy of this deployment leaves such media out.",
        means=_NOTHING_SAID,
        do="Ask whoever keeps the policy if it should be looked at.",
    ),
}


def clock(seconds: float) -> str:
    """A moment or duration in the media as ``mm:ss``, from one hour on as ``h:mm:ss``."""
    whole = max(0, int(seconds))
    hours, minutes = divmod(whole // 60, 60)
    tail = f"{minutes:02d}:{whole % 60:02d}"
    return f"{hours}:{tail}" if hours else tail


def counted(number: int, noun: str) -> str:
    """``1 detector``, ``2 detectors``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def out_of_100(share: float) -> int:
    """A probability as a whole number out of 100, never 0 and never 100: no test here could support those."""
    return min(99, max(1, round(share * 100)))


def frequency(share: float) -> str:
    """A probability as people count: ``about 4 in 100``."""
    return f"about {out_of_100(share)} in 100"


def frequency_range(probability: Probability) -> str:
    """The interval of a probability: ``61–88 in 100``."""
    return range_words(probability.low, probability.high)


def range_words(low: float, high: float) -> str:
    """An interval as people count, as one number where its ends round to the same: ``98 in 100``."""
    first, last = out_of_100(low), out_of_100(high)
    return f"{first} in 100" if first == last else f"{first}–{last} in 100"


def person(track_id: int) -> str:
    """The screen name of a face track; tracks are numbered from 0, people from 1."""
    return f"Person {track_id + 1}"


def people(number: int) -> str:
    """``1 person``, ``2 people``."""
    return "1 person" if number == 1 else f"{number} people"


def medium(media: MediaFacts) -> str:
    """The noun for what was sent."""
    return {MediaKind.IMAGE: "picture", MediaKind.VIDEO: "video", MediaKind.AUDIO: "recording"}.get(media.kind, "file")


def limits_title(verdict: Verdict) -> str:
    """What stands above the reasons of a verdict."""
    return "Why nothing is said of it" if verdict is Verdict.NOT_ASSESSED else "Why it is not more certain"


def headline(verdict: Verdict, reasons: Sequence[Reason] = ()) -> str:
    """The words of the verdict card, with the first reason where the verdict alone does not explain itself."""
    screen = VERDICT_WORDS[verdict].screen
    explains_itself = verdict not in (Verdict.INCONCLUSIVE, Verdict.NOT_ASSESSED)
    return screen if explains_itself or not reasons else f"{screen} — {REASON_WORDS[reasons[0]].short}"


def likelihood(probability: Probability) -> str:
    """What the calibrated probability means, as a frequency together with the prior it rests on."""
    low, high = out_of_100(probability.low), out_of_100(probability.high)
    span = "" if low == high else f" (between {low} and {high})"
    return (
        f"Of 100 files with this evidence, about {out_of_100(probability.value)}{span} would be manipulated, "
        f"if {out_of_100(probability.prior)} in 100 of all such files were."
    )


def progress(detectors: Sequence[DetectorResult]) -> str:
    """How many detectors have finished: ``First look, 2 of 5 detectors finished. May change.``"""
    finished = sum(result.status is not DetectorStatus.PENDING for result in detectors)
    if not detectors:
        return "First look. May change."
    return f"First look, {finished} of {counted(len(detectors), 'detector')} finished. May change."


def untrained(detectors: Sequence[DetectorResult]) -> str:
    """A warning that names the detectors that ran on untrained weights; empty where none did."""
    names = [result.name for result in detectors if result.untrained]
    if not names:
        return ""
    use = "" if any(result.untrained and result.weight for result in detectors) else " and are not counted"
    return f"Untrained weights ({', '.join(names)}): these numbers say nothing about the media{use}."


def sentence(verdict: MediaVerdict) -> str:
    """What the verdict says and what it does not say, in two to four plain sentences."""
    parts = [_core(verdict)]
    if verdict.lifecycle is Lifecycle.PROVISIONAL:
        parts.insert(0, progress(verdict.detectors))
    parts.append(untrained(verdict.detectors))
    return " ".join(part for part in parts if part)


def _core(verdict: MediaVerdict) -> str:
    if verdict.lifecycle is Lifecycle.FAILED:
        return _not_assessed(verdict)
    templates = {
        Verdict.LIKELY_MANIPULATED: _likely,
        Verdict.SOME_EVIDENCE: _some,
        Verdict.NO_EVIDENCE_FOUND: _none,
        Verdict.INCONCLUSIVE: _inconclusive,
        Verdict.NOT_ASSESSED: _not_assessed,
    }
    return templates[verdict.verdict](verdict)


def _likely(verdict: MediaVerdict) -> str:
    return _joined(f"Strong evidence that {_what(verdict)}.", _agreement(verdict), _odds(verdict))


def _some(verdict: MediaVerdict) -> str:
    return _joined(
        f"Some evidence that {_what(verdict)}, not enough for a call. A person should review it.",
        _agreement(verdict),
        _odds(verdict),
    )


def _none(verdict: MediaVerdict) -> str:
    return (
        f"No evidence of face manipulation was found by {counted(len(with_a_say(verdict.detectors)), 'detector')}. "
        f"This does not vouch for the {medium(verdict.media)}: other edits, new methods and "
        "re-contextualised footage are not covered."
    )


def _inconclusive(verdict: MediaVerdict) -> str:
    if not verdict.reasons:
        return "We cannot make a call."
    words = REASON_WORDS[verdict.reasons[0]]
    return f"We cannot make a call: {_because(verdict)} {words.do}"


def _not_assessed(verdict: MediaVerdict) -> str:
    if verdict.lifecycle is Lifecycle.PROVISIONAL and not verdict.reasons:
        return ""
    if not verdict.reasons:
        return f"Not assessed. {_NOTHING_SAID}"
    words = REASON_WORDS[verdict.reasons[0]]
    return f"Not assessed: {_because(verdict)} {words.means} {words.do}"


def _because(verdict: MediaVerdict) -> str:
    """The first reason with its measured numbers, fit to follow a colon."""
    reason = verdict.reasons[0]
    return _after_colon(detail_of(reason, verdict.problems) or REASON_WORDS[reason].happened)


def detail_of(reason: Reason, problems: Sequence[Problem]) -> str | None:
    """The measured sentence that came with a reason, if there is one."""
    return next((problem.detail for problem in problems if problem.reason is reason and problem.detail.strip()), None)


def _after_colon(text: str) -> str:
    first, _, rest = text.strip().partition(" ")
    plain = first.istitle() and first.isalpha()
    return closed(f"{first.lower() if plain else first} {rest}")


def closed(text: str) -> str:
    """A sentence that ends like one."""
    trimmed = text.strip()
    return trimmed if trimmed.endswith((".", "!", "?")) else f"{trimmed}."


def with_a_say(detectors: Sequence[DetectorResult]) -> list[DetectorResult]:
    """The detectors whose number was counted: not those without a calibration, nor on untrained weights."""
    return [result for result in detectors if result.calibrated is not None]


def _what(verdict: MediaVerdict) -> str:
    track = most_incriminated(verdict.tracks)
    if track is None:
        return "a face was manipulated"
    face = f"the face of {person(track.id)}" if len(verdict.tracks) > 1 else "the face"
    if verdict.media.kind is MediaKind.IMAGE or int(track.end) <= int(track.start):
        return f"{face} was manipulated"
    return f"{face} was manipulated between {clock(track.start)} and {clock(track.end)}"


def most_incriminated(tracks: Sequence[TrackVerdict]) -> TrackVerdict | None:
    """The track with the highest calibrated probability; nothing where no track carries one."""
    rated = [(track.probability.value, track) for track in tracks if track.probability is not None]
    return max(rated, key=lambda pair: pair[0])[1] if rated else None


def _agreement(verdict: MediaVerdict) -> str:
    answers = with_a_say(verdict.detectors)
    if len(answers) < 2:
        return f"It rests on one detector, {answers[0].name}." if answers else ""
    even = verdict.probability.prior if verdict.probability else 0.5
    agree = sum((result.calibrated or 0.0) > even for result in answers)
    silent = (DetectorStatus.NOT_APPLICABLE, DetectorStatus.SCORED)  # those that scored and have a say are answers
    applicable = len(answers) + sum(result.status not in silent for result in verdict.detectors)
    return f"{agree} of {counted(applicable, 'applicable detector')} {'agrees' if agree == 1 else 'agree'}."


def _odds(verdict: MediaVerdict) -> str:
    return likelihood(verdict.probability) if verdict.probability else ""


def _joined(*parts: str) -> str:
    return " ".join(part for part in parts if part)
