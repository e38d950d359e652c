"""Crop batches in, ``detector.scores`` out: one agent per detector, one thread for all of their forward passes."""

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import faust
import structlog

import detectors
from contracts.codec import decode
from contracts.errors import DetectorUnavailable, PoisonMessage
from contracts.messages import CropBatch
from contracts.settings import DetectSettings
from contracts.topics import DETECTOR_SCORES, crops_for
from contracts.vocabulary import DetectorStatus, Stage
from detectors import Detector
from detectors.probe import prove
from ingest.object_store import ObjectStore
from ingest.publisher import Outgoing
from ingest.telemetry import metric
from stream_processors.app import build_app
from stream_processors.intake import Intake, log_fields
from stream_processors.micro_batch import MicroBatch
from stream_processors.ordered_acks import OrderedAcks
from stream_processors.outbox import trace_of
from stream_processors.patience import Stopping, with_patience
from stream_processors.scorer import Answer, Bundles, Scorer, unscored

GROUP = "telltale.detect."
_log = structlog.get_logger()


@dataclass(frozen=True)
class Unavailable:
    """Stands where a detector cannot run; ``detail`` names the command that mends it."""

    spec: detectors.DetectorSpec
    detail: str


@dataclass(frozen=True)
class Received:
    """One record of a crop topic; ``batch`` is missing where its bytes are ``poison``."""

    event: faust.EventT
    batch: CropBatch | None
    poison: PoisonMessage | None = None

    @classmethod
    def read(cls, event: faust.EventT) -> "Received":
        try:
            return cls(event, decode(event.message.value, CropBatch))
        except PoisonMessage as why:
            return cls(event, None, why)

    @property
    def clips(self) -> int:
        return len(self.batch.clips) if self.batch else 0


def load(settings: DetectSettings) -> list[Detector | Unavailable]:
    """Load every detector of this worker once and prove it, before any partition is asked for.

    Raises:
        BrokenDetector: one failed its probe.
        UnknownDetector: a name that no detector has.
    """
    return [_loaded(name, settings) for name in settings.detector_names]


def _loaded(name: str, settings: DetectSettings) -> Detector | Unavailable:
    weights = settings.weights or settings.home / "weights"
    began_s = time.monotonic()
    try:
        detector = detectors.create(
            name, weights=weights, device=settings.device, allow_untrained=settings.allow_untrained
        )
    except DetectorUnavailable as why:
        _log.warning("detector unavailable", detector=name, why=str(why))
        return Unavailable(detectors.spec(name), str(why))
    prove(detector)
    took_s = time.monotonic() - began_s
    metric("telltale_model_loads_total").labels(detector=name).inc()
    metric("telltale_model_load_seconds").labels(detector=name).set(took_s)
    metric("telltale_model_info").labels(
        detector=name, version=detector.version, weights=(detector.weights_sha256 or "untrained")[:12]
    ).set(1)
    _log.info("detector proved", detector=name, version=detector.version, device=detector.device, took_s=took_s)
    return detector


def build(settings: DetectSettings, loaded: Sequence[Detector | Unavailable], work: ObjectStore) -> faust.App:
    """The app that answers for the ``loaded`` detectors."""
    app = build_app(settings, GROUP + "+".join(one.spec.name for one in loaded))
    intake = Intake(app, Stage.DETECT)
    # One thread: a device is kept busy by one forward pass at a time, and detectors need not be thread-safe.
    thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="detect")
    bundles = Bundles(work)
    for one in loaded:
        if isinstance(one, Unavailable):
            agent = _UnavailableAgent(intake, one)
        else:
            scorer = Scorer(one, bundles, clips_per_pass=settings.micro_batch_clips)
            agent = _ScoringAgent(intake, one, scorer, thread, settings)
        name = one.spec.name
        app.agent(intake.topic(crops_for(name)), name=f"detect-{name}", concurrency=1)(agent.run)
    return app


class _UnavailableAgent:
    """Answers every batch at once, so that nobody waits for a detector that is not there."""

    def __init__(self, intake: Intake, missing: Unavailable) -> None:
        self._intake = intake
        self._missing = missing

    async def run(self, stream: faust.StreamT) -> None:
        acks = OrderedAcks(stream)
        async for event in acks.one_by_one():
            try:
                await self._intake.finish(event, CropBatch, lambda batch, event=event: self._answer(batch, event))
            except Stopping:
                return
            await acks.acknowledge([event])

    async def _answer(self, batch: CropBatch, event: faust.EventT) -> str:
        score = unscored(batch, DetectorStatus.UNAVAILABLE, self._missing.detail, version=self._missing.spec.version)
        await self._intake.outbox.send([Outgoing(DETECTOR_SCORES, score, trace_of(event))])
        return "done"


class _ScoringAgent:
    """Fills forward passes across items; one batch of records is in flight, the next one gathers meanwhile."""

    def __init__(
        self, intake: Intake, detector: Detector, scorer: Scorer, thread: ThreadPoolExecutor, settings: DetectSettings
    ) -> None:
        self._intake = intake
        self._name = detector.spec.name
        self._scorer = scorer
        self._thread = thread
        self._settings = settings

    async def run(self, stream: faust.StreamT) -> None:
        acks = OrderedAcks(stream)
        gathered = MicroBatch[Received](
            size=self._settings.micro_batch_clips,
            age_s=self._settings.micro_batch_age_s,
            weigh=lambda received: received.clips,
        )
        async for records, waited_s in acks.in_batches(gathered, Received.read):
            metric("telltale_batch_wait_seconds").labels(detector=self._name).observe(waited_s)
            try:
                await self._finish(records)
            except Stopping:
                return
            await acks.acknowledge(record.event for record in records)

    async def _finish(self, records: Sequence[Received]) -> None:
        began_s = time.monotonic()
        batches = [record.batch for record in records if record.batch]
        loop = asyncio.get_running_loop()
        answers = iter(
            await with_patience(
                lambda: loop.run_in_executor(self._thread, self._scorer.answer, batches), self._intake.app
            )
        )
        answered = [(record, next(answers) if record.batch else None) for record in records]
        await self._intake.outbox.send(
            [Outgoing(DETECTOR_SCORES, answer.score, trace_of(record.event)) for record, answer in answered if answer]
        )
        for record, answer in answered:
            await self._close(record, answer)
        metric("telltale_stage_seconds").labels(stage=Stage.DETECT).observe(time.monotonic() - began_s)

    async def _close(self, record: Received, answer: Answer | None) -> None:
        poison = answer.poison if answer else record.poison
        with log_fields(record.event):
            if poison:
                await self._intake.dead_letters.park(record.event, poison)
                self._intake.count("dead_letter")
            else:
                self._intake.dead_letters.note_success()
                self._intake.count("done")
