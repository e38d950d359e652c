"""Footage, a face finder and the eight networks in, the score that the published pipeline gives a video out.

Source: jphdotam/DFDC (TheMedics) as IQTLabs/FakeFinder runs it. The first 100 frames are all that it looks at.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from contracts.clips import Pixels
from detectors.systems.footage import Compat, Finder, FinderNeed, Footage, PublishedScore
from detectors.systems.medics.aggregation import score_of_video
from detectors.systems.medics.members import CLIP_MEMBERS, NETWORK_OF
from detectors.systems.medics.scoring import MOST_PICTURES, Networks, SeenFace, clip_score, pictures_score
from detectors.systems.medics.tracking import FRAMES_APART, SHORTEST_CLIP, FaceThroughTime, faces_through_time
from detectors.systems.medics.views import clip_pixels

FINDER = FinderNeed(
    "mtcnn",
    {
        "margin": 0,
        "thresholds": (0.8, 0.8, 0.9),
        "factor": 0.71,
        "min_face_size": 20,
        "keep_all": True,
        "select_largest": False,
    },
)
LOOKED_AT = 100
FINDING_PX = (480, 960)  # longer side of what the finder sees, and of its second look if the first finds nobody
_FAILURES = (RuntimeError, ValueError, cv2.error)  # of networks and of views, as the original swallows them


@dataclass
class _Cut:
    """One face with what has been cut out of the frames so far."""

    face: FaceThroughTime
    regions: list[Pixels] = field(default_factory=list)
    pictures: list[Pixels] = field(default_factory=list)

    def add(self, index: int, frame: Pixels, compat: Compat) -> None:
        begin, end = self.face.frames
        if not begin <= index < end:
            return
        (top, bottom), (left, right) = self.face.rows, self.face.columns
        self.regions += list(clip_pixels([frame[top : bottom + 1, left : right + 1]]))
        at, last = index - begin, end - (compat == "original")
        if index < min(begin + MOST_PICTURES, last) and at < len(self.face.squares):
            left, top, right, bottom = self.face.squares[at]
            self.pictures.append(frame[top:bottom, left:right].copy())


def published_score(
    footage: Footage, finder: Finder, networks: Networks, *, compat: Compat = "corrected"
) -> PublishedScore:
    """The score of a video, 0.001 (genuine) to 0.999 (manipulated); ``None`` where it could not be assessed.

    ``finder`` gives the faces of each picture at the setting of ``FINDER``, with their confidence. ``networks`` are
    named as the members: those over clips take 1 x 3 x T x side x side and give two logits (manipulated, genuine), the
    one over pictures gives one logit of *manipulated* per picture.

    With ``original`` decoding ends at the first broken frame and all behind it is black, the last frame of a face is
    left out, a network over clips that fails takes all that come after it along, a failing one over pictures or its
    score of exactly 0 does not count, and what cannot be assessed gets 0.5.

    Raises:
        ValueError: ``networks`` are not exactly the members.
    """
    if set(networks) != set(NETWORK_OF):
        raise ValueError(f"medics is the networks {', '.join(NETWORK_OF)}, not {', '.join(sorted(networks))}")
    sampled = range(0, min(LOOKED_AT, footage.frame_count), FRAMES_APART)
    frames = [frame for _, frame in _frames(footage, sampled, compat)]
    faces = _found_faces(frames, finder, compat)
    seen = _seen_faces(footage, faces, compat)
    if not seen:
        why = "no face stays long enough" if any(frame is not None for frame in frames) else "no frame can be decoded"
        return PublishedScore(score_of_video([], [], compat=compat), 0, why)
    value = score_of_video(_clip_models(seen, networks, compat), _picture_model(seen, networks, compat), compat=compat)
    pictures = sum(len(face.clip) for face in seen)
    return PublishedScore(value, pictures, f"faces: {len(seen)}, pictures of them: {pictures}")


def _frames(footage: Footage, indices: Iterable[int], compat: Compat) -> Iterator[tuple[int, Pixels | None]]:
    """The frames of these indices; as published, none can be read behind one that cannot be decoded."""
    broken = False
    for index in indices:
        frame = None if broken else footage.frame(index)
        broken = compat == "original" and frame is None
        yield index, frame


def _found_faces(frames: Sequence[Pixels | None], finder: Finder, compat: Compat) -> list[FaceThroughTime]:
    """The faces that stay; looked for in larger pictures when there are none in small ones."""
    readable = [frame for frame in frames if frame is not None]
    for longer_px in FINDING_PX if readable else ():
        height, width = readable[0].shape[:2]
        scale = longer_px / max(height, width)
        size = max(1, int(width * scale)), max(1, int(height * scale))
        found = iter(finder([_resized(frame, size) for frame in readable]))
        boxes = [[] if frame is None else next(found) for frame in frames]
        faces = faces_through_time(
            [[(box.left, box.top, box.right, box.bottom) for box in some] for some in boxes],
            [[box.confidence for box in some] for some in boxes],
            rows=size[1],
            columns=size[0],
            enlargement=1.0 / scale,
            compat=compat,
        )
        if faces:
            return faces
    return []


def _resized(frame: Pixels, size: tuple[int, int]) -> Pixels:
    return np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_LINEAR), dtype=np.uint8)


def _seen_faces(footage: Footage, faces: Sequence[FaceThroughTime], compat: Compat) -> list[SeenFace]:
    """What there is to see of each face; too few readable frames are none, except as published."""
    cuts = [_Cut(face) for face in faces]
    end = min(footage.frame_count, max((face.frames[1] for face in faces), default=0))
    black: Pixels | None = None
    for index, frame in _frames(footage, range(end), compat):
        if frame is not None and compat == "original":
            black = np.zeros_like(frame)
        shown = black if frame is None else frame
        if shown is None:
            continue
        for cut in cuts:
            cut.add(index, shown, compat)
    least = 1 if compat == "original" else SHORTEST_CLIP
    return [SeenFace(np.stack(cut.regions), cut.pictures) for cut in cuts if len(cut.regions) >= least]


def _clip_models(faces: Sequence[SeenFace], networks: Networks, compat: Compat) -> list[list[float]]:
    models: list[list[float]] = []
    for member in CLIP_MEMBERS:
        try:
            models.append([clip_score(face, member, networks) for face in faces])
        except _FAILURES:
            if compat == "corrected":
                raise
            break
    return models


def _picture_model(faces: Sequence[SeenFace], networks: Networks, compat: Compat) -> list[float]:
    try:
        return [pictures_score(face, networks) for face in faces]
    except _FAILURES:
        if compat == "corrected":
            raise
        return []
