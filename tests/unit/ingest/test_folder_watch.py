"""Files are told when they rest: not half-written, not before they changed, again when they are rewritten."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from contracts.errors import NotNow
from ingest.folder_watch import FolderWatch, RestingFiles, is_unfinished
from ingest.object_store import StoredObject
from ingest.object_stores.folder import FolderStore
from tests.support.fake_store import LONG_AGO


def a_file(version: str = "1", key: str = "a.mp4", size_bytes: int = 1) -> StoredObject:
    return StoredObject(key, size_bytes, version, LONG_AGO)


class TestRestingFiles:
    def test_a_file_is_told_once_when_it_has_rested(self):
        files = RestingFiles(settle_s=1.0)
        files.see(a_file(), 10.0)
        assert files.take(10.9) == []
        files.see(a_file(), 10.9)
        assert files.take(11.0) == [a_file()]
        files.see(a_file(), 11.5)
        assert files.take(20.0) == []

    def test_a_growing_file_waits(self):
        files = RestingFiles(settle_s=1.0)
        for tick in range(50):
            files.see(a_file(version=str(tick), size_bytes=tick), tick * 0.5)
            assert files.take(tick * 0.5) == []
        assert files.take(25.5) == [a_file(version="49", size_bytes=49)]

    def test_a_rewritten_file_is_told_again(self):
        files = RestingFiles(settle_s=1.0)
        files.see(a_file("1"), 0.0)
        files.take(1.0)
        files.see(a_file("2"), 5.0)
        assert files.take(6.0) == [a_file("2")]

    def test_a_file_that_went_away_is_forgotten(self):
        files = RestingFiles(settle_s=1.0)
        files.see(a_file(), 0.0)
        files.forget("a.mp4")
        assert files.take(5.0) == []
        assert files.unsettled() == ()

    def test_files_settle_each_for_itself(self):
        files = RestingFiles(settle_s=1.0)
        files.see(a_file(key="a.mp4"), 0.0)
        files.see(a_file(key="b.mp4"), 0.9)
        assert [found.key for found in files.take(1.0)] == ["a.mp4"]
        assert [found.key for found in files.take(2.0)] == ["b.mp4"]


@pytest.mark.parametrize(
    "key",
    [".a.mp4", ".hidden/a.mp4", "b/.c/a.mp4", "a.mp4.part", "a.TMP", "a.crdownload", "~a.docx", "b/~lock/a.mp4", ".\n"],
)
def test_names_of_unfinished_files(key: str):
    assert is_unfinished(key)


@pytest.mark.parametrize(
    "key", ["a.mp4", "a.b/c.mp4", "part", "a.partial.mp4", "tmp/a.mp4", "a~.mp4", "bulk/a.part.mp4"]
)
def test_names_of_uploads(key: str):
    assert not is_unfinished(key)


SETTLE_S = 0.15


class Watched:
    """A folder under watch; ``until`` lets the watch run until enough files were told."""

    def __init__(self, root: Path, *, listing_s: float = 3600.0) -> None:
        self.store = FolderStore.make(root)
        self.root = self.store.root
        self.told: list[str] = []
        self.stop = threading.Event()
        self._arrivals = FolderWatch(self.store, settle_s=SETTLE_S, listing_s=listing_s).arrivals(self.stop)

    def until(self, enough: Callable[[list[str]], bool], *, meanwhile: Callable[[], object] = lambda: None) -> None:
        for rested in self._arrivals:
            meanwhile()
            self.told += [found.key for found in rested]
            if enough(self.told):
                return
        raise AssertionError("the watch ended")

    def ticks(self, count: int) -> None:
        for _ in range(count):
            self.told += [found.key for found in next(self._arrivals)]

    def close(self) -> None:
        self._arrivals.close()


@contextmanager
def watching(root: Path, **options: float) -> Iterator[Watched]:
    with closing(Watched(root, **options)) as watched:
        yield watched


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    """A watch that runs already, on an empty folder."""
    with watching(tmp_path / "bucket") as one:
        one.ticks(2)
        yield one


def has(*keys: str) -> Callable[[list[str]], bool]:
    return lambda told: set(keys) <= set(told)


def test_files_that_were_there_are_found(tmp_path: Path):
    (tmp_path / "bucket" / "sub").mkdir(parents=True)
    (tmp_path / "bucket" / "sub" / "old.mp4").write_bytes(b"1")
    with watching(tmp_path / "bucket") as watched:
        watched.until(has("sub/old.mp4"))
    assert watched.told == ["sub/old.mp4"]


def test_new_files_in_new_subfolders_are_found(watched: Watched):
    deep = watched.root / "desk" / "tip line"
    deep.mkdir(parents=True)
    (deep / "ä b+c.mp4").write_bytes(b"1")
    watched.until(has("desk/tip line/ä b+c.mp4"))


def test_a_file_that_grows_is_told_when_it_is_whole(watched: Watched):
    growing = (watched.root / "a.mp4").open("ab", buffering=0)
    sizes_told: list[int] = []
    writes = iter(range(12))

    def write_on() -> None:
        if next(writes, None) is not None:
            growing.write(b"x")
        sizes_told.extend((watched.root / key).stat().st_size for key in watched.told)

    with growing:
        growing.write(b"x")
        watched.until(has("a.mp4"), meanwhile=write_on)
    assert (watched.root / "a.mp4").stat().st_size == 13
    assert sizes_told == []


def test_a_download_is_told_under_its_final_name_only(watched: Watched):
    (watched.root / "a.mp4.part").write_bytes(b"1")
    watched.ticks(8)
    (watched.root / "a.mp4.part").rename(watched.root / "a.mp4")
    watched.until(has("a.mp4"))
    assert watched.told == ["a.mp4"]


def test_a_folder_moved_in_brings_all_its_files(watched: Watched, tmp_path: Path):
    (tmp_path / "outside" / "deep").mkdir(parents=True)
    for name in ("1.mp4", "deep/2.mp4", ".hidden"):
        (tmp_path / "outside" / name).write_bytes(b"1")
    (tmp_path / "outside").rename(watched.root / "inside")
    watched.until(has("inside/1.mp4", "inside/deep/2.mp4"))
    assert len(watched.told) == 2


def test_a_rewritten_file_is_told_again(watched: Watched):
    (watched.root / "a.mp4").write_bytes(b"first")
    watched.until(has("a.mp4"))
    (watched.root / "a.mp4").write_bytes(b"second")
    watched.until(lambda told: told.count("a.mp4") == 2)


def test_a_file_that_goes_before_it_rests_is_never_told(watched: Watched):
    (watched.root / "a.mp4").write_bytes(b"1")
    watched.ticks(1)
    (watched.root / "a.mp4").unlink()
    (watched.root / "b.mp4").write_bytes(b"1")
    watched.until(has("b.mp4"))
    assert watched.told == ["b.mp4"]


def test_a_lost_notice_is_made_up_for_by_reading_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(FolderWatch, "_look_at", lambda self, paths: None)
    with watching(tmp_path / "bucket", listing_s=0.1) as watched:
        watched.ticks(2)
        (watched.root / "a.mp4").write_bytes(b"1")
        watched.until(has("a.mp4"))


def test_a_file_that_may_not_be_read_waits_until_it_may(watched: Watched, monkeypatch: pytest.MonkeyPatch):
    allowed = threading.Event()
    monkeypatch.setattr(os, "access", lambda path, mode: allowed.is_set())
    (watched.root / "a.mp4").write_bytes(b"1")
    watched.ticks(8)
    assert watched.told == []
    allowed.set()
    (watched.root / "a.mp4").chmod(0o644)
    watched.until(has("a.mp4"))


def test_links_that_lead_out_are_not_followed(watched: Watched, tmp_path: Path):
    (tmp_path / "secret.mp4").write_bytes(b"1")
    (watched.root / "link.mp4").symlink_to(tmp_path / "secret.mp4")
    (watched.root / "b.mp4").write_bytes(b"1")
    watched.until(has("b.mp4"))
    watched.ticks(3)
    assert watched.told == ["b.mp4"]


def test_it_ends_when_it_is_told_to(watched: Watched):
    watched.stop.set()
    assert list(watched._arrivals) == []


def test_a_folder_that_goes_away_is_not_now(tmp_path: Path):
    with watching(tmp_path / "bucket", listing_s=0.1) as watched:
        watched.ticks(2)
        watched.root.rmdir()
        with pytest.raises(NotNow):
            watched.ticks(20)
