"""Files dropped into a folder come out of a real Kafka as one announcement each, whatever happens to the process."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.topics import MEDIA_UPLOADED
from contracts.vocabulary import Lane
from ingest.identity import media_id_of
from ingest.object_store import open_store
from tests.support.bridge_process import BridgeProcess
from tests.support.children import wait_until
from tests.support.kafka_broker import KafkaBroker, Tail
from tests.support.uploads import has_uploads, uploads_in

pytestmark = pytest.mark.kafka


@pytest.fixture
def bucket(tmp_path: Path) -> Path:
    """A folder whose name no other test uses."""
    folder = tmp_path / f"uploads-{tmp_path.parent.name}-{tmp_path.name}"
    folder.mkdir()
    return folder


@pytest.fixture
def announced(kafka_broker: KafkaBroker) -> Iterator[Tail]:
    kafka_broker.ensure_every_topic()
    with kafka_broker.tail(MEDIA_UPLOADED.name) as tail:
        yield tail


@pytest.fixture
def bridge(tmp_path: Path, bucket: Path, kafka_broker: KafkaBroker, announced: Tail) -> Iterator[BridgeProcess]:
    with BridgeProcess(tmp_path / "home", bucket=str(bucket), kafka=kafka_broker.bootstrap_servers) as process:
        yield process


def test_every_file_is_announced_once_with_the_facts_of_the_store(bridge: BridgeProcess, bucket: Path, announced: Tail):
    (bucket / "already there.mp4").write_bytes(b"1")
    bridge.start()
    (bucket / "bulk").mkdir()
    (bucket / "bulk" / "später+1 %20.mp4").write_bytes(b"22")
    (bucket / "half.mp4.part").write_bytes(b"3")
    announced.read_until(has_uploads(bucket.name, 2))
    announced.read_rest()
    seen = {one.key: one for one in uploads_in(bucket.name, announced.records)}
    assert len(seen) == len(uploads_in(bucket.name, announced.records)) == 2
    one = seen["bulk/später+1 %20.mp4"]
    facts = open_store(bucket).stat(one.key)
    assert (one.size_bytes, one.version, one.uploaded_at) == (2, facts.version, facts.modified_at)
    assert (one.source, one.lane, seen["already there.mp4"].lane) == ("folder", Lane.BULK, Lane.INTERACTIVE)
    assert one.media_id == media_id_of(bucket.name, one.key, one.version)


def test_records_are_keyed_by_media_id_and_carry_a_trace(bridge: BridgeProcess, bucket: Path, announced: Tail):
    bridge.start()
    (bucket / "a.mp4").write_bytes(b"1")
    announced.read_until(has_uploads(bucket.name, 1))
    (upload,) = uploads_in(bucket.name, announced.records)
    record = next(one for one in announced.records if upload.media_id.encode() == one.key)
    trace_id = dict(record.headers)["traceparent"].decode().split("-")[1]
    assert bridge.end() == 0
    lines = [json.loads(line) for line in bridge.log.read_text().splitlines()]
    told = [line for line in lines if line["event"] == "media_announced"]
    assert [(line["media_id"], line["trace_id"], line["stage"]) for line in told] == [
        (upload.media_id, trace_id, "ingest")
    ]


def test_a_rewritten_file_is_a_new_media_item(bridge: BridgeProcess, bucket: Path, announced: Tail):
    bridge.start()
    (bucket / "a.mp4").write_bytes(b"first")
    announced.read_until(has_uploads(bucket.name, 1))
    (bucket / "a.mp4").write_bytes(b"second")
    announced.read_until(has_uploads(bucket.name, 2))
    first, second = uploads_in(bucket.name, announced.records)
    assert first.key == second.key
    assert first.media_id != second.media_id


def test_after_an_orderly_end_nothing_is_announced_twice(bridge: BridgeProcess, bucket: Path, announced: Tail):
    (bucket / "before.mp4").write_bytes(b"1")
    bridge.start()
    announced.read_until(has_uploads(bucket.name, 1))
    assert bridge.end() == 0
    (bucket / "meanwhile.mp4").write_bytes(b"2")
    bridge.start()
    announced.read_until(has_uploads(bucket.name, 2))
    announced.read_rest()
    assert [one.key for one in uploads_in(bucket.name, announced.records)] == ["before.mp4", "meanwhile.mp4"]


def test_a_kill_loses_nothing_and_repeats_nothing_of_the_ledger(bridge: BridgeProcess, bucket: Path, announced: Tail):
    bridge.start()
    for number in range(20):
        (bucket / f"{number}.mp4").write_bytes(bytes(number))
    wait_until(lambda: bridge.counted("announced") >= 1)
    bridge.kill()
    for number in range(20, 30):
        (bucket / f"{number}.mp4").write_bytes(bytes(number))
    noted = _ledgered(bridge.log.with_name("ingest.sqlite"))
    announced.read_rest()
    before = [one.media_id for one in uploads_in(bucket.name, announced.records)]
    bridge.start()
    announced.read_until(lambda records: len({one.key for one in uploads_in(bucket.name, records)}) == 30)
    announced.read_rest()
    after = [one.media_id for one in uploads_in(bucket.name, announced.records)][len(before) :]
    assert noted
    assert not noted & set(after)


def _ledgered(path: Path) -> set[str]:
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(path)) as ledger:
        return {row[0] for row in ledger.execute("SELECT media_id FROM announced")}


def test_a_broker_that_comes_late_and_goes_away_costs_nothing(
    tmp_path: Path, bucket: Path, own_kafka_broker: KafkaBroker
):
    with BridgeProcess(tmp_path / "home", bucket=str(bucket), kafka=own_kafka_broker.bootstrap_servers) as bridge:
        (bucket / "early.mp4").write_bytes(b"1")
        bridge.start(wait=False)
        wait_until(lambda: bridge.log.exists() and "ingest_waits" in bridge.log.read_text(), timeout_s=60)
        assert bridge.is_live()
        own_kafka_broker.start()
        own_kafka_broker.ensure_every_topic()
        wait_until(lambda: bridge.counted("announced") == 1, timeout_s=60)
        own_kafka_broker.stop()
        (bucket / "meanwhile.mp4").write_bytes(b"22")
        own_kafka_broker.start()
        wait_until(lambda: bridge.counted("announced") == 2, timeout_s=90)
        assert bridge.end() == 0


def test_it_ends_at_once_while_the_broker_is_away(tmp_path: Path, bucket: Path, own_kafka_broker: KafkaBroker):
    (bucket / "a.mp4").write_bytes(b"1")
    with BridgeProcess(tmp_path / "home", bucket=str(bucket), kafka=own_kafka_broker.bootstrap_servers) as bridge:
        bridge.start(wait=False)
        wait_until(lambda: bridge.log.exists() and "ingest_waits" in bridge.log.read_text(), timeout_s=60)
        assert bridge.end(timeout_s=20) == 0
