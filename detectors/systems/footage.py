"""What the published pipelines of the founding systems read and give: footage, the face finder they need, a score."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from contracts.clips import FaceBox, Pixels

Compat = Literal["corrected", "original"]
Finder = Callable[[Sequence[Pixels]], list[list[FaceBox]]]


class Footage(Protocol):
    """A decoded video with random access; counts and rates are those of the container, as the originals trust them."""

    @property
    def frame_count(self) -> int: ...

    @property
    def frames_per_second(self) -> float: ...

    def frame(self, index: int) -> Pixels | None:
        """Frame ``index`` as H x W x 3 uint8 RGB, or nothing where it cannot be decoded."""
        ...


@dataclass(frozen=True)
class FinderNeed:
    """The face finder that a published pipeline looks for faces with, and how it is set up there."""

    name: Literal["mtcnn", "retinaface_resnet50", "retinaface_mobilenet025", "dsfd_resnet152", "hog"]
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class PublishedScore:
    """The score of a whole video, 0 (genuine) to 1 (manipulated); ``None`` where it could not be assessed.

    ``faces`` is how many face pictures the networks saw; ``detail`` says in one sentence why there is no score, or what
    the score rests on.
    """

    value: float | None
    faces: int
    detail: str
