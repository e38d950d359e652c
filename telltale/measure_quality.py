"""``python -m telltale.measure_quality CONFIG``: genuine clips and portraits in; the reference of the gates out.

The clips and portraits that the training configuration learns from and calibrates on make the reference, the clips as
they are and changed; how often the gates fire is counted on the others, and on deliberately ruined copies of these.
Compression is read from whole files. Faces are those of the training cache, cut where the face search found them in the
frame itself; with their surroundings they are changed and encoded, which is much less work than to do so with films.
"""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

import detectors
from contracts.clips import FaceBox, FaceCrop, Pixels
from contracts.messages import MediaFacts, Quality, TrackFacts
from detectors.training.capture_chain import h264
from detectors.training.clip_split import split_clips
from detectors.training.configuration import TrainingConfig, read_config
from detectors.training.face_store import ClipFaces, PortraitFaces
from detectors.training.faces import LocatedFace
from detectors.training.footage import clips_in
from detectors.training.people import read_portraits, split_people
from ingest.decoded import Decoded, ReadingRequest
from ingest.decoder_process import read_media
from ingest.extraction import ExtractionRules, extract
from ingest.face_locator import clipped, moved
from ingest.quality import FaceLook, face_of, look_of
from ingest.quality_reference import REFERENCE, Firing, QualityReference, Quantiles, quality_reference
from telltale.changed_copies import RUINED, USUAL, Change, write_copy
from telltale.terminal import out

AS_IS = "as it is"
PORTRAITS = "portraits"
_DETECTOR = "telltale"
_SECONDS = 5.0  # of each clip
_FACES = 4  # of each clip, spread over it
_PERCENTILES = (1, 5, 10, 50, 90, 95, 99)


@dataclass(frozen=True, kw_only=True)
class Faces:
    """What was measured of the faces of one clip; ``variant`` says what was done to them before."""

    variant: str
    looks: tuple[FaceLook, ...]


@dataclass(frozen=True, kw_only=True)
class Compression:
    """What was measured of one file as a whole; ``variant`` says what was done to it before."""

    variant: str
    media: MediaFacts
    quality: Quality


def main() -> None:
    """Read the command line, measure, and write the reference into the package."""
    parser = argparse.ArgumentParser(prog="python -m telltale.measure_quality", description=__doc__)
    parser.add_argument("config", type=Path, help="the training configuration that names the genuine media")
    parser.add_argument("--only", choices=["faces", "files"], help="keep the other half of the reference as it is")
    parser.add_argument("--to", type=Path, default=REFERENCE, help="the file to write")
    parser.add_argument("--processes", type=int, default=2)
    wish = parser.parse_args()
    config = read_config(wish.config)
    if config.data.footage is None:
        parser.error("the configuration names no folder of genuine clips")
    command = f"python -m telltale.measure_quality {wish.config}"
    with ProcessPoolExecutor(wish.processes, mp_context=get_context("spawn")) as pool:
        halves = {
            half: measure(config, pool)
            for half, measure in (("files", of_files), ("faces", of_faces))
            if wish.only in (None, half)
        }
    told = quality_reference().model_dump() if wish.only else {"command": command}
    for found in halves.values():
        told |= found
    reference = QualityReference.model_validate(told)
    wish.to.write_text(reference.model_dump_json(indent=1) + "\n", encoding="utf-8")
    out.print_json(reference.model_dump_json())


def of_faces(config: TrainingConfig, pool: Executor) -> dict[str, Any]:
    """The half of the reference that rests on faces, and how often its gate fires."""
    data = config.data
    known, others = _split(config)
    usual = partial(_faces_of_clip, cache=data.cache, changes=USUAL)
    ruined = partial(_faces_of_clip, cache=data.cache, changes=(*USUAL, *RUINED))
    of_known, of_others = pool.map(usual, known), pool.map(ruined, others)  # they begin at once
    people = split_people(
        read_portraits(data.portraits) if data.portraits else (),
        seed=config.seed,
        calibrate=data.calibrate_share,
        test=data.test_share,
    )
    portraits = _of_portraits(PortraitFaces((*people.train, *people.calibrate), data.cache))
    of_test = _of_portraits(PortraitFaces(people.test, data.cache))
    measured = list(chain.from_iterable(of_known))
    limits = face_limits([*measured, *portraits])
    rest = [*chain.from_iterable(of_others), *of_test]
    return {
        **limits,
        "faces_measured_on": datetime.now(UTC).date(),
        "clips": len(known),
        "portraits": len(portraits),
        "variants": tuple(dict.fromkeys(one.variant for one in measured)),
        "faces_stopped": stopped_faces(quality_reference().model_copy(update=limits), rest),
    }


def face_limits(measured: Sequence[Faces]) -> dict[str, Quantiles]:
    """The percentiles of each measure over all single faces."""
    looks = [look for one in measured for look in one.looks]
    return {
        name: _quantiles([getattr(look, name) for look in looks])
        for name in ("sharpness", "luma_range", "clipped_share")
    }


def stopped_faces(reference: QualityReference, measured: Sequence[Faces]) -> tuple[Firing, ...]:
    """Per variant of how many clips with a face the gate on light and blur stops the face."""
    clips = [one for one in measured if one.looks]
    fired = [(one.variant, reference.face_flaw(_track_of(one.looks)) is not None) for one in clips]
    return _counted(fired)


def of_files(config: TrainingConfig, pool: Executor) -> dict[str, Any]:
    """The half of the reference that rests on whole files, and how often its gate fires."""
    assert config.data.footage is not None
    clips = {clip.stem: clip for clip in clips_in(config.data.footage)}
    known, others = ([clips[name] for name in names] for names in _split(config))
    usual = partial(_compression_of_clip, changes=USUAL)
    ruined = partial(_compression_of_clip, changes=(*USUAL, *RUINED))
    measured, checked = (
        list(chain.from_iterable(found)) for found in (pool.map(usual, known), pool.map(ruined, others))
    )
    h264_files = [one.quality for one in measured if one.media.codec == "h264"]
    limits = {
        "quantiser": _quantiles([quality.quantiser_mean for quality in h264_files]),
        "bits_per_pixel": _quantiles([quality.bits_per_pixel for quality in h264_files]),
    }
    reference = quality_reference().model_copy(update=limits)
    fired = [(one.variant, reference.compression_flaw(one.media, one.quality) is not None) for one in checked]
    return {**limits, "files_measured_on": datetime.now(UTC).date(), "files_stopped": _counted(fired)}


def _split(config: TrainingConfig) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of the clips that make the reference, and of those that it is checked on."""
    assert config.data.footage is not None
    split = split_clips([clip.stem for clip in clips_in(config.data.footage)], config.data)
    return (*split.learn, *split.calibrate), split.report


def _counted(fired: Sequence[tuple[str, bool]]) -> tuple[Firing, ...]:
    rows = {variant: [did for name, did in fired if name == variant] for variant in dict.fromkeys(n for n, _ in fired)}
    return tuple(Firing(variant=variant, items=len(did), stopped=sum(did)) for variant, did in rows.items())


def _quantiles(values: Sequence[float | None]) -> Quantiles:
    there = [value for value in values if value is not None]
    found = np.percentile(there, _PERCENTILES)
    return Quantiles(n=len(there), **{f"p{p}": round(float(v), 5) for p, v in zip(_PERCENTILES, found, strict=True)})


def _track_of(looks: Sequence[FaceLook]) -> TrackFacts:
    sharpness, luma_range, clipped_share = (
        float(np.median([getattr(look, name) for look in looks]))
        for name in ("sharpness", "luma_range", "clipped_share")
    )
    return TrackFacts(
        track_id=0,
        start_s=0.0,
        end_s=0.0,
        face_frames=len(looks),
        face_height_px_median=0.0,
        face_height_px_p5=0.0,
        sharpness_median=sharpness,
        luma_range_median=luma_range,
        clipped_share_median=clipped_share,
    )


def _of_portraits(faces: PortraitFaces) -> list[Faces]:
    """Each portrait as a clip of one picture."""
    crops = (_crop_of(faces[at]) for at in range(len(faces)))
    return [Faces(variant=PORTRAITS, looks=_looks([crop])) for crop in crops]


def _looks(crops: Sequence[FaceCrop]) -> tuple[FaceLook, ...]:
    """Of the faces that are large enough for the detector."""
    least_px = detectors.spec(_DETECTOR).demand.min_face_px
    return tuple(look_of(face_of(crop)) for crop in crops if crop.box.height_px >= least_px)


def _faces_of_clip(name: str, cache: Path, changes: Sequence[Change]) -> list[Faces]:
    clips = ClipFaces([name], cache)
    if not clips.clips:
        return []
    faces = clips.of(name)
    spread = np.unique(np.linspace(0, len(faces) - 1, _FACES).round().astype(int)).tolist()
    crops = [_crop_of(faces[at]) for at in spread]
    measured = [Faces(variant=AS_IS, looks=_looks(crops))]
    return [*measured, *(Faces(variant=c.name, looks=_looks([changed(crop, c) for crop in crops])) for c in changes)]


def _crop_of(face: LocatedFace) -> FaceCrop:
    """As the detector gets it: the box ends where the picture does."""
    crop = face.as_crop()
    inside = clipped(crop.box, crop.pixels.shape[1], crop.pixels.shape[0])
    if inside is None:
        raise ValueError(f"the face {crop.box} of {face.person} lies outside its picture")
    return replace(crop, box=inside)


def changed(crop: FaceCrop, change: Change) -> FaceCrop:
    """One crop as it would be in a changed copy: its picture changed, then encoded; its box follows the size."""
    pixels = h264(change.picture(crop.pixels), crf=change.crf)
    by = pixels.shape[1] / crop.pixels.shape[1], pixels.shape[0] / crop.pixels.shape[0]
    return FaceCrop(pixels, moved(crop.box, by=(0.0, 0.0), scale=by), crop.track_id, crop.pts_s, crop.frame_index)


def _compression_of_clip(clip: Path, changes: Sequence[Change]) -> list[Compression]:
    measured = [_extracted(clip, AS_IS)]
    with tempfile.TemporaryDirectory() as folder:
        for change in changes:
            measured.append(_extracted(write_copy(clip, Path(folder) / "copy.mp4", change), change.name))
    return measured


def _extracted(path: Path, variant: str) -> Compression:
    rules, demand = ExtractionRules(max_duration_s=_SECONDS), detectors.spec(_DETECTOR).demand
    chunks = extract(
        path, media_id=variant, demands=[demand], locator=_Unsearched(), rules=rules, decoder=_InThisProcess()
    )
    *_, last = chunks
    return Compression(variant=variant, media=last.snapshot.media, quality=last.snapshot.quality)


class _InThisProcess:
    """A decoder of files that we know: no child process is started for each."""

    def decode(self, path: Path, request: ReadingRequest) -> Iterator[Decoded]:
        with path.open("rb") as file:
            yield from read_media(file, request)


class _Unsearched:
    """A face locator that finds none: compression is that of the whole picture."""

    least_confidence = 0.0

    def locate(self, pictures: Sequence[Pixels], *, min_face_px: int | None = None) -> list[list[FaceBox]]:
        """No face in any picture."""
        del min_face_px
        return [[] for _ in pictures]

    def confirm(self, pictures: Sequence[Pixels], expected: Sequence[FaceBox]) -> list[FaceBox | None]:
        """Nothing is there."""
        del pictures
        return [None for _ in expected]


if __name__ == "__main__":
    main()
