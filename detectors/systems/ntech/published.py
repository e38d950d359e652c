"""Footage, a face finder and the three networks in, the score that the published pipeline gives a video out.

Source: NTech-Lab/deepfake-detection-challenge as IQTLabs/FakeFinder runs it. Frames are decoded again when faces are
cut out of them, so that no more than a few are in memory however long the video is.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import chain

from contracts.clips import FaceBox, Pixels
from detectors.systems.footage import Compat, Finder, FinderNeed, Footage, PublishedScore
from detectors.systems.ntech.aggregation import UNDECIDED, video_score
from detectors.systems.ntech.crops import area_around, shape_of
from detectors.systems.ntech.sampling import DETECTION_PERIOD, step_of
from detectors.systems.ntech.scoring import VIEWS, Cut, Networks, probabilities_of, samples_of
from detectors.systems.ntech.tracking import Track, tracks_of

FINDER = FinderNeed(
    "dsfd_resnet152",
    {"longer_side_px": 512, "least_confidence": 0.3, "most_overlap": 0.3, "candidates": 5000},
)
MEMBERS = tuple(VIEWS)
_FINDER_PICTURES = 16
_PASS_PICTURES = 14
_FRAMES_AT_HAND = 16


class EmptyCrop(ValueError):
    """Nothing is left of a face inside its frame."""


def published_score(
    footage: Footage, finder: Finder, networks: Networks, *, compat: Compat = "corrected"
) -> PublishedScore:
    """The score of a video, 0.01 (genuine) to 0.99 (manipulated); ``None`` where no face could be followed.

    ``finder`` gives the faces of each picture at the setting of ``FINDER``; ``networks`` are as
    :func:`detectors.systems.ntech.scoring.probabilities_of` wants them. With ``original`` a video of less than 8 frames
    a second and one without a long enough track get 0.5, and a crop outside its frame leaves the video without a score,
    as the original fails there.

    Raises:
        ValueError: ``networks`` are not exactly the members.
    """
    if set(networks) != set(MEMBERS):
        raise ValueError(f"ntech is the networks {', '.join(MEMBERS)}, not {', '.join(sorted(networks))}")
    kept, looks = look_for_faces(footage, finder, compat=compat)
    tracks = tracks_of(looks, compat=compat)
    if not tracks:
        value = UNDECIDED if compat == "original" else None
        return PublishedScore(value, 0, f"no face could be followed long enough in {len(kept)} frames")
    try:
        probabilities = probabilities_of_tracks(footage, kept, tracks, networks, compat=compat)
    except EmptyCrop as why:
        return PublishedScore(None, 0, str(why))
    return PublishedScore(video_score(probabilities, compat=compat), len(probabilities), _told(tracks, probabilities))


def _told(tracks: Sequence[Track], probabilities: Sequence[float]) -> str:
    if not probabilities:
        return "every face lies outside its frame"
    mean = sum(probabilities) / len(probabilities)
    return f"{len(tracks)} face tracks; the plain mean of the probabilities is {mean:.4f}"


def look_for_faces(footage: Footage, finder: Finder, *, compat: Compat) -> tuple[list[int], list[list[FaceBox]]]:
    """Which frames are kept (about 15 a second, without those that cannot be decoded), and the faces of every third."""
    step = step_of(footage.frames_per_second, compat=compat)
    kept: list[int] = []
    waiting: list[Pixels] = []
    looks: list[list[FaceBox]] = []
    for index in range(0, footage.frame_count, step) if step else ():
        frame = footage.frame(index)
        if frame is None:
            continue
        if len(kept) % DETECTION_PERIOD == 0:
            waiting.append(frame)
        kept.append(index)
        if len(waiting) == _FINDER_PICTURES:
            looks += finder(waiting)
            waiting.clear()
    return kept, looks + (finder(waiting) if waiting else [])


def probabilities_of_tracks(
    footage: Footage, kept: Sequence[int], tracks: Sequence[Track], networks: Networks, *, compat: Compat
) -> list[float]:
    """The probabilities of all samples of all tracks. Raises ``EmptyCrop``, if the original is followed."""
    frame_at = lru_cache(maxsize=_FRAMES_AT_HAND)(footage.frame)
    cuts = (_cut_from(track, lambda at: frame_at(kept[at]), compat) for track in tracks)
    samples = chain.from_iterable(samples_of(len(track), cut) for track, cut in zip(tracks, cuts, strict=True))
    (probabilities,) = probabilities_of(samples, networks, owners=1, pass_pictures=_PASS_PICTURES)
    return probabilities


def _cut_from(track: Track, frame_at: Callable[[int], Pixels | None], compat: Compat) -> Cut:
    def cut(position: int, boxed: int) -> Pixels | None:
        frame = frame_at(track.first_frame + position)
        if frame is None:
            return None
        left, top, right, bottom = area = area_around(track.edges[boxed], *frame.shape[:2])
        if 0 not in shape_of(area):
            return frame[top:bottom, left:right]
        if compat == "original":
            raise EmptyCrop(f"a face lies outside frame {track.first_frame + position}, where the original fails")
        return None

    return cut
