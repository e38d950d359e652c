"""A store that is slow, refuses, breaks off or lies delays a verdict and never doubles, guesses or loses one."""

import resource
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from contracts.errors import NotNow, ObjectChanged
from contracts.vocabulary import Reason, Verdict
from ingest.object_store import ObjectStore
from ingest.object_stores.folder import FolderStore
from ingest.object_stores.s3 import S3Store
from tests.support.fault_proxy import HEALTHY, Fault, FaultProxy, error_answer, fault_proxy
from tests.support.hostile_media import saved
from tests.support.media import PAINT
from tests.support.one_process import OneProcess, uploaded
from tests.support.s3_server import S3Server

KEY = "desk/painted face.png"
PATIENCE_S = 5.0


def a_large_picture(seed: int = 1) -> bytes:
    """A painted face in noise: more than a hundred thousand bytes, so that it can be broken off in the middle."""
    picture = np.random.default_rng(seed).integers(0, 60, (240, 320, 3), dtype=np.uint8)
    picture[30:90, 40:100] = PAINT
    return saved("PNG", Image.fromarray(picture))


PICTURE = a_large_picture()
# Each lasts until it is mended.
FAULTS = {
    "refuses connections": Fault(refuses=True),
    "503": Fault(answer=error_answer(503, "SlowDown")),
    "500": Fault(answer=error_answer(500, "InternalError")),
    "403": Fault(answer=error_answer(403, "AccessDenied")),
    "half a body": Fault(cut_after_bytes=60_000),
    "not one whole header": Fault(cut_after_bytes=50),
    "less than it says": Fault(says_length=2.0),
    "half, and says so": Fault(says_length=0.5),
    "no HTTP": Fault(answer=b"220 mail.example ESMTP\r\n"),
    "a page of somebody else": Fault(answer=b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n<html></html>"),
    "silent": Fault(delay_s=3 * PATIENCE_S),
}


@pytest.fixture
def proxy(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultProxy]:
    s3_server.make_bucket("incoming")
    with fault_proxy(s3_server.port) as between:
        monkeypatch.setenv("AWS_ENDPOINT_URL", between.endpoint)
        yield between


@pytest.fixture
def store(proxy: FaultProxy) -> S3Store:
    return S3Store("incoming", patience_s=PATIENCE_S)


@contextmanager
def files_of_at_most(size_bytes: int) -> Iterator[None]:
    """No file of this process may become larger: what a full disk looks like to whoever writes one."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def expect_one_final(pipeline: OneProcess, verdict: Verdict | None = None) -> None:
    assert len(pipeline.finals) == 1
    assert pipeline.parked == []
    assert list(pipeline.scratch.iterdir()) == []
    if verdict is not None:
        assert pipeline.finals[0].verdict is verdict


@pytest.mark.s3
@pytest.mark.parametrize("name", FAULTS)
async def test_trouble_that_passes_delays_the_one_verdict(proxy: FaultProxy, store: S3Store, tmp_path: Path, name: str):
    if name == "silent":
        store = S3Store("incoming", patience_s=0.5)
    store.write(KEY, PICTURE)
    upload = uploaded(store, KEY)
    pipeline = OneProcess(store, tmp_path)
    proxy.set(FAULTS[name])
    for _ in range(2):
        with pytest.raises(NotNow):
            await pipeline.take(upload)
        assert pipeline.verdicts == []
        assert list(pipeline.scratch.iterdir()) == []
    proxy.set(HEALTHY)
    await pipeline.take(upload)
    await expect_one_final(pipeline)
    assert pipeline.finals[0].media.sha256 is not None
    assert pipeline.finals[0].detectors[0].clips == 1


@pytest.mark.s3
async def test_a_slow_store_is_waited_for(proxy: FaultProxy, store: S3Store, tmp_path: Path):
    store.write(KEY, PICTURE)
    pipeline = OneProcess(store, tmp_path)
    proxy.set(Fault(delay_s=0.2))
    began_s = time.monotonic()
    await pipeline.take(uploaded(store, KEY))
    assert time.monotonic() - began_s > 1.0
    await expect_one_final(pipeline)


@pytest.mark.s3
async def test_a_listing_that_breaks_off_is_not_taken_for_the_whole(proxy: FaultProxy, store: S3Store):
    for number in range(30):
        store.write(f"many/{number}", b"")
    proxy.set(Fault(cut_after_bytes=3000))
    with pytest.raises(NotNow):
        list(store.list())
    proxy.set(Fault(answer=b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n<html></html>"))
    with pytest.raises(NotNow):
        list(store.list())
    proxy.set(HEALTHY)
    assert len(list(store.list())) == 30


@pytest.fixture(params=["folder", pytest.param("s3", marks=pytest.mark.s3)])
def any_store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    return FolderStore.make(tmp_path / "bucket") if request.param == "folder" else request.getfixturevalue("store")


async def test_an_object_that_was_replaced_is_left_to_its_newer_announcement(any_store: ObjectStore, tmp_path: Path):
    any_store.write(KEY, PICTURE)
    old = uploaded(any_store, KEY)
    any_store.write(KEY, a_large_picture(2))
    new = uploaded(any_store, KEY)
    pipeline = OneProcess(any_store, tmp_path)
    await pipeline.take(old)
    await expect_one_final(pipeline, Verdict.NOT_ASSESSED)
    assert pipeline.finals[0].reasons == (Reason.POLICY_SKIPPED,)
    await pipeline.take(new)
    assert [event.media_id for event in pipeline.finals] == [old.media_id, new.media_id]
    assert pipeline.finals[1].detectors[0].clips == 1


async def test_an_object_that_is_replaced_while_it_is_fetched_is_not_mixed(any_store: ObjectStore, tmp_path: Path):
    """Whole or not at all: the old bytes, or a replaced object; never a part of each."""
    data = {kind: bytes([kind]) * 3_000_000 for kind in (1, 2)}
    any_store.write(KEY, data[1])
    stop = threading.Event()

    def replace() -> None:
        kind = 1
        while not stop.is_set():
            kind = 3 - kind
            any_store.write(KEY, data[kind])

    writer = threading.Thread(target=replace)
    writer.start()
    try:
        for number in range(12):
            to = tmp_path / f"copy-{number}"
            with suppress(ObjectChanged, NotNow):
                any_store.fetch(KEY, to)
            assert not to.exists() or to.read_bytes() in data.values()
    finally:
        stop.set()
        writer.join()


async def test_an_object_that_was_deleted_is_said_to_be_gone(any_store: ObjectStore, tmp_path: Path):
    any_store.write(KEY, PICTURE)
    upload = uploaded(any_store, KEY)
    any_store.delete(KEY)
    pipeline = OneProcess(any_store, tmp_path)
    await pipeline.take(upload)
    await expect_one_final(pipeline, Verdict.NOT_ASSESSED)
    assert pipeline.finals[0].reasons == (Reason.POLICY_SKIPPED,)


async def test_a_full_disk_is_waited_out(any_store: ObjectStore, tmp_path: Path):
    any_store.write(KEY, PICTURE)
    upload = uploaded(any_store, KEY)
    pipeline = OneProcess(any_store, tmp_path)
    for _ in range(2):
        with files_of_at_most(50_000), pytest.raises(NotNow):
            await pipeline.take(upload)
        assert list(pipeline.scratch.iterdir()) == []
        assert pipeline.verdicts == []
    await pipeline.take(upload)
    await expect_one_final(pipeline)


async def test_a_folder_that_is_away_is_waited_for(tmp_path: Path):
    bucket = FolderStore.make(tmp_path / "bucket")
    bucket.write(KEY, PICTURE)
    upload = uploaded(bucket, KEY)
    pipeline = OneProcess(bucket, tmp_path)
    (tmp_path / "bucket").rename(tmp_path / "unmounted")
    with pytest.raises(NotNow):
        await pipeline.take(upload)
    (tmp_path / "unmounted").rename(tmp_path / "bucket")
    await pipeline.take(upload)
    await expect_one_final(pipeline)
