"""A folder in; a deployment without a pipeline out: buckets, crop bundles and a read model with items of every kind."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

import av
import numpy as np
from PIL import Image
from skimage import data

from contracts.clips import FaceBox, FaceCrop, Pixels
from contracts.messages import ClaimCheck, Evidence, MediaUploaded, MediaVerdict, Message, Problem, Segment
from contracts.settings import DashboardSettings
from contracts.vocabulary import DetectorStatus, Lifecycle, MediaKind, Reason, Verdict
from dashboard.read_model import ReadModelWriter, open_engine, url_of
from ingest.claim_checks import issue
from ingest.crop_bundles import pack
from ingest.identity import media_id_of
from ingest.object_stores.folder import FolderStore
from tests.support.items import (
    a_dead_letter,
    a_probability,
    a_result,
    a_track,
    a_verdict,
    an_extraction,
    some_media,
)

CLIP_S = 8.0
_RATE = 12
_SIDE_PX = 384
_CROPS = 16


@dataclass(frozen=True)
class Deployment:
    """What a pipeline would have left behind, so that the pages have something to show."""

    home: Path

    @classmethod
    def make(cls, home: Path) -> "Deployment":
        made = cls(home)
        for folder in (made.home, made.bucket.root, made.work.root):
            folder.mkdir(parents=True, exist_ok=True)
        return made

    @property
    def environment(self) -> dict[str, str]:
        return {
            "TELLTALE_HOME": str(self.home),
            "TELLTALE_BUCKET": str(self.bucket.root),
            "TELLTALE_WORK_BUCKET": str(self.work.root),
        }

    @cached_property
    def bucket(self) -> FolderStore:
        return FolderStore.make(self.home / "incoming")

    @cached_property
    def work(self) -> FolderStore:
        return FolderStore.make(self.home / "work")

    @cached_property
    def writer(self) -> ReadModelWriter:
        return ReadModelWriter(open_engine(url_of(DashboardSettings(home=self.home))))

    def tell(self, *messages: Message) -> None:
        """What the projector would do with these messages."""
        self.writer.apply(messages)
        self.writer.beat()

    def upload(self, key: str, content: bytes, *, minutes_ago: float = 0.0) -> MediaUploaded:
        """An object in the bucket and the message that announces it."""
        self.bucket.write(key, content)
        return self.announced(key, minutes_ago=minutes_ago)

    def announced(self, key: str, *, minutes_ago: float = 0.0) -> MediaUploaded:
        stored = self.bucket.stat(key)
        at = datetime.now(UTC) - timedelta(minutes=minutes_ago)
        return MediaUploaded(
            media_id=media_id_of(self.bucket.bucket, key, stored.version),
            bucket=self.bucket.bucket,
            key=key,
            version=stored.version,
            size_bytes=stored.size_bytes,
            source="folder",
            uploaded_at=at,
            received_at=at,
        )

    def crops_of(self, uploaded: MediaUploaded) -> ClaimCheck:
        """A bundle with crops of the one face of the clip."""
        crops = [a_crop(number * CLIP_S / _CROPS, number) for number in range(_CROPS)]
        return issue(self.work, f"crops/{uploaded.media_id}/0.zip", pack(crops))

    def clip(self) -> bytes:
        path = self.home / "clip-of-the-astronaut.mp4"
        if not path.exists():
            write_clip(path)
        return path.read_bytes()

    def picture(self) -> bytes:
        path = self.home / "astronaut.jpg"
        if not path.exists():
            Image.fromarray(data.astronaut()).save(path, quality=90)
        return path.read_bytes()


def write_clip(path: Path) -> None:
    """The public-domain astronaut, seen through a window that wanders."""
    photograph = data.astronaut()
    with av.open(str(path), "w") as container:
        stream = container.add_stream("h264", rate=_RATE)
        stream.width = stream.height = _SIDE_PX
        stream.pix_fmt = "yuv420p"
        for number in range(int(CLIP_S * _RATE)):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(_window(photograph, number), format="rgb24")))
        container.mux(stream.encode(None))


def _window(photograph: Pixels, number: int) -> Pixels:
    sway = math.sin(number / _RATE * 1.3)
    left = round(40 + 40 * sway)
    return np.ascontiguousarray(photograph[0:_SIDE_PX, left : left + _SIDE_PX])


def a_crop(pts_s: float, number: int) -> FaceCrop:
    top, left = 40 + number % 5, 150 + 2 * number % 11
    pixels = np.ascontiguousarray(data.astronaut()[top : top + 190, left : left + 160])
    return FaceCrop(pixels, FaceBox(35, 30, 125, 150, 0.99), 0, pts_s, number)


def a_judged_clip(
    deployment: Deployment,
    key: str,
    value: float,
    verdict: Verdict,
    *,
    minutes_ago: float = 1.0,
    lifecycle: Lifecycle = Lifecycle.FINAL,
    people: int = 1,
) -> tuple[MediaUploaded, MediaVerdict]:
    """A playable clip whose verdict has everything: tracks, spans, evidence, two detectors that differ a little."""
    uploaded = deployment.upload(key, deployment.clip(), minutes_ago=minutes_ago)
    bundle = deployment.crops_of(uploaded)
    is_first_look = lifecycle is Lifecycle.PROVISIONAL
    second = DetectorStatus.PENDING if is_first_look else DetectorStatus.SCORED
    probability = a_probability(value, low=max(0.0, value - 0.12), high=min(1.0, value + 0.06))
    return uploaded, a_verdict(
        uploaded,
        verdict,
        lifecycle=lifecycle,
        probability=probability,
        media=some_media(duration_s=CLIP_S, name=key),
        detectors=(
            a_result("telltale", calibrated=value),
            a_result("mesonet", calibrated=max(0.02, value - 0.15), status=second),
        ),
        tracks=tuple(
            a_track(
                number,
                start=0.0,
                end=CLIP_S,
                probability=a_probability(max(0.03, value - 0.85 * number)),
                verdict=verdict if number == 0 else Verdict.NO_EVIDENCE_FOUND,
                evidence=_evidence(bundle, value) if number == 0 else (),
            )
            for number in range(people)
        ),
        segments=_segments(value, people),
        at=uploaded.received_at + timedelta(seconds=11),
    )


def _evidence(bundle: ClaimCheck, value: float) -> tuple[Evidence, ...]:
    step = CLIP_S / _CROPS
    most = [(number, min(0.98, value + 0.02 * (4 - number)), True) for number in range(4)]
    least = [(number, max(0.02, value - 0.05 * (number - 9)), False) for number in range(10, 13)]
    return tuple(
        Evidence(pts_s=number * step, probability=odds, bundle=bundle, crop=number, incriminating=incriminating)
        for number, odds, incriminating in (*most, *least)
    )


def _segments(value: float, people: int) -> tuple[Segment, ...]:
    # Nobody scored the last quarter: the timeline has to say so.
    times = [number * 0.3 for number in range(20)]
    return tuple(
        Segment(
            start=at,
            end=at,
            model=model,
            track=track,
            confidence=min(0.99, max(0.01, value - 0.8 * track - shift + 0.08 * math.sin(at * 2 + shift * 9))),
        )
        for track in range(people)
        for model, shift in (("telltale", 0.0), ("mesonet", 0.15))
        for at in times
    )


def seed(deployment: Deployment) -> dict[str, MediaUploaded]:
    """Items of every kind, by the names of their keys."""
    judged = [
        a_judged_clip(deployment, "statement swapped.mp4", 0.93, Verdict.LIKELY_MANIPULATED, minutes_ago=3, people=2),
        a_judged_clip(deployment, "desk/street interview.mp4", 0.58, Verdict.SOME_EVIDENCE, minutes_ago=11),
        a_judged_clip(deployment, "press conference.mp4", 0.07, Verdict.NO_EVIDENCE_FOUND, minutes_ago=26),
    ]
    first_look = a_judged_clip(
        deployment,
        "live report.mp4",
        0.71,
        Verdict.SOME_EVIDENCE,
        minutes_ago=0.6,
        lifecycle=Lifecycle.PROVISIONAL,
    )
    deployment.tell(*(message for pair in (*judged, first_look) for message in pair))
    others = [
        _small_face(deployment),
        _no_face(deployment),
        _failed(deployment),
        _uncalibrated_picture(deployment),
        _waiting(deployment),
    ]
    return {uploaded.key: uploaded for uploaded in (*(pair[0] for pair in judged), first_look[0], *others)}


def _small_face(deployment: Deployment) -> MediaUploaded:
    uploaded = deployment.upload("messenger copy.mp4", deployment.clip(), minutes_ago=47)
    detail = "The largest face is 41 px high (needed: 80)."
    verdict = a_verdict(
        uploaded,
        Verdict.INCONCLUSIVE,
        reasons=(Reason.FACE_TOO_SMALL, Reason.HEAVY_COMPRESSION),
        problems=(Problem(reason=Reason.FACE_TOO_SMALL, detail=detail),),
        probability=a_probability(0.5, low=0.2, high=0.81),
        detectors=(a_result("telltale", calibrated=0.5), a_result("mesonet", status=DetectorStatus.NOT_APPLICABLE)),
        tracks=(a_track(verdict=Verdict.INCONCLUSIVE),),
        media=some_media(duration_s=CLIP_S, name=uploaded.key),
    )
    deployment.tell(uploaded, verdict)
    return uploaded


def _no_face(deployment: Deployment) -> MediaUploaded:
    uploaded = deployment.upload("harbour at night.mp4", deployment.clip(), minutes_ago=95)
    none = DetectorStatus.NOT_APPLICABLE
    verdict = a_verdict(
        uploaded,
        Verdict.NOT_ASSESSED,
        reasons=(Reason.NO_FACE,),
        problems=(Problem(reason=Reason.NO_FACE, detail="no face was found in 48 sampled frames"),),
        detectors=(a_result("telltale", status=none), a_result("mesonet", status=none)),
        media=some_media(duration_s=CLIP_S, name=uploaded.key),
    )
    deployment.tell(uploaded, verdict)
    return uploaded


def _failed(deployment: Deployment) -> MediaUploaded:
    uploaded = deployment.upload("cut off.mp4", b"\0" * 4096, minutes_ago=70)
    deployment.tell(uploaded, a_dead_letter(uploaded))
    return uploaded


def _uncalibrated_picture(deployment: Deployment) -> MediaUploaded:
    uploaded = deployment.upload("portrait.jpg", deployment.picture(), minutes_ago=130)
    missing = a_result(
        "mesonet", status=DetectorStatus.UNAVAILABLE, detail="No weights. Run: telltale detectors fetch mesonet"
    )
    verdict = a_verdict(
        uploaded,
        Verdict.INCONCLUSIVE,
        reasons=(Reason.CALIBRATION_MISSING, Reason.DETECTOR_UNAVAILABLE),
        detectors=(a_result("telltale", calibrated=None).model_copy(update={"raw": 0.62}), missing),
        tracks=(a_track(verdict=Verdict.INCONCLUSIVE),),
        media=some_media(MediaKind.IMAGE, name=uploaded.key),
    )
    deployment.tell(uploaded, verdict)
    return uploaded


def _waiting(deployment: Deployment) -> MediaUploaded:
    uploaded = deployment.upload("just arrived.mp4", deployment.clip(), minutes_ago=0.2)
    deployment.tell(uploaded, an_extraction(uploaded))
    return uploaded
