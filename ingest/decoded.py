"""What the readers of pictures and videos give back, event by event: facts, sampled frames, what is missing."""

from dataclasses import dataclass

from contracts.clips import Pixels
from contracts.vocabulary import MediaKind, Reason
from ingest.sampling import SamplingPlan


@dataclass(frozen=True)
class ReadingRequest:
    """What is wanted of a media item, and the sizes above which it is not touched."""

    container: str
    plans: tuple[SamplingPlan, ...]
    max_pixels: int
    max_duration_s: float
    max_frames: int = 1_500_000
    max_streams: int = 100


@dataclass(frozen=True)
class StreamFacts:
    """What a file says of its pictures; sizes are those of the upright picture, ``rotation_degrees`` is clockwise.

    ``frame_count`` is what the container says, or what its duration and rate come to; nobody has counted.
    """

    kind: MediaKind
    container: str
    codec: str | None = None
    width_px: int | None = None
    height_px: int | None = None
    rotation_degrees: int | None = None
    duration_s: float | None = None
    frame_rate: float | None = None
    frame_count: int | None = None
    bit_rate: int | None = None
    has_audio: bool | None = None


@dataclass(frozen=True, eq=False)
class SampledFrame:
    """An upright picture at its time; ``samples``: per plan (by position) that asked for it its number.

    ``quantiser``: mean quantiser of its macroblocks as H.264 counts them, 0 (finest) to 51, where the codec is H.264.
    """

    pixels: Pixels
    pts_s: float
    frame_index: int
    samples: dict[int, int]
    quantiser: float | None = None


@dataclass(frozen=True)
class Shortfall:
    """Something of the media could not be read: all of it, when no frame came before."""

    reason: Reason
    detail: str


@dataclass(frozen=True)
class StillReading:
    """A sign of life between two sampled frames."""

    pts_s: float


Decoded = StreamFacts | SampledFrame | Shortfall | StillReading
