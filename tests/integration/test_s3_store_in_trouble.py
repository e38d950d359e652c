"""An S3 server that is away, slow, ill or cut off means "not now"; only a refused request means a bad key."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from contracts.errors import NotNow, ObjectChanged, ObjectMissing
from ingest.object_store import ObjectStore
from ingest.object_stores.s3 import S3Store
from telltale.local_kafka import free_port
from tests.support.sick_server import Misbehaviour, breaks_off, refuses_with, sick_server, silent_until

USES: dict[str, Callable[[ObjectStore, Path], object]] = {
    "stat": lambda store, _: store.stat("a.mp4"),
    "fetch": lambda store, folder: store.fetch("a.mp4", folder / "fetched", version="v1"),
    "read": lambda store, _: store.read("a.mp4"),
    "write": lambda store, _: store.write("a.mp4", b"1"),
    "put_file": lambda store, folder: store.put_file("a.mp4", _a_file(folder)),
    "delete": lambda store, _: store.delete("a.mp4"),
    "list": lambda store, _: list(store.list()),
}


def _a_file(folder: Path) -> Path:
    path = folder / "source"
    path.write_bytes(b"1")
    return path


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> S3Store:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "telltale-test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "telltale-test-secret")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    return S3Store("uploads", patience_s=0.3)


@pytest.fixture
def behind(monkeypatch: pytest.MonkeyPatch) -> Callable:
    @contextmanager
    def begin(misbehave: Misbehaviour) -> Iterator[None]:
        with sick_server(misbehave) as address:
            monkeypatch.setenv("AWS_ENDPOINT_URL", address)
            yield

    return begin


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_a_closed_port_is_not_now(store: S3Store, use: Callable, tmp_path: Path):
    with pytest.raises(NotNow):
        use(store, tmp_path)


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_a_silent_server_is_not_now(store: S3Store, behind: Callable, use: Callable, tmp_path: Path):
    let_go = threading.Event()
    with behind(silent_until(let_go)):
        try:
            with pytest.raises(NotNow):
                use(store, tmp_path)
        finally:
            let_go.set()


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (500, "InternalError"),
        (503, "SlowDown"),
        (429, "TooManyRequests"),
        (403, "InvalidAccessKeyId"),
        (400, "ExpiredToken"),
        (404, "NoSuchBucket"),
    ],
)
def test_trouble_that_passes_is_not_now(store: S3Store, behind: Callable, status: int, code: str):
    with behind(refuses_with(status, code)), pytest.raises(NotNow):
        store.read("a.mp4")


@pytest.mark.parametrize(
    ("status", "code", "meaning"),
    [
        (404, "NoSuchKey", ObjectMissing),
        (412, "PreconditionFailed", ObjectChanged),
        (400, "KeyTooLongError", ValueError),
    ],
)
def test_answers_about_the_object_keep_their_meaning(
    store: S3Store, behind: Callable, status: int, code: str, meaning: type[Exception]
):
    with behind(refuses_with(status, code)), pytest.raises(meaning):
        store.read("a.mp4")


@pytest.mark.parametrize("use", ["fetch", "read"])
def test_half_an_answer_is_not_now_and_leaves_nothing(store: S3Store, behind: Callable, tmp_path: Path, use: str):
    with behind(breaks_off), pytest.raises(NotNow):
        USES[use](store, tmp_path)
    assert list(tmp_path.iterdir()) == []
