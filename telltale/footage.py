"""A video file in; its frames by number out, decoded in the same confined child as everywhere else."""

import math
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from contracts.clips import Pixels
from contracts.errors import MediaNotAssessable
from contracts.settings import ExtractSettings
from contracts.vocabulary import MediaKind, Reason
from ingest.decoded import ReadingRequest, SampledFrame, Shortfall, StreamFacts
from ingest.decoding import ChildDecoder
from ingest.extraction import ExtractionRules
from ingest.sampling import SamplingPlan
from ingest.sniffing import sniff

_EVERY_FRAME = SamplingPlan(frames_per_second=10_000.0, min_frames=1)


class DecodedFootage:
    """A video as the published pipelines read it: a count and a rate, as the container states them, and its frames.

    Frames that are asked for in the order of time cost one decode; a step back costs another one.

    Raises:
        MediaNotAssessable: the file is no video that can be read.
    """

    def __init__(self, path: Path, settings: ExtractSettings) -> None:
        self._path = path
        rules = ExtractionRules.of(settings)
        sniffed = sniff(path)
        if sniffed.kind != MediaKind.VIDEO:
            raise MediaNotAssessable(Reason.UNSUPPORTED_FORMAT, "a published pipeline reads videos only")
        self._request = ReadingRequest(sniffed.container, (_EVERY_FRAME,), rules.max_pixels, rules.max_duration_s)
        self._decoder = ChildDecoder(rules.decoder)
        self._frames: Iterator[SampledFrame] | None = None
        self._held: SampledFrame | None = None
        self._reached = -1.0

    @property
    def frame_count(self) -> int:
        return self._facts.frame_count or 0

    @property
    def frames_per_second(self) -> float:
        return self._facts.frame_rate or 0.0

    def frame(self, index: int) -> Pixels | None:
        """Frame ``index`` as H x W x 3 uint8 RGB, or nothing where it cannot be decoded or there is none."""
        if self._frames is None or index < self._reached:
            self._frames, self._reached = self._decoded(), -1.0
        while self._reached < index:
            self._held = next(self._frames, None)
            self._reached = self._held.frame_index if self._held else math.inf
        return self._held.pixels if self._held and self._reached == index else None

    def _decoded(self) -> Iterator[SampledFrame]:
        for event in self._decoder.decode(self._path, self._request):
            if isinstance(event, SampledFrame):
                yield event

    @cached_property
    def _facts(self) -> StreamFacts:
        for event in self._decoder.decode(self._path, self._request):
            if isinstance(event, StreamFacts):
                return event
            if isinstance(event, Shortfall):
                raise MediaNotAssessable(event.reason, event.detail)
        raise MediaNotAssessable(Reason.DECODE_ERROR, "nothing could be read")
