"""``python -m telltale.measure_quality CONFIG``: genuine clips in; the gates' reference and its rates out.

The clips that the training configuration learns from and calibrates on make the reference, as they are and re-encoded;
how often the gates fire is counted on the others, and on deliberately ruined copies of these. A face is looked at where
the cache of the training run has it in the original, so that a flaw of the search is none of the picture.
"""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from multiprocessing import get_context
from pathlib import Path

import av
import numpy as np

from contracts.clips import FaceBox, Pixels
from contracts.demands import CropDemand
from contracts.messages import MediaFacts, Quality, TrackFacts
from detectors.training.clip_split import split_clips
from detectors.training.configuration import read_config
from detectors.training.faces import read_stored
from detectors.training.footage import clips_in
from ingest.decoded import Decoded, ReadingRequest
from ingest.decoder_process import read_media
from ingest.extraction import ExtractionRules, extract
from ingest.quality_reference import REFERENCE, Firing, QualityReference, Quantiles
from telltale.changed_copies import RUINED, USUAL, Change, write_copy
from telltale.terminal import out

AS_IS = "as it is"
_DEMAND = CropDemand(detector="quality", frames_per_second=1.0, min_frames=8, margin=0.3, min_face_px=48)
_LEAST_FACE_FRAMES = 4
_SECONDS = 5.0  # of each clip
_PLACES = 8  # of 24 that are spread over the first 300 frames
_PERCENTILES = (1, 5, 10, 50, 90, 95, 99)


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What extraction measured of one file; ``variant`` says what was done to the clip before."""

    variant: str
    media: MediaFacts
    quality: Quality
    tracks: tuple[TrackFacts, ...]


def main() -> None:
    """Read the command line, measure, and write the reference into the package."""
    parser = argparse.ArgumentParser(prog="python -m telltale.measure_quality", description=__doc__)
    parser.add_argument("config", type=Path, help="the training configuration that names the genuine clips")
    parser.add_argument("--to", type=Path, default=REFERENCE, help="the file to write")
    parser.add_argument("--processes", type=int, default=2)
    wish = parser.parse_args()
    data = read_config(wish.config).data
    if data.footage is None:
        parser.error("the configuration names no folder of genuine clips")
    clips = {clip.stem: clip for clip in clips_in(data.footage)}
    split = split_clips(list(clips), data)
    known, others = [clips[name] for name in (*split.learn, *split.calibrate)], [clips[name] for name in split.report]
    with ProcessPoolExecutor(wish.processes, mp_context=get_context("spawn")) as pool:
        reference = reference_of(
            list(chain.from_iterable(pool.map(partial(_measured, cache=data.cache, changes=USUAL), known))),
            clips=len(known),
            command=f"python -m telltale.measure_quality {wish.config}",
        )
        ruined = partial(_measured, cache=data.cache, changes=(*USUAL, *RUINED))
        checked = list(chain.from_iterable(pool.map(ruined, others)))
    reference = reference.model_copy(update={"firing": firing_of(reference, checked)})
    wish.to.write_text(reference.model_dump_json(indent=1) + "\n", encoding="utf-8")
    out.print_json(reference.model_dump_json())


def reference_of(measured: Sequence[Measured], *, clips: int, command: str) -> QualityReference:
    """The percentiles of everything that was measured; tracks of fewer than four frames are left out."""
    tracks = [track for one in measured for track in _tracks_of(one)]
    h264 = [one.quality for one in measured if one.media.codec == "h264"]
    return QualityReference(
        command=command,
        measured_on=datetime.now(UTC).date(),
        clips=clips,
        variants=tuple(dict.fromkeys(one.variant for one in measured)),
        sharpness=_quantiles([track.sharpness_median for track in tracks]),
        luma_range=_quantiles([track.luma_range_median for track in tracks]),
        clipped_share=_quantiles([track.clipped_share_median for track in tracks]),
        quantiser=_quantiles([quality.quantiser_mean for quality in h264]),
        bits_per_pixel=_quantiles([quality.bits_per_pixel for quality in h264]),
    )


def firing_of(reference: QualityReference, measured: Sequence[Measured]) -> tuple[Firing, ...]:
    """Per variant how many of its files with a face each gate stops; light and blur must spoil every face of a file."""
    rows = []
    for variant in dict.fromkeys(one.variant for one in measured):
        items = [one for one in measured if one.variant == variant and _tracks_of(one)]
        poor = [all(reference.face_flaw(track) for track in _tracks_of(one)) for one in items]
        heavy = [reference.compression_flaw(one.media, one.quality) is not None for one in items]
        rows.append(
            Firing(variant=variant, items=len(items), heavy_compression=sum(heavy), low_light_or_blur=sum(poor))
        )
    return tuple(rows)


def _quantiles(values: Sequence[float | None]) -> Quantiles:
    there = [value for value in values if value is not None]
    found = np.percentile(there, _PERCENTILES)
    return Quantiles(n=len(there), **{f"p{p}": round(float(v), 5) for p, v in zip(_PERCENTILES, found, strict=True)})


def _tracks_of(one: Measured) -> list[TrackFacts]:
    return [t for t in one.tracks if t.face_frames >= _LEAST_FACE_FRAMES and t.luma_range_median is not None]


def _measured(clip: Path, cache: Path, changes: Sequence[Change]) -> list[Measured]:
    place = _place_of_face(clip, cache)
    if place is None:
        return []
    measured = [_extracted(clip, AS_IS, place)]
    with tempfile.TemporaryDirectory() as folder:
        for change in changes:
            copy = write_copy(clip, Path(folder) / "copy.mp4", change)
            measured.append(_extracted(copy, change.name, place))
    return measured


def _extracted(path: Path, variant: str, place: "KnownPlace") -> Measured:
    rules = ExtractionRules(max_duration_s=_SECONDS)
    *_, last = extract(path, media_id=variant, demands=[_DEMAND], locator=place, rules=rules, decoder=_InThisProcess())
    found = last.snapshot
    return Measured(variant=variant, media=found.media, quality=found.quality, tracks=found.tracks)


class _InThisProcess:
    """A decoder of files that we know: no child process is started for each."""

    def decode(self, path: Path, request: ReadingRequest) -> Iterator[Decoded]:
        with path.open("rb") as file:
            yield from read_media(file, request)


@dataclass(frozen=True)
class KnownPlace:
    """A face locator that knows where the face is: left, top, right and bottom in ``shares`` of the picture."""

    shares: tuple[float, float, float, float]
    least_confidence: float = 0.0

    def locate(self, pictures: Sequence[Pixels], *, min_face_px: int | None = None) -> list[list[FaceBox]]:
        """The face in every picture; ``min_face_px`` changes nothing."""
        del min_face_px
        return [[self._box(picture)] for picture in pictures]

    def confirm(self, pictures: Sequence[Pixels], expected: Sequence[FaceBox]) -> list[FaceBox | None]:
        """What was expected."""
        del pictures
        return list(expected)

    def _box(self, picture: Pixels) -> FaceBox:
        height, width = picture.shape[:2]
        left, top, right, bottom = self.shares
        return FaceBox(left * width, top * height, right * width, bottom * height, 1.0)


def _place_of_face(clip: Path, cache: Path) -> KnownPlace | None:
    """The median place of the first frames' largest faces; nothing where the cache has none."""
    lines = list(read_stored(cache / "clips" / f"{clip.stem}.jsonl").values())
    boxes = [np.array(line["box"]) + np.tile(line["corner"], 2) for line in lines if line["file"].endswith("_0.png")]
    if not boxes:
        return None
    with av.open(str(clip)) as film:
        size = np.tile([film.streams.video[0].width, film.streams.video[0].height], 2)
    left, top, right, bottom = np.clip(np.median(boxes[:_PLACES], axis=0) / size, 0.0, 1.0).tolist()
    return KnownPlace((left, top, right, bottom))


if __name__ == "__main__":
    main()
