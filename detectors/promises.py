"""A detector in; every promise that a detector makes to its callers out, each kept or broken with a sentence why."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from contracts.clips import FaceBox, FaceClip, FaceCrop
from contracts.errors import BrokenDetector
from detectors.detector import Detector, UnfitClip

SIZES = ((1, 1), (2, 700), (9, 9), (2600, 1900))  # width x height in pixels
_MOST_DRIFT = 1e-4
_USUAL = (120, 140)


def one_score_per_clip(detector: Detector) -> None:
    """No clips give no scores, and each clip gives one number between 0 and 1."""
    _require(detector.score([]) == [], detector, "scores what is not there")
    _scores(detector, _clips(detector, 2))


def unlike_clips_get_unlike_scores(detector: Detector) -> None:
    """A detector that always says the same would keep every other promise."""
    one, other = _scores(detector, _clips(detector, 2))
    _require(one != other, detector, f"gives different clips the same score, {one}")


def order_and_neighbours_do_not_matter(detector: Detector) -> None:
    """A clip has one score, wherever it stands and whatever stands beside it."""
    one, other = _clips(detector, 2)
    together = _scores(detector, [one, other])
    alone = [*_scores(detector, [one]), *_scores(detector, [other])]
    drift = max(abs(first - second) for first, second in zip(together, alone, strict=True))
    _require(drift <= _MOST_DRIFT, detector, f"lets a clip's place or neighbours move its score by {drift:.6f}")


def the_same_clip_gets_the_same_score(detector: Detector) -> None:
    """Scoring is repeatable to the last bit."""
    clips = _clips(detector, 1)
    _require(detector.score(clips) == detector.score(clips), detector, "gives a clip another score the second time")


def pixels_stay_as_they_were(detector: Detector) -> None:
    """A clip is shared between detectors, so nobody may write into it."""
    (clip,) = _clips(detector, 1)
    before = [crop.pixels.copy() for crop in clip.crops]
    detector.score([clip])
    same = all((old == crop.pixels).all() for old, crop in zip(before, clip.crops, strict=True))
    _require(same, detector, "writes into the pixels that it was given")


def crops_of_any_size_are_scored(detector: Detector) -> None:
    """Faces come tiny and huge, and next to each other."""
    for width_px, height_px in SIZES:
        _scores(detector, [a_clip(3, detector.spec.demand.least_crops, width_px=width_px, height_px=height_px)])


def clips_of_every_length_are_scored(detector: Detector) -> None:
    """From the shortest to the longest that its demand allows, in one call."""
    demand = detector.spec.demand
    if demand.least_crops < demand.clip_length:
        _scores(detector, [a_clip(4, demand.clip_length), a_clip(5, demand.least_crops)])


def unfit_clips_are_refused(detector: Detector) -> None:
    """What is no clip, or too short or too long, gets a typed error and no score."""
    demand = detector.spec.demand
    unfit: list[object] = [np.zeros((3, 8, 8), np.uint8), "clip", a_clip(6, demand.clip_length + 1)]
    if demand.least_crops > 1:
        unfit.append(a_clip(6, demand.least_crops - 1))
    for thing in unfit:
        try:
            detector.score([thing])  # type: ignore[list-item]
        except UnfitClip:
            continue
        raise _broken(detector, f"scores what is no clip of its demand: {thing!r:.80}")


def it_says_who_it_is(detector: Detector) -> None:
    """Version, weights, training and device fit together."""
    known = detector.weights_sha256 is not None
    _require(detector.version.startswith(detector.spec.version), detector, f"calls itself version {detector.version}")
    _require(known is not detector.untrained, detector, "has a weights hash though untrained, or none though trained")
    _require(detector.device != "auto", detector, "does not say which device it is on")


PROMISES: tuple[Callable[[Detector], None], ...] = (
    it_says_who_it_is,
    one_score_per_clip,
    unlike_clips_get_unlike_scores,
    order_and_neighbours_do_not_matter,
    the_same_clip_gets_the_same_score,
    pixels_stay_as_they_were,
    crops_of_any_size_are_scored,
    clips_of_every_length_are_scored,
    unfit_clips_are_refused,
)


def a_clip(seed: int, length: int, *, width_px: int = _USUAL[0], height_px: int = _USUAL[1]) -> FaceClip:
    """A clip of ``length`` crops of coarse seeded noise, darker for odd seeds, that drifts; its middle is the face."""
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 256 >> seed % 2, (-(-height_px // 8), -(-width_px // 8), 3), dtype=np.uint8)
    pixels = coarse.repeat(8, axis=0).repeat(8, axis=1)[:height_px, :width_px]
    box = FaceBox(width_px * 0.2, height_px * 0.2, width_px * 0.8, height_px * 0.8, 0.9)
    first = FaceCrop(pixels, box, track_id=0, pts_s=0.0, frame_index=0)
    crops = [
        replace(first, pixels=np.roll(pixels, at, axis=1), pts_s=at / 25.0, frame_index=at, origin=(at, 0))
        for at in range(length)
    ]
    return FaceClip(media_id="a-media-item", clip_index=seed, crops=tuple(crops))


def _clips(detector: Detector, count: int) -> list[FaceClip]:
    return [a_clip(seed, detector.spec.demand.least_crops) for seed in range(count)]


def _scores(detector: Detector, clips: Sequence[FaceClip]) -> list[float]:
    scores = detector.score(clips)
    _require(len(scores) == len(clips), detector, f"gives {len(scores)} scores for {len(clips)} clips")
    for score in scores:
        _require(type(score) is float and 0.0 <= score <= 1.0, detector, f"gives a score of {score!r}")
    return scores


def _require(kept: bool, detector: Detector, flaw: str) -> None:
    if not kept:
        raise _broken(detector, flaw)


def _broken(detector: Detector, flaw: str) -> BrokenDetector:
    return BrokenDetector(f"detector {detector.spec.name!r} breaks a promise: it {flaw}")
