"""The message types of every topic: facts in past tense, frozen, tolerant of fields that a later version adds.

All times of day are UTC; all media times are seconds from the media's start (``_s``). A field that nothing has
filled yet is ``None``.
"""

from datetime import UTC, datetime
from typing import ClassVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, NonNegativeFloat, NonNegativeInt

from contracts.vocabulary import DetectorStatus, Lane, Lifecycle, MediaKind, Reason, Stage, Verdict


def utc_now() -> datetime:
    """The time of day that messages are stamped with."""
    return datetime.now(UTC)


class Part(BaseModel):
    """A piece of a message."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class Message(Part):
    """What travels on a topic; ``SCHEMA`` names type and major version and is written into every message."""

    SCHEMA: ClassVar[str]

    media_id: str


class ClaimCheck(Part):
    """Where bytes lie that are too large for a topic, and what they must be when they are redeemed."""

    key: str
    sha256: str
    size_bytes: NonNegativeInt


class MediaUploaded(Message):
    """One version of one stored object has arrived; ``detectors`` are those that are asked about it, ``None``: all."""

    SCHEMA = "media.uploaded.v1"

    bucket: str
    key: str
    version: str
    size_bytes: NonNegativeInt
    source: str
    lane: Lane = Lane.INTERACTIVE
    detectors: tuple[str, ...] | None = None
    uploaded_at: AwareDatetime
    received_at: AwareDatetime = Field(default_factory=utc_now)


class MediaFacts(Part):
    """What the bytes are: read from the file itself, never from its name."""

    kind: MediaKind = MediaKind.UNKNOWN
    container: str | None = None
    codec: str | None = None
    width_px: int | None = None
    height_px: int | None = None
    rotation_degrees: int | None = None
    duration_s: float | None = None
    frame_rate: float | None = None
    bit_rate: int | None = None
    has_audio: bool | None = None
    sha256: str | None = None
    size_bytes: int | None = None
    type: str | None = None
    source_key: str | None = None


class Problem(Part):
    """Something that limits the verdict: the reason word and one sentence with the measured numbers."""

    reason: Reason
    detail: str


class TrackFacts(Part):
    """One face over time, as extraction saw it; heights in pixels of the upright picture."""

    track_id: int
    start_s: float
    end_s: float
    face_frames: int
    face_height_px_median: float
    face_height_px_p5: float
    sharpness_median: float | None = None
    luma_range_median: float | None = None
    clipped_share_median: float | None = None


class Quality(Part):
    """How much of the media could be looked at, and how well."""

    sampled_frames: int = 0
    face_frames: int = 0
    located_frames: int = 0
    faces_capped: bool = False
    face_height_px_p5: float | None = None
    sharpness_p5: float | None = None
    brightness_median: float | None = None
    bits_per_pixel: float | None = None
    quantiser_mean: float | None = None


class ExpectedClips(Part):
    """How many batches and clips a detector has been sent of this item so far, and out of how many sampled frames."""

    batches: NonNegativeInt
    clips: NonNegativeInt
    sampled_frames: NonNegativeInt | None = None


class MediaExtracted(Message):
    """What extraction knows of an item so far; the last one (``complete``) states what every detector will answer."""

    SCHEMA = "media.extracted.v1"

    uploaded: MediaUploaded
    media: MediaFacts
    complete: bool
    chunks: NonNegativeInt
    expected: dict[str, ExpectedClips]
    not_applicable: dict[str, Problem] = {}
    problems: tuple[Problem, ...] = ()
    tracks: tuple[TrackFacts, ...] = ()
    quality: Quality = Quality()
    extracted_at: AwareDatetime = Field(default_factory=utc_now)


class ClipRef(Part):
    """One clip inside a crop bundle: positions of its crops, their track and their times."""

    clip_index: NonNegativeInt
    track_id: int
    crops: tuple[NonNegativeInt, ...]
    start_s: float
    end_s: float


class CropBatch(Message):
    """The clips of one chunk that one detector is to score."""

    SCHEMA = "crops.v1"

    detector: str
    chunk_index: NonNegativeInt
    bundle: ClaimCheck
    clips: tuple[ClipRef, ...]
    lane: Lane = Lane.INTERACTIVE


class ClipScore(Part):
    """A detector's raw score of one clip of ``frames`` crops, 0 (genuine) to 1 (manipulated), uncalibrated.

    ``unfamiliarity`` is the clip's distance from the faces that the detector knows, 1 at their 99th percentile;
    ``reencoded`` are the scores of the same clip after each of a few mild changes of encoding.
    """

    clip_index: NonNegativeInt
    track_id: int
    start_s: float
    end_s: float
    raw_score: float = Field(ge=0.0, le=1.0)
    frames: NonNegativeInt = 1
    crop: NonNegativeInt | None = None
    unfamiliarity: NonNegativeFloat | None = None
    reencoded: tuple[float, ...] = ()


class DetectorScore(Message):
    """One detector's answer to one crop batch."""

    SCHEMA = "detector.scores.v1"

    detector: str
    detector_version: str
    weights_sha256: str | None
    untrained: bool = False
    chunk_index: NonNegativeInt
    bundle: ClaimCheck | None = None
    status: DetectorStatus
    clips: tuple[ClipScore, ...] = ()
    detail: str | None = None
    elapsed_ms: NonNegativeFloat = 0.0
    scored_at: AwareDatetime = Field(default_factory=utc_now)


class ReminderDue(Message):
    """The aggregator reminds itself that an item's deadline or grace time is due."""

    SCHEMA = "aggregation.reminders.v1"

    due_at: AwareDatetime


class Probability(Part):
    """A calibrated probability of manipulation with its 95 % interval and what it rests on."""

    value: float = Field(ge=0.0, le=1.0)
    low: float = Field(ge=0.0, le=1.0)
    high: float = Field(ge=0.0, le=1.0)
    prior: float = Field(gt=0.0, lt=1.0)
    calibration_id: str | None = None


class Thresholds(Part):
    """The limits that a probability was held against; what lies between them is no call."""

    lower: float = Field(ge=0.0, le=1.0)
    upper: float = Field(ge=0.0, le=1.0)


class Ensemble(Part):
    """How the detectors were combined: the method's name, who took part, who is missing."""

    method: str
    used: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    effective_n: float | None = None


class DetectorResult(Part):
    """One detector's part in a verdict; ``raw`` and ``calibrated`` are ``None`` unless ``scored``."""

    name: str
    version: str | None = None
    weights_hash: str | None = None
    calibration_sha256: str | None = None
    status: DetectorStatus
    untrained: bool = False
    raw: float | None = None
    calibrated: float | None = None
    weight: float | None = None
    clips: int = 0
    ms: float | None = None
    detail: str | None = None


class Evidence(Part):
    """One crop that drove a track's result up or down."""

    pts_s: float
    probability: float
    bundle: ClaimCheck
    crop: NonNegativeInt
    incriminating: bool


class TrackVerdict(Part):
    """The verdict on one face track; ``id`` is the track's number within the item."""

    id: int
    start: float
    end: float
    verdict: Verdict
    probability: Probability | None = None
    face_frames: int | None = None
    face_height_px: float | None = None
    evidence: tuple[Evidence, ...] = ()


class Segment(Part):
    """A span of one track that one detector scored; ``confidence`` is its calibrated probability."""

    start: float
    end: float
    modality: str = "video"
    task: str = "face_manipulation"
    model: str
    track: int | None = None
    confidence: float | None = None


class Provenance(Part):
    """The state of content credentials, kept apart from machine evidence."""

    state: str
    issuer: str | None = None


class MediaVerdict(Message):
    """The public event: what is said of a media item, on what grounds, and how sure that is.

    ``item_id`` equals ``media_id``, the key of every topic. ``seq`` counts the events of one item from 1; a higher
    one replaces the lower ones. ``supersedes`` is the ``event_id`` that a later judgement of a finished item replaces.
    ``gates`` are the measured limits that were applied, ``code_version`` names the code that judged.
    """

    SCHEMA = "media.verdicts.v1"

    event_id: str
    item_id: str
    seq: NonNegativeInt
    lifecycle: Lifecycle
    supersedes: str | None = None
    media: MediaFacts
    uploaded: MediaUploaded
    verdict: Verdict
    reasons: tuple[Reason, ...] = ()
    problems: tuple[Problem, ...] = ()
    probability: Probability | None = None
    thresholds: Thresholds | None = None
    ensemble: Ensemble
    detectors: tuple[DetectorResult, ...] = ()
    tracks: tuple[TrackVerdict, ...] = ()
    segments: tuple[Segment, ...] = ()
    quality: Quality | None = None
    provenance: Provenance | None = None
    known_media: tuple[str, ...] | None = None
    policy_version: str
    gates: tuple[Reason, ...] | None = None
    code_version: str | None = None
    produced_at: AwareDatetime = Field(default_factory=utc_now)


class DeadLetter(Message):
    """A message that no retry can save, with everything needed to look at it and to replay it.

    Said again with ``settled`` (``replayed`` or ``dropped``), and without the bytes, it waits for nobody any more.
    """

    SCHEMA = "dead.letters.v1"

    dead_letter_id: str
    stage: Stage
    reason: str
    detail: str
    topic: str
    partition: int
    offset: int
    key_base64: str | None = None
    value_base64: str | None = None
    headers: dict[str, str] = {}
    headers_base64: dict[str, str] = {}
    attempts: int = 1
    traceback: str | None = None
    failed_at: AwareDatetime = Field(default_factory=utc_now)
    settled: str | None = None
    settled_because: str | None = None
    settled_at: AwareDatetime | None = None
