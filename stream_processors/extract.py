"""``media.uploaded`` in; crop batches and ``media.extracted`` out, chunk by chunk while the decoder goes on."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import faust

from contracts.errors import NotNow
from contracts.messages import MediaUploaded
from contracts.settings import ExtractSettings
from contracts.topics import MEDIA_UPLOADED
from contracts.vocabulary import Stage
from ingest.parking import ParkedRecord
from ingest.publisher import Outgoing
from stream_processors.app import build_app
from stream_processors.dead_letters import record_of
from stream_processors.extractor import Extractor
from stream_processors.intake import Intake
from stream_processors.ordered_acks import OrderedAcks
from stream_processors.outbox import Headers, trace_of
from stream_processors.patience import Stopping
from stream_processors.tries import WorkerKilled

GROUP = "telltale.extract"
T = TypeVar("T")


def build(settings: ExtractSettings, extractor: Extractor) -> faust.App:
    """The app that extracts one item after the other."""
    app = build_app(settings, GROUP)
    intake = Intake(app, Stage.EXTRACT, settings)
    agent = _ExtractAgent(intake, extractor)
    app.agent(intake.topic(MEDIA_UPLOADED), name="extract", concurrency=1)(agent.run)
    return app


class _ExtractAgent:
    """Off the event loop a single thread decodes; on it every chunk is confirmed before the next one is asked for."""

    def __init__(self, intake: Intake, extractor: Extractor) -> None:
        self._intake = intake
        self._extractor = extractor
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="extract")

    async def run(self, stream: faust.StreamT) -> None:
        acks = OrderedAcks(stream)
        async for event in acks.one_by_one():
            trace = trace_of(event)
            try:
                record = record_of(event)
                await self._intake.finish(
                    event,
                    MediaUploaded,
                    lambda upload, trace=trace, record=record: self._try(upload, trace, record),
                    when_parked=lambda upload, record=record: self._off_loop(lambda: self._close(upload, record)),
                )
            except Stopping:
                return
            await acks.acknowledge([event])

    async def _try(self, upload: MediaUploaded, trace: Headers, record: ParkedRecord) -> str:
        """Extract, with a count that outlives this process; a replayed dead letter is looked at again though done."""
        if record.attempt == 1 and await self._off_loop(lambda: self._extractor.is_done(upload.media_id)):
            return "known"
        try:
            await self._off_loop(lambda: self._extractor.begin(upload.media_id, record))
            await self._extract(upload, trace)
        except WorkerKilled:
            await self._send(self._extractor.given_up(upload), trace)
            raise
        except (NotNow, Stopping):
            await self._off_loop(lambda: self._extractor.let_go(upload.media_id, record))
            raise
        await self._off_loop(lambda: self._close(upload, record))
        return "done"

    def _close(self, upload: MediaUploaded, record: ParkedRecord) -> None:
        """All that is to be said of the item is confirmed, a dead letter included: no later delivery need say it."""
        self._extractor.mark_done(upload.media_id)
        self._extractor.end(upload.media_id, record)

    async def _extract(self, upload: MediaUploaded, trace: Headers) -> None:
        chunks = self._extractor.chunks(upload)
        try:
            while (outgoing := await self._off_loop(lambda: next(chunks, None))) is not None:
                await self._send(outgoing, trace)
                if self._intake.app.should_stop:
                    raise Stopping
        finally:
            # Ends the decoder and removes the copy of the media, in the thread that used them.
            await self._off_loop(chunks.close)

    async def _send(self, outgoing: Sequence[Outgoing], trace: Headers) -> None:
        await self._intake.outbox.send([Outgoing(one.topic, one.message, trace) for one in outgoing])

    async def _off_loop(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)
