"""Crop batches in, one answer to each out: bundles are redeemed, clips scored across items, whatever fails is said."""

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from contracts.clips import FaceClip, FaceCrop
from contracts.errors import CorruptObject, ObjectMissing, PoisonMessage
from contracts.messages import ClaimCheck, ClipScore, CropBatch, DetectorScore
from contracts.vocabulary import DetectorStatus
from detectors import Detector
from detectors.detector import Finding, examined
from ingest.claim_checks import redeem
from ingest.crop_bundles import clips_of, unpack
from ingest.object_store import ObjectStore
from ingest.telemetry import metric
from stream_processors.rechecking import Recheck

_BUNDLES_KEPT = 4


class Bundles:
    """Unpacked crop bundles of a work store; the last few are kept, because several detectors ask for the same one."""

    def __init__(self, store: ObjectStore, *, kept: int = _BUNDLES_KEPT) -> None:
        self._store = store
        self._kept = kept
        self._recent: OrderedDict[ClaimCheck, tuple[FaceCrop, ...]] = OrderedDict()

    def crops(self, check: ClaimCheck) -> tuple[FaceCrop, ...]:
        """The crops behind a claim check. Raises ``ObjectMissing``, ``CorruptObject`` or ``NotNow``."""
        found = self._recent.get(check)
        if found is None:
            found = self._recent[check] = unpack(redeem(self._store, check))
        self._recent.move_to_end(check)
        while len(self._recent) > self._kept:
            self._recent.popitem(last=False)
        return found


@dataclass(frozen=True, eq=False, kw_only=True)
class Answer:
    """What becomes of one crop batch; ``poison`` says that its record is to be parked as well."""

    score: DetectorScore
    poison: PoisonMessage | None = None


class Scorer:
    """One loaded detector; not for several threads at once.

    Args:
        clips_per_pass: most clips in one forward pass, over all the batches of one call.
        recheck: which clips are scored again after mild re-encoding; none without.
    """

    def __init__(
        self,
        detector: Detector,
        bundles: Bundles,
        *,
        clips_per_pass: int,
        recheck: Recheck | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._detector = detector
        self._bundles = bundles
        self._clips_per_pass = clips_per_pass
        self._recheck = recheck
        self._clock = clock

    def answer(self, batches: Sequence[CropBatch]) -> list[Answer]:
        """One answer per batch, in order. Raises ``NotNow`` while the work store is away; nothing is answered then."""
        taken = [self._clips_or_failure(batch) for batch in batches]
        clips = [clip for found in taken if not isinstance(found, Answer) for clip in found]
        findings, ms_per_clip = self._scored(clips)
        answers = []
        start = 0
        for batch, found in zip(batches, taken, strict=True):
            if isinstance(found, Answer):
                answers.append(found)
                continue
            own = findings[start : start + len(found)]
            start += len(found)
            again, again_ms = self._rechecked(found, own)
            elapsed_ms = ms_per_clip * len(found) + again_ms
            answers.append(Answer(score=self._score(batch, own, again, elapsed_ms=elapsed_ms)))
        return answers

    def _clips_or_failure(self, batch: CropBatch) -> list[FaceClip] | Answer:
        try:
            return clips_of(self._bundles.crops(batch.bundle), batch.clips, batch.media_id)
        except ObjectMissing:
            return Answer(score=self._failed(batch, "The crops of this batch have expired."))
        except CorruptObject as why:
            return Answer(score=self._failed(batch, "The crops of this batch are damaged."), poison=why)

    def _rechecked(
        self, clips: Sequence[FaceClip], findings: Sequence[Finding]
    ) -> tuple[dict[int, tuple[float, ...]], float]:
        """Scores after mild re-encoding by position, and the milliseconds that they took."""
        if self._recheck is None or self._detector.untrained:
            return {}, 0.0
        began_s = self._clock()
        again = self._recheck.scores(self._detector, clips, [finding.raw_score for finding in findings])
        return again, 1000.0 * (self._clock() - began_s)

    def _scored(self, clips: Sequence[FaceClip]) -> tuple[list[Finding], float]:
        """What is found in all clips, and milliseconds per clip."""
        name, device = self._detector.spec.name, self._detector.device
        findings: list[Finding] = []
        began_s = self._clock()
        for start in range(0, len(clips), self._clips_per_pass):
            part = clips[start : start + self._clips_per_pass]
            pass_began_s = self._clock()
            findings += examined(self._detector, part)
            metric("telltale_inference_seconds").labels(detector=name, device=device).observe(
                self._clock() - pass_began_s
            )
            metric("telltale_batch_clips").labels(detector=name).observe(len(part))
            metric("telltale_batch_fill_ratio").labels(detector=name).set(len(part) / self._clips_per_pass)
        return findings, 1000.0 * (self._clock() - began_s) / max(1, len(clips))

    def _score(
        self,
        batch: CropBatch,
        findings: Sequence[Finding],
        again: Mapping[int, tuple[float, ...]],
        *,
        elapsed_ms: float,
    ) -> DetectorScore:
        detector = self._detector
        return DetectorScore(
            media_id=batch.media_id,
            detector=detector.spec.name,
            detector_version=detector.version,
            weights_sha256=detector.weights_sha256,
            untrained=detector.untrained,
            chunk_index=batch.chunk_index,
            bundle=batch.bundle,
            status=DetectorStatus.SCORED,
            clips=tuple(
                ClipScore(
                    clip_index=ref.clip_index,
                    track_id=ref.track_id,
                    start_s=ref.start_s,
                    end_s=ref.end_s,
                    raw_score=finding.raw_score,
                    frames=len(ref.crops),
                    crop=ref.crops[len(ref.crops) // 2],
                    unfamiliarity=None if finding.unfamiliarity is None else round(finding.unfamiliarity, 3),
                    reencoded=again.get(position, ()),
                )
                for position, (ref, finding) in enumerate(zip(batch.clips, findings, strict=True))
            ),
            elapsed_ms=round(elapsed_ms, 2),
        )

    def _failed(self, batch: CropBatch, detail: str) -> DetectorScore:
        return unscored(
            batch, DetectorStatus.FAILED, detail, version=self._detector.version, sha256=self._detector.weights_sha256
        )


def unscored(
    batch: CropBatch, status: DetectorStatus, detail: str, *, version: str = "", sha256: str | None = None
) -> DetectorScore:
    """The answer to a batch that got no scores: it is counted as answered, so that nobody waits for it."""
    return DetectorScore(
        media_id=batch.media_id,
        detector=batch.detector,
        detector_version=version,
        weights_sha256=sha256,
        chunk_index=batch.chunk_index,
        bundle=batch.bundle,
        status=status,
        detail=detail,
    )
