"""The closed lists of words that cross a process border; nothing enters, the words leave.

A reader that meets a word it does not know treats a verdict as ``inconclusive`` and acts on ``final`` events only.
"""

from enum import StrEnum


class Verdict(StrEnum):
    """What the machine says of a media item, never of a person's intent."""

    LIKELY_MANIPULATED = "likely_manipulated"
    SOME_EVIDENCE = "some_evidence"
    NO_EVIDENCE_FOUND = "no_evidence_found"
    INCONCLUSIVE = "inconclusive"
    NOT_ASSESSED = "not_assessed"


class Lifecycle(StrEnum):
    """How far a media item is on its way; independent of its verdict."""

    RECEIVED = "received"
    ANALYSING = "analysing"
    PROVISIONAL = "provisional"
    FINAL = "final"
    SUPERSEDED = "superseded"
    FAILED = "failed"


class Reason(StrEnum):
    """Why a verdict is not more certain, or why there is none."""

    NO_FACE = "no_face"
    FACE_TOO_SMALL = "face_too_small"
    TOO_FEW_FACE_FRAMES = "too_few_face_frames"
    HEAVY_COMPRESSION = "heavy_compression"
    LOW_LIGHT_OR_BLUR = "low_light_or_blur"
    DETECTORS_DISAGREE = "detectors_disagree"
    OUT_OF_DOMAIN = "out_of_domain"
    UNSTABLE_UNDER_REENCODE = "unstable_under_reencode"
    PARTIAL_RESULTS = "partial_results"
    TOO_MANY_FACES_CAPPED = "too_many_faces_capped"
    AUDIO_ONLY = "audio_only"
    UNSUPPORTED_FORMAT = "unsupported_format"
    DECODE_ERROR = "decode_error"
    FILE_TOO_LARGE = "file_too_large"
    DURATION_TOO_SHORT = "duration_too_short"
    TIMEOUT = "timeout"
    DETECTOR_UNAVAILABLE = "detector_unavailable"
    CALIBRATION_MISSING = "calibration_missing"
    POLICY_SKIPPED = "policy_skipped"


class DetectorStatus(StrEnum):
    """What became of one detector on one media item; only ``scored`` carries a number."""

    SCORED = "scored"
    NOT_APPLICABLE = "not_applicable"
    UNAVAILABLE = "unavailable"
    FAILED = "failed"
    PENDING = "pending"


class MediaKind(StrEnum):
    """What the bytes were found to be, whatever the name of the file says."""

    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    UNKNOWN = "unknown"


class Lane(StrEnum):
    """Which queue an item waits in; a full bulk lane does not delay an interactive item."""

    INTERACTIVE = "interactive"
    BULK = "bulk"


class Stage(StrEnum):
    """The steps of the pipeline, in the order of the data."""

    INGEST = "ingest"
    EXTRACT = "extract"
    DETECT = "detect"
    AGGREGATE = "aggregate"
    PROJECT = "project"
