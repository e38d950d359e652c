"""Divided media and a crop cache in, the files with faces out by part, and those that were skipped with the reason."""

import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import structlog

from detectors.training.labelled.crop_cache import CropCache, MediaUnreadable
from detectors.training.labelled.examples import FoundMedia
from detectors.training.labelled.media import LabelledMedia
from detectors.training.labelled.split import DividedMedia
from detectors.training.runs.run_record import Skipped

_REPORT_EVERY_S = 30.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class FoundParts:
    """Files with faces to learn from and to calibrate on; those to report on are not searched."""

    train: tuple[FoundMedia, ...]
    calibrate: tuple[FoundMedia, ...]
    test: tuple[LabelledMedia, ...]
    skipped: tuple[Skipped, ...]


def find_faces(divided: DividedMedia, cache: CropCache) -> FoundParts:
    """Find the faces of all files that the cache does not hold yet; one process at a time.

    A file is skipped when it cannot be decoded, when no face in it is large and sure enough, when a file to report on
    or to calibrate on (or an earlier one) has the same content, and when one has the same content and the other label.
    """
    with cache.held():
        finding = _Finding(cache)
        # What is reported on comes first: of two files with one content, the other is not learned from.
        test, calibrate, train = (finding.new_in(part) for part in (divided.test, divided.calibrate, divided.train))
        calibrated, learned = tuple(finding.found(calibrate)), tuple(finding.found(train))
    finding.report()
    return FoundParts(learned, calibrated, tuple(test), tuple(finding.skipped))


class _Finding:
    def __init__(self, cache: CropCache) -> None:
        self.skipped: list[Skipped] = []
        self._cache, self._counts = cache, Counter[str]()
        self._first: dict[str, LabelledMedia] = {}
        self._labels: dict[str, set[bool]] = defaultdict(set)
        self._began_s = self._told_s = time.monotonic()

    def new_in(self, media: Sequence[LabelledMedia]) -> list[LabelledMedia]:
        """The readable files whose content did not come before."""
        return [one for one in media if self._is_new(one)]

    def found(self, media: Sequence[LabelledMedia]) -> Iterator[FoundMedia]:
        """The files with faces and without contradiction."""
        for one in media:
            try:
                found = self._found_in(one)
            except MediaUnreadable as why:
                self._skip(one, str(why))
            else:
                yield found
            self._tell_now_and_then()

    def report(self) -> None:
        """Say what was done and how long it took."""
        took_s = round(time.monotonic() - self._began_s, 3)
        log.info("labelled faces are there", **self._counts, skipped=len(self.skipped), s=took_s)

    def _is_new(self, one: LabelledMedia) -> bool:
        try:
            content = self._cache.sha256_of(one.path)
        except MediaUnreadable as why:
            self._skip(one, str(why))
            return False
        self._labels[content].add(one.manipulated)
        first = self._first.setdefault(content, one)
        if first is not one:
            self._skip(one, f"{first.path} has the same content")
        return first is one

    def _found_in(self, one: LabelledMedia) -> FoundMedia:
        if len(self._labels[self._cache.sha256_of(one.path)]) > 1:
            raise MediaUnreadable("another file has the same content and the other label")
        crops = self._cache.crops_of(one.path, one.identity)
        self._counts["searched" if crops.was_searched else "from_cache"] += 1
        if not crops.lines:
            raise MediaUnreadable("no face in it is large and sure enough")
        return FoundMedia(one, crops)

    def _skip(self, one: LabelledMedia, why: str) -> None:
        self.skipped.append(Skipped(path=str(one.path), why=why))

    def _tell_now_and_then(self) -> None:
        if time.monotonic() - self._told_s >= _REPORT_EVERY_S:
            self._told_s = time.monotonic()
            log.info("finding labelled faces", **self._counts, skipped=len(self.skipped))
