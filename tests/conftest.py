"""Real servers for whoever asks, and what happens to tests whose part this machine lacks."""

from __future__ import annotations  # the fixtures' types are imported only where a fixture is used

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.parts import PARTS, is_required

if TYPE_CHECKING:
    from tests.support.kafka_broker import KafkaBroker
    from tests.support.s3_server import S3Server


def pytest_runtest_setup(item: pytest.Item) -> None:
    for part in sorted(PARTS.keys() & {mark.name for mark in item.iter_markers()}):
        missing = PARTS[part]()
        if missing and is_required(part):
            pytest.fail(f"REQUIRE_{part.upper()}=1, but {missing}", pytrace=False)
        if missing:
            pytest.skip(missing)


@pytest.fixture(scope="session")
def kafka_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaBroker]:
    """One real Kafka for the whole run; its topics are shared, so tests read from where they began (``Tail``)."""
    from tests.support.kafka_broker import KafkaBroker

    with KafkaBroker(tmp_path_factory.mktemp("kafka")) as broker:
        yield broker


@pytest.fixture
def own_kafka_broker(tmp_path: Path) -> Iterator[KafkaBroker]:
    """A real Kafka of a test's own, not started yet: to be started, stopped and started again."""
    from tests.support.kafka_broker import KafkaBroker

    broker = KafkaBroker(tmp_path / "own-kafka")
    yield broker
    broker.stop()


@pytest.fixture
def s3_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Server]:
    """A real S3 server without notifications; boto3 in this process talks to it."""
    from tests.support.s3_server import S3Server

    with S3Server(tmp_path / "s3") as server:
        server.point_boto3_here(monkeypatch)
        yield server


@pytest.fixture
def s3_server_with_events(
    tmp_path: Path, kafka_broker: KafkaBroker, monkeypatch: pytest.MonkeyPatch
) -> Iterator[S3Server]:
    """A real S3 server that writes its events to a topic of its own, ``.events_topic`` on the shared Kafka."""
    from tests.support.s3_server import S3Server

    topic = kafka_broker.new_topic("bucket.notifications")
    with S3Server(tmp_path / "s3", events_to=(kafka_broker.bootstrap_servers, topic)) as server:
        server.point_boto3_here(monkeypatch)
        yield server
