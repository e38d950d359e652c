"""How the rules of ntech are compared with their golden cases."""

import math
from collections.abc import Callable, Iterator

import numpy as np

from contracts.clips import FaceBox
from detectors.systems.ntech.aggregation import video_score
from detectors.systems.ntech.crops import area_around, shape_of
from detectors.systems.ntech.sampling import face_samples, sequence_samples
from detectors.systems.ntech.tracking import Track, tracks_of
from tests.parity.line import Line, compared, equal


def _scores(cases: list[dict]) -> Iterator[Line]:
    for number, case in enumerate(cases):
        probabilities = [*case["sequence_frame_probs"], *case["face_probs"]]
        name = f"ntech video score {number} {case.get('case', '')}".rstrip()
        score = video_score(probabilities, compat="original")
        yield compared(name, math.nan if score is None else score, case["score"])
        lengths = case.get("track_lengths")
        if lengths is not None:
            wanted = len(case["sequence_frame_probs"]), len(case["face_probs"])
            samples = sum(7 * len(sequence_samples(n)) for n in lengths), sum(len(face_samples(n)) for n in lengths)
            yield equal(f"{name}: number of samples", samples, wanted)


def _tracks(cases: list[dict]) -> Iterator[Line]:
    for case in cases:
        tracks = tracks_of([_boxes(look) for look in case["detections"]], compat="original")
        name, wanted = f"ntech tracks of {case['scenario']!r}", case["tracks"]
        frames = [(track.first_frame, track.first_frame + len(track) - 1, len(track)) for track in tracks]
        yield equal(f"{name}: frames", frames, [(t["first_frame"], t["last_frame"], t["length"]) for t in wanted])
        if len(tracks) == len(wanted):
            yield compared(f"{name}: boxes", _told(tracks), [[t["box_at_1"], t["last_box"]] for t in wanted])


def _told(tracks: list[Track]) -> list:
    return [[track.edges[1], track.edges[-1]] for track in tracks]


def _boxes(look: dict) -> list[FaceBox]:
    return [FaceBox(*box, confidence=score) for box, score in zip(look["boxes"], look["scores"], strict=True)]


def _sampling(cases: list[dict]) -> Iterator[Line]:
    for case in cases:
        length, sequences, faces = case["track_length"], case["sequences"], case["faces"]
        ours = sequence_samples(length)
        got = [s.first for s in ours], [s.mirrored for s in ours]
        wanted = sequences["sequence_first_frame"], sequences["flipped"]
        yield equal(f"ntech sequences of a track of {length}", got, tuple(wanted))
        singles = face_samples(length)
        got = [s.position for s in singles], [s.mirrored for s in singles]
        yield equal(f"ntech faces of a track of {length}", got, (faces["face_frame"], faces["flipped"]))


def _crops(cases: list[dict]) -> Iterator[Line]:
    for number, case in enumerate(cases):
        area = area_around(np.asarray(case["box"]), *case["frame_hw"])
        wanted = case["x0"], case["y0"], case["h"], case["w"]
        yield equal(f"ntech crop {number} around {case['box']}", (area[0], area[1], *shape_of(area)), wanted)


_SECTIONS: dict[str, Callable[[list[dict]], Iterator[Line]]] = {
    "video_score": _scores,
    "tracks": _tracks,
    "sampling": _sampling,
    "crop": _crops,
}


def _aggregation(fixture: dict) -> Iterator[Line]:
    about = {"system", "original_source"}
    for section, cases in fixture.items():
        if section in _SECTIONS:
            yield from _SECTIONS[section](cases)
        elif section not in about and isinstance(cases, list | dict):
            yield equal(f"ntech section {section} is known", section, sorted(_SECTIONS))


CASES = {"ntech_aggregation": _aggregation}
