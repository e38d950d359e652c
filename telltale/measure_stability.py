"""``python -m telltale.measure_stability CONFIG``: calibration clips in; how far mild re-encoding moves evidence out.

Each genuine clip that the training configuration calibrates on is scored as it is and forged in several ways, each of
these again after every mild change. The shift of the calibrated logit says how far from a word a face has to be scored
again; it belongs to the weights of one detector, so run this after each training.
"""

import argparse
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

import detectors
from contracts.clips import FaceClip, FaceCrop
from detectors.detector import Detector
from detectors.training.clip_split import split_clips
from detectors.training.configuration import Family, TrainingConfig, read_config
from detectors.training.face_store import ClipFaces, PortraitFaces
from detectors.training.faces import LocatedFace, cut_out
from detectors.training.footage import clips_in
from detectors.training.measuring.forged_clips import donor_for, forged
from detectors.training.people import read_portraits, split_people
from stream_processors.members import Member, members_of
from stream_processors.reencoding import CHANGES
from stream_processors.reencoding_shift import SHIFT, ReencodingShift
from telltale.terminal import out

_DETECTOR = "telltale"
_FACES = 8  # of each clip
_FAMILIES: tuple[Family, ...] = ("self_blend", "face_swap", "mouth")

Clips = Sequence[Sequence[FaceCrop]]


def main() -> None:
    """Read the command line, measure, and write the shift into the package."""
    parser = argparse.ArgumentParser(prog="python -m telltale.measure_stability", description=__doc__)
    parser.add_argument("config", type=Path, help="the training configuration that names the clips")
    parser.add_argument("--to", type=Path, default=SHIFT, help="the file to write")
    wish = parser.parse_args()
    detector = detectors.create(_DETECTOR, weights=Path())
    (member,) = members_of([_DETECTOR])
    if member.calibration is None or detector.weights_sha256 is None:
        parser.error(f"{_DETECTOR} has no calibrated weights")
    genuine, manipulated = calibration_clips(read_config(wish.config))
    moved = shifts(detector, member, [*genuine, *manipulated])
    p50, p95, p99 = np.round(np.percentile(moved, (50, 95, 99)), 3).tolist()
    found = ReencodingShift(
        command=f"python -m telltale.measure_stability {wish.config}",
        measured_on=datetime.now(UTC).date(),
        detector=_DETECTOR,
        weights_sha256=detector.weights_sha256,
        genuine=len(genuine),
        forged=len(manipulated),
        p50=p50,
        p95=p95,
        p99=p99,
    )
    wish.to.write_text(found.model_dump_json(indent=1) + "\n", encoding="utf-8")
    out.print_json(found.model_dump_json())


def calibration_clips(config: TrainingConfig) -> tuple[Clips, Clips]:
    """Up to eight crops of each genuine calibration clip, and the same forged by each of three tools.

    Raises:
        ValueError: the configuration names no footage or no portraits.
    """
    data = config.data
    if data.footage is None or data.portraits is None:
        raise ValueError("the configuration names no footage, or no portraits for donors")
    people = split_people(
        read_portraits(data.portraits), seed=config.seed, calibrate=data.calibrate_share, test=data.test_share
    )
    donors = PortraitFaces(people.calibrate, data.cache)
    clips = ClipFaces(split_clips([clip.stem for clip in clips_in(data.footage)], data).calibrate, data.cache)
    faces = [_spread(clips.of(name)) for name in clips.clips]
    return [_crops(some) for some in faces], list(_forged(faces, donors))


def shifts(detector: Detector, member: Member, clips: Clips) -> list[float]:
    """Per clip and mild change by how much, up or down, the calibrated logit of the whole clip moves."""
    moved = []
    for crops in clips:
        before = _evidence(detector, member, crops)
        moved += [abs(_evidence(detector, member, change.apply(crops)) - before) for change in CHANGES]
    return moved


def _evidence(detector: Detector, member: Member, crops: Sequence[FaceCrop]) -> float:
    raw = detector.score([FaceClip("clip", at, (crop,)) for at, crop in enumerate(crops)])
    return member.log_likelihood_ratio(member.pooled_logit(raw))


def _forged(clips: Sequence[Sequence[LocatedFace]], donors: PortraitFaces) -> Iterator[list[FaceCrop]]:
    for seed, faces in enumerate(clips):
        donor = donor_for(faces[0], donors, seed=seed)
        for family in _FAMILIES:
            yield _crops(list(forged(faces, donor, family, seed=seed)))


def _spread(faces: Sequence[LocatedFace]) -> list[LocatedFace]:
    at = np.linspace(0, len(faces) - 1, min(_FACES, len(faces))).round().astype(int)
    return [faces[one] for one in at.tolist()]


def _crops(faces: Sequence[LocatedFace]) -> list[FaceCrop]:
    margin = detectors.spec(_DETECTOR).demand.margin
    return [cut_out(face, margin).as_crop(frame_index=at, pts_s=float(at)) for at, face in enumerate(faces)]


if __name__ == "__main__":
    main()
