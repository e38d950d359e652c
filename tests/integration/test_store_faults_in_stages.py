"""Real stages on an S3 server behind a failing line: no offset moves past unfinished work, one final verdict each."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from kafka import KafkaConsumer, TopicPartition
from PIL import Image

from contracts.codec import decode
from contracts.messages import MediaUploaded, MediaVerdict
from contracts.topics import DEAD_LETTERS, MEDIA_UPLOADED, MEDIA_VERDICTS
from contracts.vocabulary import Lifecycle, Reason
from ingest.object_stores.s3 import S3Store
from stream_processors.extract import GROUP
from tests.support.children import wait_until
from tests.support.fault_proxy import HEALTHY, Fault, FaultProxy, error_answer, fault_proxy
from tests.support.hostile_media import saved
from tests.support.kafka_broker import KafkaBroker, Tail
from tests.support.one_process import uploaded
from tests.support.s3_server import S3Server
from tests.support.stages import Stages

pytestmark = [pytest.mark.kafka, pytest.mark.s3, pytest.mark.timeout(600)]
PATIENCE_S = 240.0
FAULTS = {
    "refused": Fault(refuses=True),
    "unavailable": Fault(answer=error_answer(503, "ServiceUnavailable")),
    "forbidden": Fault(answer=error_answer(403, "AccessDenied")),
    "half": Fault(cut_after_bytes=60_000),
    "short": Fault(says_length=0.5),
}


def a_picture(seed: int) -> bytes:
    noise = np.random.default_rng(seed).integers(0, 256, (240, 320, 3), dtype=np.uint8)
    return saved("PNG", Image.fromarray(noise))


@pytest.fixture
def proxy(s3_server: S3Server) -> Iterator[FaultProxy]:
    s3_server.make_bucket("incoming")
    with fault_proxy(s3_server.port) as between:
        yield between


@pytest.fixture
def stages(tmp_path: Path, s3_server: S3Server, proxy: FaultProxy) -> Iterator[Stages]:
    """Those that a file without a face passes, on a Kafka of their own: consumer groups have fixed names."""
    env = {
        **s3_server.environment,
        "AWS_ENDPOINT_URL": proxy.endpoint,
        "TELLTALE_BUCKET": "s3://incoming",
        "TELLTALE_ALLOW_UNTRAINED": "1",
        "TELLTALE_DEADLINE_S": "300",
        "TELLTALE_REMINDER_INTERVAL_S": "0.5",
    }
    with (
        KafkaBroker(tmp_path / "kafka") as broker,
        Stages(tmp_path, broker.bootstrap_servers, detectors="mesonet", env=env) as running,
    ):
        running.create_topics()
        running.start(["extract", "aggregate"])
        yield running


class Offsets:
    """Up to where the extract stage says that its input is worked off, and where that input ends."""

    def __init__(self, bootstrap_servers: str) -> None:
        self._consumer = KafkaConsumer(bootstrap_servers=bootstrap_servers, group_id=GROUP, enable_auto_commit=False)
        self._places = [
            TopicPartition(MEDIA_UPLOADED.name, part)
            for part in sorted(self._consumer.partitions_for_topic(MEDIA_UPLOADED.name) or ())
        ]

    def done(self) -> dict[int, int]:
        return {place.partition: self._consumer.committed(place) or 0 for place in self._places}

    def ends(self) -> dict[int, int]:
        return {place.partition: end for place, end in self._consumer.end_offsets(self._places).items()}

    def close(self) -> None:
        self._consumer.close()


def finals_in(tail: Tail) -> list[MediaVerdict]:
    events = [decode(record.value, MediaVerdict) for record in tail.records]
    return [event for event in events if event.lifecycle is Lifecycle.FINAL]


def waits_in(stages: Stages) -> int:
    return (stages.home / "extract.log").read_text().count("waiting to try again")


class Announced:
    """Objects that were stored and announced, and what is said of them."""

    def __init__(self, stages: Stages, verdicts: Tail) -> None:
        self.uploads: list[MediaUploaded] = []
        self.store = S3Store("incoming")
        self._stages = stages
        self._verdicts = verdicts

    def add(self, key: str, seed: int) -> None:
        self.store.write(key, a_picture(seed))
        self.uploads.append(uploaded(self.store, key))
        self._stages.announce(self.uploads[-1:])

    def all_final(self) -> bool:
        self._verdicts.read_rest(quiet_s=0.2)
        return len({event.media_id for event in finals_in(self._verdicts)}) == len(self.uploads)


@pytest.fixture
def announced(stages: Stages, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Announced]:
    s3_server.point_boto3_here(monkeypatch)  # the test itself is not disturbed
    with stages.tail(MEDIA_VERDICTS) as verdicts:
        yield Announced(stages, verdicts)


@pytest.fixture
def offsets(stages: Stages) -> Iterator[Offsets]:
    found = Offsets(stages._bootstrap_servers)
    yield found
    found.close()


def test_a_store_in_trouble_holds_the_offset_and_doubles_nothing(
    stages: Stages, proxy: FaultProxy, announced: Announced, offsets: Offsets
):
    with stages.tail(DEAD_LETTERS) as letters:
        for number, (name, fault) in enumerate(FAULTS.items()):
            wait_until(lambda: offsets.done() == offsets.ends(), timeout_s=PATIENCE_S)
            before, waited = offsets.done(), waits_in(stages)
            proxy.set(fault)
            announced.add(f"{name}.png", number)
            wait_until(lambda waited=waited: waits_in(stages) > waited, timeout_s=PATIENCE_S)
            assert offsets.done() == before
            assert not announced.all_final()
            proxy.set(HEALTHY)
            wait_until(announced.all_final, timeout_s=PATIENCE_S)
        proxy.set(Fault(refuses=True))
        announced.add("gone.png", 50)
        announced.add("replaced.png", 51)
        announced.store.delete("gone.png")
        announced.store.write("replaced.png", a_picture(52))
        proxy.set(Fault(delay_s=0.1))
        wait_until(announced.all_final, timeout_s=PATIENCE_S)
        wait_until(lambda: offsets.done() == offsets.ends(), timeout_s=PATIENCE_S)
        assert letters.read_rest() == []
    finals = finals_in(announced._verdicts)
    assert Counter(event.media_id for event in finals) == Counter(upload.media_id for upload in announced.uploads)
    reasons = {event.uploaded.key: event.reasons for event in finals}
    assert reasons.pop("gone.png") == reasons.pop("replaced.png") == (Reason.POLICY_SKIPPED,)
    assert {reason for found in reasons.values() for reason in found} == {Reason.NO_FACE}
