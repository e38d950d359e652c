"""The published pipeline of the system ``eighteen`` as a whole: footage, face finder and networks in, one score out."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from contracts.clips import Pixels
from detectors.preprocessing import cut
from detectors.systems.eighteen.aggregation import final_score
from detectors.systems.eighteen.crops import Views, squares_around, views_of
from detectors.systems.eighteen.sampling import frame_indices
from detectors.systems.eighteen.scoring import Networks, member_scores
from detectors.systems.eighteen.tracking import LEAST_CONFIDENCE, Box, Tube, at_every_frame, chosen_tubes, confident
from detectors.systems.footage import Compat, Finder, FinderNeed, Footage, PublishedScore

FINDER = FinderNeed(
    "retinaface_mobilenet025",
    {
        "short_side_px": 400,
        "long_side_px": 2150,
        "least_confidence": 0.02,
        "most_overlap": 0.4,
        "kept_confidence": LEAST_CONFIDENCE,
        "whole_px": True,
    },
)
UNDECIDED = 0.5
_FINDER_PICTURES = 8


@dataclass
class _Faces:
    """The sampled frames that could be read, with the faces in each."""

    indices: list[int] = field(default_factory=list)
    boxes: list[list[Box]] = field(default_factory=list)


def published_score(
    footage: Footage, finder: Finder, networks: Networks, *, compat: Compat = "corrected"
) -> PublishedScore:
    """The score of a video as the system gives it, or none where it cannot be assessed.

    ``networks`` are named as the members. Frames are read twice, first to find faces and then to cut them, so that only
    pictures of faces stay in memory. With ``original`` decoding ends at the first broken frame, frames without a face
    vote for "no face", a video of fewer than 5 frames is left to the networks for tubes, and what cannot be assessed
    gets 0.5. The published detector also ran its B0 with random weights, new ones in each process; that is not repeated
    unless ``networks`` holds such a one.

    Raises:
        KeyError: a member has no network.
    """
    faces = _find_faces(footage, finder, compat)
    if not faces.indices:
        return _not_assessed("no frame could be decoded", compat)
    tubes = chosen_tubes(faces.boxes, compat=compat)
    if not tubes:
        return _not_assessed("no face in enough frames", compat)
    seen = [_views_of_tube(footage, faces.indices, tube) for tube in tubes]
    value = final_score(member_scores(seen, networks, compat=compat), compat=compat)
    if value is None:
        return _not_assessed("no network gave a score", compat)
    pictures = sum(len(views) for views in seen)
    return PublishedScore(value, pictures, f"face tubes: {len(tubes)}, frames in each: {len(faces.indices)}")


def _not_assessed(why: str, compat: Compat) -> PublishedScore:
    return PublishedScore(UNDECIDED if compat == "original" else None, 0, why)


def _find_faces(footage: Footage, finder: Finder, compat: Compat) -> _Faces:
    faces = _Faces()
    frames = _sampled(footage, compat)
    while batch := list(islice(frames, _FINDER_PICTURES)):
        faces.indices += [index for index, _ in batch]
        faces.boxes += [confident(boxes) for boxes in finder([picture for _, picture in batch])]
    return faces


def _sampled(footage: Footage, compat: Compat) -> Iterator[tuple[int, Pixels]]:
    for index in frame_indices(footage.frame_count):
        picture = footage.frame(index)
        if picture is not None:
            yield index, picture
        elif compat == "original":
            return


def _views_of_tube(footage: Footage, indices: list[int], tube: Tube) -> list[Views]:
    """The views of a tube for every sampled frame; where the face is not found, those of the nearest frame."""
    first = _read(footage, indices[tube[0].frame])
    area = Box(0, 0, first.shape[1], first.shape[0])
    squares = squares_around([entry.box for entry in tube], [area] * len(tube))
    cuts = {
        entry.frame: views_of(cut(_read(footage, indices[entry.frame]), square.left, square.top, square.side))
        for entry, square in zip(tube, squares, strict=True)
    }
    return [cuts[entry.frame] for entry in at_every_frame(tube, len(indices))]


def _read(footage: Footage, index: int) -> Pixels:
    picture = footage.frame(index)
    if picture is None:
        raise ValueError(f"frame {index} could be read before, and now it cannot")
    return picture
