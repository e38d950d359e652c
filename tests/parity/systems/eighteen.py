"""The case fixture of the system ``eighteen``: final policy, scores of pictures and tubes, tubes and their crops."""

from collections.abc import Iterator

import numpy as np

from contracts.clips import FaceBox
from detectors.systems.eighteen.aggregation import (
    drawn_in,
    face_score_of_pictures,
    final_score,
    probability,
    score_of_faces,
)
from detectors.systems.eighteen.crops import squares_around
from detectors.systems.eighteen.members import MEMBERS
from detectors.systems.eighteen.sampling import picture_indices
from detectors.systems.eighteen.tracking import Box, at_every_frame, chosen_tubes, confident
from tests.parity.line import Line, compared, equal

_MIRRORED = 0.9  # the stand-in network of the fixture gives this share of its logit for a mirrored picture


def _aggregation(fixture: dict) -> Iterator[Line]:
    sections = {key: value for key, value in fixture.items() if isinstance(value, dict)}
    for name, section in sections.items():
        for at, case in enumerate(section["cases"]):
            yield from _SECTIONS[name](f"eighteen {name} {at}", case)


def _final_policy(name: str, case: list) -> Iterator[Line]:
    scores, wanted = case
    got = final_score(dict(zip((member.name for member in MEMBERS), scores, strict=True)), compat="original")
    yield compared(name, -1.0 if got is None else got, wanted)


def _image_score(name: str, case: dict) -> Iterator[Line]:
    faces = [_face_score(np.array(values), mirrored=case["isFlip"]) for values in case["frame_values"]]
    score = -1.0 if -1.0 in faces else score_of_faces(faces)
    yield compared(name, drawn_in(score) if case["isScale"] and score >= 0.0 else score, case["score"])


def _face_score(values: np.ndarray, *, mirrored: bool) -> float:
    chosen = values[picture_indices(len(values), compat="original")]
    logits = np.stack([np.zeros_like(chosen), chosen], axis=1)
    averaged = (logits + _MIRRORED * logits) / 2 if mirrored else logits
    return face_score_of_pictures(averaged, compat="original")


def _sf_score(name: str, case: dict) -> Iterator[Line]:
    faces = [float(probability([0.0, logit])) for logit in case["face_logits"]]
    yield compared(name, score_of_faces(faces), case["score"])


def _tracking(name: str, case: dict) -> Iterator[Line]:
    frames = [confident([_face_box(found) for found in boxes]) for boxes in case["detections"]]
    tubes = [at_every_frame(tube, len(frames)) for tube in chosen_tubes(frames, compat="original")]
    yield equal(f"{name} flag", 1 if tubes else -1, case["flag"])
    frame = Box(0, 0, case["W"], case["H"])
    squares = [squares_around([entry.box for entry in tube], [frame] * len(tube)) for tube in tubes]
    got = [[[square.left, square.top, square.side] for square in tube] for tube in squares]
    yield equal(f"{name} crops", got, case.get("crop_xy_size") or [])
    shapes = [[len(tubes), len(frames), size_px, size_px, 3] for size_px in (256, 299)] if tubes else []
    yield equal(f"{name} shapes", shapes, case.get("shapes") or [])


def _face_box(found: list[float]) -> FaceBox:
    left, top, right, bottom, confidence = found
    return FaceBox(left=left, top=top, right=right, bottom=bottom, confidence=confidence)


_SECTIONS = {
    "final_policy": _final_policy,
    "image_score": _image_score,
    "sf_score": _sf_score,
    "tracking": _tracking,
}
CASES = {"eighteen_aggregation": _aggregation}
