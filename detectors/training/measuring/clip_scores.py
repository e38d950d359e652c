"""Clips in, one pooled logit per clip out: faces joined to tracks, mean logit per track, the highest track counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from detectors.training.face_store import ClipFaces, reencode_faces
from detectors.training.faces import LocatedFace
from detectors.training.measuring.areas import Logits
from detectors.training.measuring.face_logits import FaceLogits

_LEAST_SHARE = 0.25
_REENCODED_FRAMES = 12
_JOINED = 0.1


@dataclass(frozen=True, slots=True)
class Variant:
    """A way in which clips are encoded once more before they are scored; without ``crf`` they stay as they are."""

    name: str
    crf: int | None = None
    scale: float = 1.0


AS_IS = Variant("as is")
VARIANTS = (
    AS_IS,
    Variant("crf 23", 23),
    Variant("crf 32", 32),
    Variant("crf 40", 40),
    Variant("half size, crf 23", 23, 0.5),
)


@dataclass(frozen=True, slots=True)
class ClipScore:
    """One clip in one variant: the mean logit of the track that counts, and how many faces that track has."""

    clip: str
    variant: str
    logit: float
    faces: int


@dataclass(frozen=True, eq=False, slots=True)
class ClipView:
    """The faces of one clip in one variant, large enough to be judged."""

    clip: str
    variant: str
    faces: tuple[LocatedFace, ...]


def read_clips(
    clips: Sequence[Path],
    variants: Sequence[Variant],
    cache: Path,
    *,
    least_px: float,
    panels: dict[str, tuple[int, int]] | None = None,
) -> list[ClipView]:
    """The faces of all clips in all variants; a clip in whose variant no face of ``least_px`` is found is left out.

    Of clips that are named in ``panels`` (by the start of their name) only faces whose middle lies between those edges
    are kept, in pixels of the clip as it is.
    """
    found = []
    for clip in clips:
        panel = panel_of(clip.stem, panels or {})
        for variant in variants:
            name = variant_name(clip, variant, cache)
            faces = [face for face in ClipFaces([name], cache).of(name) if face.size_px >= least_px]
            if panel:
                faces = [face for face in faces if within(face, panel, scale=variant.scale)]
            if faces:
                found.append(ClipView(clip.stem, variant.name, tuple(faces)))
    return found


def panel_of(clip: str, panels: dict[str, tuple[int, int]]) -> tuple[int, int] | None:
    """Left and right edge of the part of a clip that counts; nothing where all of it does."""
    return next((edges for start, edges in panels.items() if clip.startswith(start)), None)


def within(face: LocatedFace, panel: tuple[int, int], *, scale: float) -> bool:
    """Whether the middle of a face lies between two edges of a picture that was scaled since they were measured."""
    left, _, right, _ = face.box_in_frame
    return panel[0] * scale <= (float(left) + float(right)) / 2.0 <= panel[1] * scale


def variant_name(clip: Path, variant: Variant, cache: Path) -> str:
    """The name of a clip's variant in the cache; makes it if it is not there yet."""
    if variant.crf is None:
        return clip.stem
    name = f"{clip.stem}--{variant.name.replace(', ', '-').replace(' ', '')}"
    return reencode_faces(clip, cache, name=name, frames=_REENCODED_FRAMES, crf=variant.crf, scale=variant.scale)


def score_clips(views: Sequence[ClipView], face_logits: FaceLogits) -> list[ClipScore]:
    """The score of each clip."""
    return [ClipScore(view.clip, view.variant, *track_score(view.faces, face_logits(view.faces))) for view in views]


def track_score(faces: Sequence[LocatedFace], logits: Logits) -> tuple[float, int]:
    """The highest mean logit over the face tracks of a clip, and the number of faces in that track.

    Raises:
        ValueError: the clip has no faces.
    """
    if not faces:
        raise ValueError("a clip without faces has no score")
    tracks = tracks_of(faces)
    most = max(len(track) for track in tracks)
    kept = [track for track in tracks if len(track) >= _LEAST_SHARE * most]
    best = max(kept, key=lambda track: float(np.mean(logits[track])))
    return float(np.mean(logits[best])), len(best)


def tracks_of(faces: Sequence[LocatedFace]) -> list[list[int]]:
    """Positions of faces that follow each other in place: a face joins the track whose last box overlaps it most."""
    tracks: list[list[int]] = []
    for at, face in enumerate(faces):
        overlaps = [(overlap(faces[track[-1]], face), track) for track in tracks]
        best = max(overlaps, key=lambda pair: pair[0], default=(0.0, None))
        if best[1] is not None and best[0] > _JOINED:
            best[1].append(at)
        else:
            tracks.append([at])
    return tracks


def overlap(one: LocatedFace, other: LocatedFace) -> float:
    """Intersection over union of two boxes, in the coordinates of the frames they were cut from."""
    a, b = one.box_in_frame, other.box_in_frame
    width = max(0.0, float(min(a[2], b[2]) - max(a[0], b[0])))
    height = max(0.0, float(min(a[3], b[3]) - max(a[1], b[1])))
    areas = sum(float((box[2] - box[0]) * (box[3] - box[1])) for box in (a, b))
    return width * height / (areas - width * height)
