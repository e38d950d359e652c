"""A loaded detector in, nothing out if it is sound: it scores two made-up faces before it may score anyone's."""

from collections.abc import Sequence

import numpy as np

from contracts.clips import FaceBox, FaceClip, FaceCrop, Pixels
from contracts.errors import BrokenDetector
from detectors.calibration import logit
from detectors.detector import Detector, DetectorSpec

_SIDE_PX = 320
_BOX = FaceBox(left=80.0, top=60.0, right=240.0, bottom=260.0, confidence=1.0)
_LEAST_SPREAD = 1e-3  # of the logits; every sound detector of ours is at least a hundred times above it
_LEAST_SPREAD_UNTRAINED = 1e-7  # random weights hardly tell pictures apart, but they must read them
_MOST_DRIFT = 1e-4


def probe_clips(spec: DetectorSpec, *, crops: int | None = None) -> tuple[FaceClip, FaceClip]:
    """Two drawn faces as clips of ``crops`` crops: one even, one with another face pasted in.

    Without a number they are the shortest clips that the detector takes, because a probe is to cost little.
    """
    length = crops or spec.demand.least_crops
    return _clip(0, _even_face(), length), _clip(1, _pasted_face(), length)


def prove(detector: Detector) -> None:
    """Let a detector score the probe clips.

    Raises:
        BrokenDetector: it gives another number of scores than clips, scores outside 0..1 or not finite, the same score
            for both clips, or scores that depend on a clip's place or neighbours; the message says which.
    """
    even, pasted = probe_clips(detector.spec)
    _scores(detector, [])
    alone = [_scores(detector, [clip])[0] for clip in (even, pasted)]
    spread = abs(logit(alone[0]) - logit(alone[1]))
    if spread < (_LEAST_SPREAD_UNTRAINED if detector.untrained else _LEAST_SPREAD):
        raise _broken(detector, f"gives two different faces the same score, {alone[0]:.6f}")
    together = _scores(detector, [pasted, even, pasted])
    wanted = [alone[1], alone[0], alone[1]]
    drift = max(abs(one - other) for one, other in zip(together, wanted, strict=True))
    if drift > _MOST_DRIFT:
        raise _broken(detector, f"lets a clip's place or neighbours move its score by {drift:.6f}")


def _scores(detector: Detector, clips: Sequence[FaceClip]) -> list[float]:
    scores = detector.score(clips)
    if len(scores) != len(clips):
        raise _broken(detector, f"gives {len(scores)} scores for {len(clips)} clips")
    for score in scores:
        if not 0.0 <= score <= 1.0:
            raise _broken(detector, f"gives a score of {score}")
    return scores


def _broken(detector: Detector, flaw: str) -> BrokenDetector:
    return BrokenDetector(f"detector {detector.spec.name!r} failed its probe: it {flaw}")


def _clip(index: int, pixels: Pixels, length: int) -> FaceClip:
    crops = tuple(FaceCrop(pixels=pixels, box=_BOX, track_id=0, pts_s=t / 25.0, frame_index=t) for t in range(length))
    return FaceClip(media_id="probe", clip_index=index, crops=crops)


def _even_face() -> Pixels:
    rows, columns = np.mgrid[0:_SIDE_PX, 0:_SIDE_PX].astype(np.float64)
    light = 60.0 + 40.0 * columns / _SIDE_PX
    canvas = np.stack([light, light * 1.1, light * 1.2], axis=-1)
    shade = 1.0 - 0.25 * ((columns - 160.0) / 80.0) ** 2
    for reach, colour in (
        (_oval(rows, columns, 160.0, 160.0, 100.0, 80.0), (205.0, 160.0, 135.0)),
        *_features(rows, columns),
    ):
        canvas = canvas * (1.0 - reach) + np.array(colour) * shade[..., None] * reach
    grain = np.random.default_rng(11).normal(0.0, 3.0, canvas.shape)
    return np.clip(canvas + grain, 0.0, 255.0).astype(np.uint8)


def _features(rows: np.ndarray, columns: np.ndarray) -> list[tuple[np.ndarray, tuple[float, float, float]]]:
    eyes = [(_oval(rows, columns, 135.0, x, 8.0, 16.0), (60.0, 45.0, 40.0)) for x in (128.0, 192.0)]
    nose = (_oval(rows, columns, 172.0, 160.0, 22.0, 9.0), (180.0, 135.0, 115.0))
    mouth = (_oval(rows, columns, 215.0, 160.0, 9.0, 30.0), (150.0, 70.0, 75.0))
    return [*eyes, nose, mouth]


def _oval(rows: np.ndarray, columns: np.ndarray, y: float, x: float, height: float, width: float) -> np.ndarray:
    """How much of each pixel lies in an oval (0..1, soft at the rim); sizes are half axes in pixels."""
    distance = np.sqrt(((rows - y) / height) ** 2 + ((columns - x) / width) ** 2)
    return np.clip((1.0 - distance) * 8.0, 0.0, 1.0)[..., None]


def _pasted_face() -> Pixels:
    """The even face with its middle replaced by a smoother, darker copy of itself, a little to the side."""
    even = _even_face().astype(np.float64)
    rows, columns = np.mgrid[0:_SIDE_PX, 0:_SIDE_PX].astype(np.float64)
    coarse = even.reshape(_SIDE_PX // 4, 4, _SIDE_PX // 4, 4, 3).mean(axis=(1, 3)).repeat(4, axis=0).repeat(4, axis=1)
    other = np.roll(coarse, 4, axis=1) * np.array([0.95, 0.78, 0.72])
    reach = _oval(rows, columns, 165.0, 160.0, 78.0, 60.0)
    return np.clip(even * (1.0 - reach) + other * reach, 0.0, 255.0).astype(np.uint8)
