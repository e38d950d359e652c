"""``python -m detectors.domain_reference NAME --config CONFIG``: calibration faces in; where their features lie out.

The faces are pairs of the people that the training run calibrates on, genuine and manipulated. The directions are
fitted on one half of them and the limit is read from the other. What pictures of other things come to is printed.
"""

import argparse
import shlex
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np

import detectors
from contracts.clips import FaceBox, FaceCrop, Pixels
from detectors.domain import DomainReference, Floats, domain_file, of_length_one, write_reference
from detectors.frame_detector import FrameDetector
from detectors.weights import folder_of

PAIRS = 500
DIRECTIONS = 64
_PERCENT = 99.0
_MARGIN = 0.15  # of a pair's view around its face


def main() -> None:
    """Read the command line, measure, write the reference beside the weights, and print what it tells apart."""
    parser = argparse.ArgumentParser(prog="python -m detectors.domain_reference", description=__doc__)
    parser.add_argument("detector", help="a detector that gives its features")
    parser.add_argument("--config", type=Path, required=True, help="the training configuration that names the faces")
    parser.add_argument("--weights", type=Path, default=Path(), help="folder of fetched weights; not for shipped ones")
    parser.add_argument("--pairs", type=int, default=PAIRS)
    parser.add_argument("--to", type=Path, help="the file to write; default: beside the weights")
    wish = parser.parse_args()
    detector = detectors.create(wish.detector, weights=wish.weights)
    if not isinstance(detector, FrameDetector) or detector.weights_sha256 is None:
        parser.error(f"{wish.detector} does not give its features")
    views = calibration_views(wish.config, wish.pairs)
    command = shlex.join(["python", "-m", "detectors.domain_reference", *sys.argv[1:]])
    reference = fitted(
        features_of(detector, views), weights_sha256=detector.weights_sha256, command=command, directions=DIRECTIONS
    )
    path = wish.to or domain_file(folder_of(detectors.card(wish.detector), wish.weights), wish.detector)
    write_reference(reference, path)
    _say(f"{path}: {path.stat().st_size} bytes, {reference.faces} faces, limit {reference.limit:.2f}")
    for name, others in unlike_faces(views[1::4]).items():
        share = float(np.mean(reference.unfamiliarity(features_of(detector, others)) > 1.0))
        _say(f"beyond the limit: {share:.1%} of {len(others)} {name}")


def calibration_views(config_file: Path, pairs: int) -> list[Pixels]:
    """Both views of the first pairs of the people that a training run calibrates on, one after the other."""
    from detectors.training.clip_split import split_clips
    from detectors.training.configuration import read_config
    from detectors.training.face_store import ClipFaces, PortraitFaces
    from detectors.training.footage import clips_in
    from detectors.training.pairs import PairMaker
    from detectors.training.people import read_portraits, split_people

    config = read_config(config_file)
    data = config.data
    if data.portraits is None:
        raise ValueError(f"{config_file} names no portraits to make calibration faces of")
    people = split_people(
        read_portraits(data.portraits), seed=config.seed, calibrate=data.calibrate_share, test=data.test_share
    )
    clips = split_clips([clip.stem for clip in clips_in(data.footage)] if data.footage else [], data)
    faces = PortraitFaces(people.calibrate, data.cache), ClipFaces(clips.calibrate, data.cache)
    maker = PairMaker(*faces, config.pairs, seed=config.seed)
    made = (maker.make(number) for number in range(pairs))
    return [view for pair in made for view in (pair.genuine, pair.manipulated)]


def features_of(detector: FrameDetector, views: Sequence[Pixels]) -> Floats:
    """n x F features of square views that have the margin of a training pair."""
    return detector.features([_as_crop(view) for view in views]).numpy()


def fitted(features: Floats, *, weights_sha256: str, command: str, directions: int) -> DomainReference:
    """A reference whose directions come from the first half of the faces and whose limit from the second.

    The covariance is shrunk as Ledoit and Wolf (2004) say before its largest directions are taken.

    Raises:
        ValueError: there are fewer than twice as many faces as directions.
    """
    from sklearn.covariance import LedoitWolf

    if len(features) < 2 * directions:
        raise ValueError(f"{len(features)} faces are too few for {directions} directions")
    fit, held = np.array_split(features, 2)
    shrunk = LedoitWolf().fit(of_length_one(fit))
    variances, axes = np.linalg.eigh(shrunk.covariance_)
    largest = np.argsort(variances)[::-1][:directions]
    rest = np.delete(variances, largest)
    whole = DomainReference(
        mean=np.asarray(shrunk.location_),
        basis=axes[:, largest].T,
        variances=variances[largest],
        rest=float(rest.mean()),
        limit=1.0,
        weights_sha256=weights_sha256,
        faces=len(features),
        measured_on=datetime.now(UTC).date().isoformat(),
        command=command,
    )
    limit = float(np.percentile(whole.distances(held), _PERCENT))
    return DomainReference(**{**vars(whole), "limit": limit})


def unlike_faces(views: Sequence[Pixels]) -> dict[str, list[Pixels]]:
    """The same views made into what the detector never met, and noise of their size; by name."""
    random = np.random.default_rng(3)
    return {
        "unchanged calibration faces": list(views),
        "upside-down faces": [np.ascontiguousarray(view[::-1]) for view in views],
        "negatives of faces": [255 - view for view in views],
        "faces drawn with few colours": [_drawn(view) for view in views],
        "faces as JPEG of quality 3": [_as_jpeg(view, 3) for view in views],
        "pictures of coarse noise": [_noise(random, view.shape[0]) for view in views],
    }


def _drawn(view: Pixels) -> Pixels:
    """Flat areas with dark outlines, as a cartoon."""
    smooth = cv2.bilateralFilter(cv2.medianBlur(view, 7), 9, 90, 90)
    edges = cv2.adaptiveThreshold(
        cv2.cvtColor(smooth, cv2.COLOR_RGB2GRAY), 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, 9, 4
    )
    flat = (smooth // 64) * 64 + 32
    return np.where(edges[:, :, None] > 0, flat, 0).astype(np.uint8)


def _as_jpeg(view: Pixels, quality: int) -> Pixels:
    _, data = cv2.imencode(".jpg", view, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def _noise(random: np.random.Generator, side: int) -> Pixels:
    coarse = random.integers(0, 256, (10, 10, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC), np.uint8)


def _as_crop(view: Pixels) -> FaceCrop:
    """The crop whose view with that margin is this very picture."""
    side = view.shape[0]
    edge = _MARGIN / (1.0 + 2.0 * _MARGIN) * side
    return FaceCrop(view, FaceBox(edge, edge, side - edge, side - edge, 1.0), 0, 0.0, 0)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
