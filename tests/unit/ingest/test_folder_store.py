"""What is particular to folders: links, names, files that change while they are read, folders that go away."""

import os
from pathlib import Path

import pytest

from contracts.errors import NotNow, ObjectChanged, ObjectMissing
from ingest.object_store import open_store
from ingest.object_stores.folder import FolderStore


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore.make(tmp_path / "bucket")


def test_opening_makes_the_folder(tmp_path: Path):
    store = open_store(tmp_path / "not" / "there" / "yet")
    assert (tmp_path / "not" / "there" / "yet").is_dir()
    assert (store.bucket, store.kind) == ("yet", "folder")


def test_a_link_out_of_the_bucket_is_no_object(store: FolderStore, tmp_path: Path):
    (tmp_path / "secret").write_bytes(b"secret")
    (store.root / "link").symlink_to(tmp_path / "secret")
    (store.root / "folder").symlink_to(tmp_path)
    for key in ("link", "folder/secret"):
        with pytest.raises(ValueError, match="leads out"):
            store.read(key)
    assert list(store.list()) == []


def test_a_link_inside_the_bucket_is_an_object(store: FolderStore):
    store.write("a.mp4", b"1")
    (store.root / "b.mp4").symlink_to(store.root / "a.mp4")
    assert store.read("b.mp4") == b"1"


@pytest.mark.parametrize("key", ["a//b", "a/", "x" * 300])
def test_a_key_that_no_file_can_have_is_refused(store: FolderStore, key: str):
    with pytest.raises(ValueError, match="not an object key"):
        store.write(key, b"")


def test_a_name_that_is_no_text_is_passed_over(store: FolderStore):
    store.write("a.mp4", b"1")
    Path(os.fsdecode(os.fsencode(store.root) + b"/\xff.mp4")).write_bytes(b"2")
    assert [found.key for found in store.list()] == ["a.mp4"]


def test_while_the_folder_is_away_nothing_is_missing(store: FolderStore):
    store.root.rmdir()
    for use in (lambda: store.stat("a.mp4"), lambda: store.read("a.mp4"), lambda: list(store.list())):
        with pytest.raises(NotNow, match="away"):
            use()


def test_a_failing_disk_is_waited_for(store: FolderStore, monkeypatch: pytest.MonkeyPatch):
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    store.write("a.mp4", b"old")
    monkeypatch.setattr(Path, "write_bytes", fail)
    with pytest.raises(NotNow, match="No space left"):
        store.write("a.mp4", b"new")
    assert store.read("a.mp4") == b"old"
    assert [path.name for path in store.root.iterdir()] == ["a.mp4"]


def test_a_file_that_changes_while_it_is_fetched_is_refused(
    store: FolderStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    store.write("a.mp4", b"old")

    def copy_slowly(source: object, target: object, length: int) -> None:
        with (store.root / "a.mp4").open("ab") as growing:
            growing.write(b" and more")

    monkeypatch.setattr("shutil.copyfileobj", copy_slowly)
    with pytest.raises(ObjectChanged):
        store.fetch("a.mp4", tmp_path / "fetched")
    assert not (tmp_path / "fetched").exists()


def test_unfinished_writes_are_not_listed(store: FolderStore):
    (store.root / ".0123456789abcdef.part").write_bytes(b"half")
    assert list(store.list()) == []


def test_a_folder_is_no_object(store: FolderStore):
    store.write("folder/a.mp4", b"1")
    with pytest.raises(ObjectMissing):
        store.stat("folder")
    store.delete("folder")
    assert store.read("folder/a.mp4") == b"1"
