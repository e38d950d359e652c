"""Crop batches in, ``detector.scores`` out: one agent per detector, one thread for all of their forward passes."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import faust
import structlog

from contracts.codec import decode
from contracts.errors import DetectorUnavailable, NotNow, PoisonMessage
from contracts.messages import CropBatch
from contracts.settings import DetectSettings
from contracts.topics import DETECTOR_SCORES, crops_for
from contracts.vocabulary import DetectorStatus, Stage
from detectors import DetectorSpec
from ingest.object_store import ObjectStore
from ingest.parking import ParkedRecord
from ingest.publisher import Outgoing
from ingest.telemetry import metric
from stream_processors.app import build_app
from stream_processors.dead_letters import record_of
from stream_processors.detect_group import group_of
from stream_processors.idleness import Idleness
from stream_processors.intake import Intake, log_fields
from stream_processors.micro_batch import MicroBatch
from stream_processors.ordered_acks import OrderedAcks
from stream_processors.outbox import trace_of
from stream_processors.patience import Stopping, with_patience
from stream_processors.policy import Policy
from stream_processors.rechecking import recheck_of
from stream_processors.scorer import Answer, Bundles, Scorer, unscored
from stream_processors.serving import Serving, Unavailable, serving
from stream_processors.tries import Tries, WorkerKilled, tries_at

T = TypeVar("T")
_log = structlog.get_logger()


@dataclass(frozen=True, eq=False)
class Received:
    """One record of a crop topic; ``batch`` is missing where its bytes are ``poison``."""

    event: faust.EventT
    batch: CropBatch | None
    poison: PoisonMessage | None = None

    @property
    def record(self) -> ParkedRecord:
        return record_of(self.event)

    @classmethod
    def read(cls, event: faust.EventT) -> "Received":
        try:
            return cls(event, decode(event.message.value, CropBatch))
        except PoisonMessage as why:
            return cls(event, None, why)

    @property
    def clips(self) -> int:
        return len(self.batch.clips) if self.batch else 0


def load(settings: DetectSettings) -> list[Serving]:
    """Load every detector of this worker and prove it, before any partition is asked for.

    Raises:
        BrokenDetector: one failed its probe.
        UnknownDetector: a name that no detector has.
    """
    return [serving(name, settings) for name in settings.detector_names]


def build(settings: DetectSettings, loaded: Sequence[Serving], work: ObjectStore) -> faust.App:
    """The app that answers for the ``loaded`` detectors."""
    app = build_app(settings, group_of(one.name for one in loaded))
    intake = Intake(app, Stage.DETECT, settings)
    # One thread: a device is kept busy by one forward pass at a time, and detectors need not be thread-safe.
    thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="detect")
    bundles = Bundles(work)
    tries = tries_at(settings.home)
    idleness = Idleness(settings.idle_s)
    for one in loaded:
        agent = _Agent(intake, one, bundles, thread, settings, idleness, tries)
        app.agent(intake.topic(crops_for(one.name)), name=f"detect-{one.name}", concurrency=1)(agent.run)

    async def look_after_weights() -> None:
        """Beside the scoring thread, which goes on meanwhile."""
        while not app.should_stop:
            await app.sleep(settings.weights_interval_s)
            for one in loaded:
                await asyncio.to_thread(one.look)
            if settings.residence == "cold" and idleness.reached:
                _log.info("idle", idle_s=settings.idle_s)
                os.kill(os.getpid(), signal.SIGTERM)  # the way out that finishes everything; status 0 says all is well
                return

    app.task(look_after_weights)
    return app


class _Agent:
    """Fills forward passes across items; one batch of records is in flight, the next one gathers meanwhile.

    Where the detector cannot run every batch is answered all the same, so that nobody waits for it.
    """

    def __init__(
        self,
        intake: Intake,
        serving: Serving,
        bundles: Bundles,
        thread: ThreadPoolExecutor,
        settings: DetectSettings,
        idleness: Idleness,
        tries: Tries,
    ) -> None:
        self._intake = intake
        self._serving = serving
        self._bundles = bundles
        self._thread = thread
        self._settings = settings
        self._idleness = idleness
        self._tries = tries

    async def run(self, stream: faust.StreamT) -> None:
        acks = OrderedAcks(stream)
        gathered = MicroBatch[Received](
            size=self._settings.micro_batch_clips,
            age_s=self._settings.micro_batch_age_s,
            weigh=lambda received: received.clips,
        )
        async for records, waited_s in acks.in_batches(gathered, Received.read):
            metric("telltale_batch_wait_seconds").labels(detector=self._serving.name).observe(waited_s)
            try:
                with self._idleness.work():
                    await self._finish(records)
            except Stopping:
                return
            await acks.acknowledge(record.event for record in records)

    async def _finish(self, records: Sequence[Received]) -> None:
        began_s = time.monotonic()
        answered = await with_patience(lambda: self._off_loop(lambda: self._answered(records)), self._intake.app)
        await self._intake.outbox.send(
            [Outgoing(DETECTOR_SCORES, answer.score, trace_of(record.event)) for record, answer in answered if answer]
        )
        for record, answer in answered:
            await self._close(record, answer)
        metric("telltale_stage_seconds").labels(stage=Stage.DETECT).observe(time.monotonic() - began_s)

    def _answered(self, records: Sequence[Received]) -> list[tuple[Received, Answer | None]]:
        """Every record with its answer; what a worker died over before is scored alone, so that it takes none along."""
        readable = [one for one in records if one.batch]
        suspects = [one for one in readable if self._tries.before(Stage.DETECT, one.record)]
        fresh = [one for one in readable if one not in suspects]
        answers = dict(zip(fresh, self._tried(fresh), strict=True)) if fresh else {}
        for one in suspects:
            (answers[one],) = self._tried([one])
        return [(one, answers.get(one)) for one in records]

    def _tried(self, records: Sequence[Received]) -> list[Answer]:
        """Scored together, with a count of the tries that outlives this process."""
        batches = [one.batch for one in records if one.batch]
        try:
            for one in records:
                self._tries.begin(Stage.DETECT, one.record)
            answers = self._answer(batches)
        except WorkerKilled as why:
            return self._given_up(batches, why)
        except NotNow:
            for one in records:
                self._tries.let_go(Stage.DETECT, one.record)
            raise
        for one in records:
            self._tries.end(Stage.DETECT, one.record)
        return answers

    def _given_up(self, batches: Sequence[CropBatch], why: WorkerKilled) -> list[Answer]:
        now = self._serving.now
        version = "" if isinstance(now, Unavailable) else now.version
        detail = "Every worker that scored these crops was lost over them."
        scores = [unscored(batch, DetectorStatus.FAILED, detail, version=version) for batch in batches]
        return [Answer(score=score, poison=why) for score in scores]

    def _answer(self, batches: Sequence[CropBatch]) -> list[Answer]:
        """By whoever serves when the batch begins; its weights may have vanished since it was last asked."""
        now = self._serving.now
        if isinstance(now, Unavailable):
            return unavailable(batches, now.spec, now.detail)
        weights, policy = self._settings.weights or self._settings.home / "weights", Policy.deciding_by(self._settings)
        try:
            return Scorer(
                now,
                self._bundles,
                clips_per_pass=self._settings.micro_batch_clips,
                recheck=recheck_of(now.spec.name, self._settings.reencode_clips, weights, policy),
            ).answer(batches)
        except DetectorUnavailable as why:
            return unavailable(batches, now.spec, str(why))

    async def _close(self, record: Received, answer: Answer | None) -> None:
        poison = answer.poison if answer else record.poison
        with log_fields(record.event):
            if poison:
                await self._intake.dead_letters.park(record.event, poison)
                await with_patience(
                    lambda: self._off_loop(lambda: self._tries.end(Stage.DETECT, record.record)), self._intake.app
                )
                self._intake.count("dead_letter")
            else:
                self._intake.dead_letters.note_success()
                self._intake.count("done")

    async def _off_loop(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def unavailable(batches: Sequence[CropBatch], spec: DetectorSpec, detail: str) -> list[Answer]:
    """One answer per batch that says why there is no score."""
    status = DetectorStatus.UNAVAILABLE
    return [Answer(score=unscored(batch, status, detail, version=spec.version)) for batch in batches]
