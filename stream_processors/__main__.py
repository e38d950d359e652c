"""``python -m stream_processors create-topics | extract | detect | aggregate``: one stage per process.

Settings come from the environment only. A stage loads and proves what it needs before it asks for partitions.
"""

import argparse
import math
import signal
import sys
import time
from collections.abc import Callable
from typing import TypeVar

import structlog

from contracts.errors import LoginRefused, NotNow
from contracts.settings import AggregateSettings, DetectSettings, ExtractSettings, ProcessSettings, TopicSettings
from contracts.topics import MEDIA_UPLOADED, crops_for
from contracts.vocabulary import Stage
from ingest.entry_point import ending_when_refused, environment_of
from ingest.kafka_login import address_of, knock_if_there
from ingest.telemetry import configure_logs
from stream_processors.worker import leave, run_worker

T = TypeVar("T")
_PATIENCE_S = 60.0
_log = structlog.get_logger()


def create_topics() -> int:
    settings = TopicSettings()
    configure_logs(settings, "create-topics")
    from stream_processors.create_topics import create_topics

    _when_there(lambda: create_topics(settings))
    return 0


def extract() -> int:
    settings = ExtractSettings()
    configure_logs(settings, Stage.EXTRACT)
    import detectors
    from ingest.extraction import ExtractionRules
    from ingest.object_store import open_store
    from stream_processors.extract import build
    from stream_processors.extractor import Extractor
    from stream_processors.face_locators import locator_of

    extractor = Extractor(
        bucket=open_store(settings.bucket),
        work=open_store(settings.work_bucket),
        demands=[detectors.spec(name).demand for name in settings.detector_names],
        locator=locator_of(settings, weights=settings.weights or settings.home / "weights"),
        rules=ExtractionRules.of(settings),
        scratch=settings.home / "scratch",
        most_bytes=settings.max_object_bytes,
    )
    return run_worker(build(settings, extractor), settings, [MEDIA_UPLOADED])


def detect() -> int:
    settings = DetectSettings()
    configure_logs(settings, Stage.DETECT)
    import torch

    from ingest.object_store import open_store
    from stream_processors.detect import build, load

    torch.set_num_threads(settings.torch_threads)
    loaded = load(settings)
    return run_worker(
        build(settings, loaded, open_store(settings.work_bucket)),
        settings,
        [crops_for(one.name) for one in loaded],
    )


def aggregate() -> int:
    settings = AggregateSettings()
    configure_logs(settings, Stage.AGGREGATE)
    from stream_processors.aggregate import INPUTS, build
    from stream_processors.create_topics import co_partitioned_topics, partitions_of
    from stream_processors.members import members_of
    from stream_processors.policy import Policy

    partitions = _when_there(lambda: partitions_of(address_of(settings), co_partitioned_topics()), patience_s=math.inf)
    weights = DetectSettings().weights or settings.home / "weights"
    members, policy = members_of(settings.detector_names, weights), Policy.of(settings)
    return run_worker(build(settings, members, partitions=partitions, policy=policy), settings, INPUTS)


ROLES: dict[str, tuple[Callable[[], int], type[ProcessSettings]]] = {
    "create-topics": (create_topics, TopicSettings),
    "extract": (extract, ExtractSettings),
    "detect": (detect, DetectSettings),
    "aggregate": (aggregate, AggregateSettings),
}


def _when_there(work: Callable[[], T], *, patience_s: float = _PATIENCE_S) -> T:
    """Do ``work`` as soon as the broker is there; ``NotNow`` leaves when it does not come up in time."""
    give_up_s = time.monotonic() + patience_s
    while True:
        try:
            return work()
        except LoginRefused:
            raise
        except NotNow as why:
            if time.monotonic() > give_up_s:
                raise
            _log.info("waiting for Kafka", why=str(why))
            time.sleep(1.0)


def role_from(arguments: list[str]) -> str:
    parser = argparse.ArgumentParser(prog="python -m stream_processors", description="Run one stage of the pipeline.")
    roles = parser.add_subparsers(dest="role", required=True, metavar=" | ".join(ROLES))
    for name, (_, settings) in ROLES.items():
        roles.add_parser(
            name,
            description=settings.__doc__,
            epilog=environment_of(settings),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
    return parser.parse_args(arguments).role


def main(arguments: list[str]) -> int:
    role = role_from(arguments)
    # Until Faust takes the signals over: a stage that is told to end while it loads has nothing in hand.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    run, settings = ROLES[role]
    try:
        with ending_when_refused():
            configure_logs(settings(), role)
            knock_if_there(settings())
            return run()
    except Exception:  # noqa: BLE001 - the top of the process: said once, and whoever supervises restarts us
        _log.exception("stage failed", role=role)
        return 1


if __name__ == "__main__":
    leave(main(sys.argv[1:]))
