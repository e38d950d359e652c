"""A Faust app in; the process of a stage out: ready only when it may work, gone cleanly on SIGTERM, gone on a fault."""

import logging
import os
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import faust
import structlog

from contracts.errors import LoginRefused, NotNow
from contracts.settings import ProcessSettings
from contracts.topics import Topic
from ingest.fuse import blown_fuses, this_process
from ingest.kafka_login import address_of
from ingest.telemetry import health_page
from stream_processors import rewinding
from stream_processors.create_topics import partitions_by_topic
from stream_processors.lag import LagWatch

_KNOCK_EVERY_S = 1.0
_log = structlog.get_logger()


class StageWorker(faust.Worker):
    """A worker that keeps our logs, writes nothing to stdout and knows when it is ready."""

    def __init__(self, app: faust.App, home: Path) -> None:
        super().__init__(
            app, quiet=True, loglevel=None, redirect_stdouts=False, override_logging=False, workdir=Path.cwd()
        )
        self.spinner = None
        self._started_up = False
        self._home = home

    async def on_startup_finished(self) -> None:
        """Partitions are assigned and tables recovered."""
        await super().on_startup_finished()
        self._started_up = True
        _log.info("ready")

    @property
    def ready(self) -> bool:
        works = self._started_up and not self.app.rebalancing and not self.should_stop
        return works and this_process() not in {blown.process for blown in blown_fuses(self._home)}


def run_worker(app: faust.App, settings: ProcessSettings, topics: Sequence[Topic]) -> int:
    """Run ``app`` until SIGTERM, SIGINT (0 leaves) or a fault (1 leaves); everything it needs is loaded already.

    ``topics`` are its inputs, whose lag is shown.
    """
    _quieten_faust(settings)
    app.conf.datadir.mkdir(parents=True, exist_ok=True)
    worker = StageWorker(app, settings.home)
    names = [topic.name for topic in topics]
    with health_page(settings, lambda: worker.ready), LagWatch(settings, app.conf.id, names):
        _wait_for_topics(settings, names)
        try:
            worker.execute_from_commandline()
        except SystemExit as left:
            code = left.code if isinstance(left.code, int) else 1
        except Exception:  # noqa: BLE001 - the top of the process: it is said once, and whoever supervises restarts us
            _log.exception("stage failed")
            code = 1
    return 1 if worker.crashed or app.crashed else code


def _wait_for_topics(settings: ProcessSettings, names: Sequence[str]) -> None:
    """Return when a broker lets us in and has the inputs.

    Without a broker Faust ends, and whoever restarts us waits longer every time; without the topics it looks for them
    again only after minutes.

    Raises:
        LoginRefused: a broker is there and does not let us in.
    """
    while True:
        try:
            partitions_by_topic(address_of(settings), names)
            return
        except LoginRefused:
            raise
        except NotNow as why:
            _log.info("waiting for Kafka", why=str(why))
            time.sleep(_KNOCK_EVERY_S)


def leave(code: int) -> None:
    """End the process now, though a thread may still sit in a decoder or a download that nobody waits for."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    if any(not thread.daemon for thread in threading.enumerate() if thread is not threading.main_thread()):
        os._exit(code)
    sys.exit(code)


def _quieten_faust(settings: ProcessSettings) -> None:
    if settings.log_level != "debug":
        for name in ("faust", "mode", rewinding.__name__):
            logging.getLogger(name).setLevel(logging.WARNING)
