"""Clips in, one pooled logit per clip out: faces joined to tracks, mean logit per track, the highest track counts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from contracts.clips import Pixels
from detectors.training.face_store import ClipFaces, reencode_faces
from detectors.training.faces import LocatedFace
from detectors.training.measuring import Logits
from detectors.training.pairs import Framing, framed_view

LogitsOf = Callable[[Sequence[Pixels]], Logits]

_LEAST_SHARE = 0.25
_REENCODED_FRAMES = 12


@dataclass(frozen=True, slots=True)
class Variant:
    """A way in which clips are encoded once more before they are scored; without ``crf`` they stay as they are."""

    name: str
    crf: int | None = None
    scale: float = 1.0


VARIANTS = (
    Variant("as is"),
    Variant("crf 23", 23),
    Variant("crf 32", 32),
    Variant("crf 40", 40),
    Variant("half size, crf 23", 23, 0.5),
)


@dataclass(frozen=True, slots=True)
class ClipScore:
    """One clip in one variant: the mean logit of its highest face track, and how many faces that track has."""

    clip: str
    variant: str
    logit: float
    faces: int


def variant_name(clip: Path, variant: Variant, cache: Path) -> str:
    """The name of a clip's variant in the cache; makes it if it is not there yet."""
    if variant.crf is None:
        return clip.stem
    name = f"{clip.stem}--{variant.name.replace(', ', '-').replace(' ', '')}"
    return reencode_faces(clip, cache, name=name, frames=_REENCODED_FRAMES, crf=variant.crf, scale=variant.scale)


def score_clip(faces: Sequence[LocatedFace], logits_of: LogitsOf, *, margin: float, size_px: int) -> tuple[float, int]:
    """The highest mean logit over the face tracks of a clip, and the number of faces in that track.

    Raises:
        ValueError: the clip has no faces.
    """
    if not faces:
        raise ValueError("a clip without faces has no score")
    views = [framed_view(face.pixels, face.box, Framing(margin), size_px=size_px) for face in faces]
    logits = logits_of(views)
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
        if best[1] is not None and best[0] > 0.1:
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


def score_clips(
    clips: Sequence[Path], variants: Sequence[Variant], cache: Path, logits_of: LogitsOf, *, margin: float, size_px: int
) -> list[ClipScore]:
    """Scores of all clips in all variants; a clip in whose variant no face is found is left out."""
    scores = []
    for clip in clips:
        for variant in variants:
            name = variant_name(clip, variant, cache)
            if faces := ClipFaces([name], cache).of(name):
                logit, count = score_clip(faces, logits_of, margin=margin, size_px=size_px)
                scores.append(ClipScore(clip.stem, variant.name, logit, count))
    return scores
