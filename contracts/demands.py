"""What a detector asks of extraction; made by ``detectors``, honoured by ``ingest``, which never sees a detector."""

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt, model_validator

from contracts.vocabulary import MediaKind


class CropDemand(BaseModel):
    """The clips that one detector wants of one media item.

    Sampling is a rate on the media's own clock; a short video is sampled more densely until ``min_frames`` are
    reached, an image is always one frame. With ``clip_every_s`` sampling comes in bursts: every so many seconds enough
    frames for one clip. A clip has ``clip_length`` crops of one face; the last one of a face may have fewer, down to
    ``shortest_clip``, which is ``clip_length`` unless it is given. ``margin`` is the share of the face box's longer
    side that is kept on each side of the box; ``min_face_px`` is the box height under which this detector does not
    apply.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    detector: str
    kinds: tuple[MediaKind, ...] = (MediaKind.IMAGE, MediaKind.VIDEO)
    frames_per_second: PositiveFloat = 1.0
    min_frames: PositiveInt = 32
    clip_length: PositiveInt = 1
    shortest_clip: PositiveInt | None = None
    clip_every_s: PositiveFloat | None = None
    margin: float = Field(0.3, ge=0.0, le=2.0)
    min_face_px: PositiveInt = 32

    @property
    def least_crops(self) -> int:
        """The fewest crops that make a clip."""
        return self.shortest_clip or self.clip_length

    @model_validator(mode="after")
    def _shortest_is_not_longest(self) -> "CropDemand":
        if self.least_crops > self.clip_length:
            raise ValueError(f"a clip of {self.clip_length} crops cannot be shorter at {self.shortest_clip}")
        return self
