"""A registered detector and people that it never saw in; its calibration line and measured figures out, as JSON.

For detectors that were trained elsewhere: portraits of the people to learn from fit the line, those of the people to
report on give the figures, so a detector that was trained here on those people must not be measured this way.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import detectors
from contracts.clips import FaceClip, Pixels
from detectors.calibration import fit_platt, logit, pooled, sigmoid
from detectors.detector import Detector
from detectors.training.capture_chain import CaptureChain, draw_chain
from detectors.training.configuration import Data, Family, TrainingConfig, read_config
from detectors.training.face_store import ClipFaces, PortraitFaces, search_clips
from detectors.training.faces import LocatedFace, scaled
from detectors.training.footage import clips_in
from detectors.training.material import material_of
from detectors.training.measuring.areas import auc
from detectors.training.pairs import FAMILIES

MEASURED: tuple[Family, ...] = ("face_swap", "self_blend")
_DONORS = 4
_LEAST_FACE_PX = 48.0
_RESAMPLES = 1000
_TIMED_CLIPS = 64


@dataclass(frozen=True, kw_only=True)
class ScoredPair:
    """Raw scores of a genuine picture and its manipulated twin, both through the same capture chain."""

    genuine: float
    manipulated: float
    family: Family


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m detectors.training.measuring.registered", description=__doc__)
    parser.add_argument("name", help="a registered detector of single frames")
    parser.add_argument("config", type=Path, help="JSON file of a training run: people, clips, seed")
    parser.add_argument("--weights", type=Path, required=True, help="folder of fetched weights")
    parser.add_argument("--generated", type=Path, help="folder of clips whose faces are generated as a whole")
    parser.add_argument("--without", default="-", help="start of the names of clips in that folder to leave out")
    wish = parser.parse_args()
    detector = detectors.create(wish.name, weights=wish.weights)
    generated = (
        [clip for clip in clips_in(wish.generated) if not clip.name.startswith(wish.without)] if wish.generated else []
    )
    report = measure(detector, read_config(wish.config), generated=generated)
    sys.stdout.write(json.dumps(report, indent=2) + "\n")


def measure(detector: Detector, config: TrainingConfig, *, generated: Sequence[Path] = ()) -> dict:
    """The calibration line of a detector and its figures on people and clips that the line was not fitted on."""
    data, people = config.data, material_of(config).people
    fit = score_pairs(detector, PortraitFaces(people.train, data.cache), seed=config.seed)
    a, b = fit_platt(*_items(fit))
    reported_on = PortraitFaces(people.test, data.cache)
    test = score_pairs(detector, reported_on, seed=config.seed)
    figures = [figure for family in MEASURED for figure in _family_figures(test, family)]
    figures += _calibrated_figures(test, a, b)
    if data.footage:
        figures += _clip_figures(detector, data, clips_in(data.footage), generated)
    return {
        "calibration": {"a": a, "b": b, "prior": 0.5, "n_items": 2 * len(fit)},
        "figures": figures,
        "cost": {"cpu_ms_per_clip": cpu_ms_per_clip(detector, reported_on)},
    }


def score_pairs(detector: Detector, faces: PortraitFaces, *, seed: int) -> list[ScoredPair]:
    """Score each face that is large enough, as it is and manipulated; the families take turns."""
    pairs = []
    for at in range(len(faces)):
        face, rng = faces[at], np.random.default_rng((seed, at))
        if face.size_px >= _LEAST_FACE_PX:
            family = MEASURED[at % len(MEASURED)]
            pairs.append(_score_pair(detector, face, _donor(faces, face, rng), family, rng))
    return pairs


def cpu_ms_per_clip(detector: Detector, faces: PortraitFaces) -> float:
    """Processor time per clip of one crop, preprocessing included, in milliseconds."""
    crops = [faces[at].as_crop() for at in range(min(_TIMED_CLIPS, len(faces)))]
    clips = [FaceClip(media_id="timed", clip_index=at, crops=(crop,)) for at, crop in enumerate(crops)]
    detector.score(clips)
    start_s = time.process_time()
    detector.score(clips)
    return round((time.process_time() - start_s) * 1000.0 / len(clips), 1)


def _donor(faces: PortraitFaces, face: LocatedFace, rng: np.random.Generator) -> LocatedFace:
    among = rng.integers(len(faces), size=_DONORS).tolist()
    best = faces.closest_in_pose(face.landmarks, among, other_than=face.person)
    return scaled(best, face.size_px / best.size_px)


def _score_pair(
    detector: Detector, face: LocatedFace, donor: LocatedFace, family: Family, rng: np.random.Generator
) -> ScoredPair:
    forged = FAMILIES[family](face, donor, rng)
    chain = draw_chain(rng, least_scale=min(1.0, max(0.4, _LEAST_FACE_PX / face.size_px)))
    genuine, manipulated = detector.score([_captured(chain, face, pixels) for pixels in (face.pixels, forged)])
    return ScoredPair(genuine=genuine, manipulated=manipulated, family=family)


def _captured(chain: CaptureChain, face: LocatedFace, pixels: Pixels) -> FaceClip:
    resized = scaled(face, chain(pixels).shape[1] / pixels.shape[1])
    crop = resized.with_pixels(chain(pixels)).as_crop()
    return FaceClip(media_id=face.person, clip_index=0, crops=(crop,))


def _items(pairs: Sequence[ScoredPair]) -> tuple[list[float], list[bool]]:
    raws = [pair.genuine for pair in pairs] + [pair.manipulated for pair in pairs]
    return raws, [False] * len(pairs) + [True] * len(pairs)


def _family_figures(pairs: Sequence[ScoredPair], family: Family) -> list[dict]:
    ours = [pair for pair in pairs if pair.family == family]
    low, high = np.quantile([_auc_of(sample) for sample in _resampled(ours)], [0.025, 0.975])
    on = f"{family} pairs of portraits of people that the line was not fitted on, through random capture chains"
    return [_figure("AUC", _auc_of(ours), on, len(ours), low=float(low), high=float(high))]


def _resampled(pairs: Sequence[ScoredPair]) -> list[list[ScoredPair]]:
    rng = np.random.default_rng(0)
    return [[pairs[at] for at in rng.integers(len(pairs), size=len(pairs))] for _ in range(_RESAMPLES)]


def _auc_of(pairs: Sequence[ScoredPair]) -> float:
    return auc([pair.genuine for pair in pairs], [pair.manipulated for pair in pairs])


def _calibrated_figures(pairs: Sequence[ScoredPair], a: float, b: float) -> list[dict]:
    raws, labels = _items(pairs)
    p = np.array([sigmoid(a * logit(raw) + b) for raw in raws])
    y = np.array(labels)
    loss = float(-np.mean(np.log(np.where(y, p, 1.0 - p))))
    on = "all those pairs, calibrated"
    return [
        _figure("log loss (0.693 is that of always saying one half)", loss, on, len(raws)),
        _figure("share of genuine pictures at or above 0.5", float(np.mean(p[~y] >= 0.5)), on, int((~y).sum())),
        _figure("share of manipulated pictures at or above 0.5", float(np.mean(p[y] >= 0.5)), on, int(y.sum())),
    ]


def _clip_figures(detector: Detector, data: Data, footage: Sequence[Path], generated: Sequence[Path]) -> list[dict]:
    genuine = _pooled_clips(detector, data, footage)
    flagged = float(np.mean([raw >= 0.5 for raw in genuine]))
    figures = [_figure("share of genuine clips with a raw score of 0.5 or more", flagged, "real footage", len(genuine))]
    if generated:
        talking = _pooled_clips(detector, data, generated)
        on = "clips of faces that are generated as a whole, against the real footage"
        figures.append(_figure("AUC", auc(genuine, talking), on, len(genuine) + len(talking)))
    return figures


def _pooled_clips(detector: Detector, data: Data, clips: Sequence[Path]) -> list[float]:
    names = list(search_clips(clips, data.cache, frames=data.frames_per_clip))
    faces = ClipFaces(names, data.cache)
    found = [[face for face in faces.of(name) if face.size_px >= _LEAST_FACE_PX] for name in faces.clips]
    return [_pooled(detector, of_clip) for of_clip in found if of_clip]


def _pooled(detector: Detector, faces: Sequence[LocatedFace]) -> float:
    clips = [FaceClip(media_id=face.person, clip_index=at, crops=(face.as_crop(),)) for at, face in enumerate(faces)]
    return pooled(detector.score(clips))


def _figure(name: str, value: float, on: str, n_items: int, **limits: float) -> dict:
    return {"name": name, "value": round(value, 4), "on": on, "n_items": n_items} | {
        limit: round(edge, 4) for limit, edge in limits.items()
    }


if __name__ == "__main__":
    main()
