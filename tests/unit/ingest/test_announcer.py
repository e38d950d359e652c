"""Each version of each upload is announced once, and noted only when Kafka has confirmed."""

from pathlib import Path

import pytest

from contracts.errors import NotNow
from contracts.messages import MediaUploaded
from contracts.telemetry import trace_id_of
from contracts.topics import MEDIA_UPLOADED
from contracts.vocabulary import Lane
from ingest.announcer import Announcer, own_prefix
from ingest.identity import media_id_of
from ingest.ledger import Ledger
from ingest.object_store import StoredObject, open_store
from tests.support.fake_kafka import FakePublisher
from tests.support.fake_store import LONG_AGO, FakeStore


@pytest.fixture
def publisher() -> FakePublisher:
    return FakePublisher()


@pytest.fixture
def announcer(tmp_path: Path, publisher: FakePublisher):
    with Ledger.open(tmp_path / "ledger") as ledger:
        yield Announcer(FakeStore(), ledger, publisher, own_prefix="work/")


def found(key: str = "a.mp4", version: str = "v1") -> StoredObject:
    return StoredObject(key, 7, version, LONG_AGO)


def uploads(publisher: FakePublisher) -> list[MediaUploaded]:
    return [one.message for one in publisher.published if isinstance(one.message, MediaUploaded)]


def test_an_announcement_says_what_the_store_says(announcer: Announcer, publisher: FakePublisher):
    assert announcer.announce([found("desk/ä b.mp4")]) == 1
    (outgoing,) = publisher.published
    (upload,) = uploads(publisher)
    assert upload == MediaUploaded(
        media_id=media_id_of("incoming", "desk/ä b.mp4", "v1"),
        bucket="incoming",
        key="desk/ä b.mp4",
        version="v1",
        size_bytes=7,
        source="s3",
        lane=Lane.INTERACTIVE,
        uploaded_at=LONG_AGO,
        received_at=upload.received_at,
    )
    assert (outgoing.topic, outgoing.key) == (MEDIA_UPLOADED, upload.media_id.encode())
    assert trace_id_of(outgoing.headers)


def test_each_version_is_announced_once(announcer: Announcer, publisher: FakePublisher):
    assert announcer.announce([found(), found(), found(version="v2")]) == 2
    assert announcer.announce([found()]) == 0
    assert [one.version for one in uploads(publisher)] == ["v1", "v2"]


def test_while_kafka_is_away_nothing_is_noted(announcer: Announcer, publisher: FakePublisher):
    publisher.is_away = True
    with pytest.raises(NotNow):
        announcer.announce([found("a.mp4"), found("b.mp4")])
    publisher.is_away = False
    assert announcer.announce([found("a.mp4"), found("b.mp4")]) == 2
    assert {one.key for one in uploads(publisher)} == {"a.mp4", "b.mp4"}


@pytest.mark.parametrize("key", ["folder/", "work/crops/a/0.zip", "", "a/../b.mp4"])
def test_what_is_no_upload_is_passed_over(announcer: Announcer, publisher: FakePublisher, key: str):
    assert announcer.announce([found(key)]) == 0
    assert not publisher.published


@pytest.mark.parametrize(
    ("key", "chosen"),
    [
        ("uploads/detectors=mesonet,telltale/x/a.mp4", ("mesonet", "telltale")),
        ("detectors=mesonet,mesonet,/a.mp4", ("mesonet",)),
        ("detectors=/a.mp4", None),
        ("uploads/detectors=mesonet.mp4", None),
        ("a.mp4", None),
    ],
)
def test_a_folder_of_the_key_may_choose_the_detectors(
    announcer: Announcer, publisher: FakePublisher, key: str, chosen: tuple[str, ...] | None
):
    announcer.announce([found(key)])
    assert [upload.detectors for upload in uploads(publisher)] == [chosen]


@pytest.mark.parametrize(("key", "lane"), [("bulk/a.mp4", Lane.BULK), ("bulky/a.mp4", Lane.INTERACTIVE)])
def test_the_lane_is_in_the_key(announcer: Announcer, publisher: FakePublisher, key: str, lane: Lane):
    announcer.announce([found(key)])
    assert uploads(publisher)[0].lane is lane


@pytest.mark.parametrize(
    ("watched", "work", "prefix"),
    [
        ("s3://a", "s3://a/work", "work/"),
        ("s3://a/in", "s3://a/in/our/work", "our/work/"),
        ("s3://a", "s3://ab", None),
        ("s3://a/in", "s3://a", None),
        ("s3://a", "{folder}/work", None),
        ("{folder}/in", "{folder}/in/.work", ".work/"),
        ("{folder}/in", "{folder}/work", None),
    ],
)
def test_the_part_of_the_bucket_that_is_ours(tmp_path: Path, watched: str, work: str, prefix: str | None):
    stores = [open_store(url.format(folder=tmp_path)) for url in (watched, work)]
    assert own_prefix(*stores) == prefix


def test_a_bucket_cannot_be_its_own_work_bucket(tmp_path: Path):
    with pytest.raises(ValueError, match="same place"):
        own_prefix(open_store(tmp_path), open_store(f"{tmp_path}/x/.."))
