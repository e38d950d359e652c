"""What a detector asks of extraction; made by ``detectors``, honoured by ``ingest``, which never sees a detector."""

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt

from contracts.vocabulary import MediaKind


class CropDemand(BaseModel):
    """The clips that one detector wants of one media item.

    Sampling is a rate on the media's own clock; a short video is sampled more densely until ``min_frames`` are
    reached, an image is always one frame. ``margin`` is the share of the face box's longer side that is kept on
    each side of the box; ``min_face_px`` is the box height under which this detector does not apply.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    detector: str
    kinds: tuple[MediaKind, ...] = (MediaKind.IMAGE, MediaKind.VIDEO)
    frames_per_second: PositiveFloat = 1.0
    min_frames: PositiveInt = 32
    clip_length: PositiveInt = 1
    margin: float = Field(0.3, ge=0.0, le=2.0)
    min_face_px: PositiveInt = 32
