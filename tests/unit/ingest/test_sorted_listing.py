"""A folder in the order of its keys is what its store lists, however few of them fit into memory."""

import os
from pathlib import Path

import pytest

from contracts.errors import NotNow
from ingest.object_stores.folder import FolderStore
from ingest.sorted_listing import sorted_objects
from tests.support.fake_store import FakeStore


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    store = FolderStore.make(tmp_path / "bucket")
    for key in ("b.mp4", "a b/2.mp4", "a/1.mp4", "a-1.mp4", "a.mp4", "z/y/x.jpg", "Ä.mp4", "line\nbreak.mp4"):
        store.write(key, key.encode())
    (store.root / "link.mp4").symlink_to(store.root / "a.mp4")
    (store.root / "out.mp4").symlink_to(tmp_path / "elsewhere.mp4")
    (store.root / "dangling.mp4").symlink_to("nothing.mp4")
    (tmp_path / "elsewhere.mp4").write_bytes(b"secret")
    Path(os.fsdecode(os.fsencode(store.root) + b"/\xff.mp4")).write_bytes(b"no text")
    return store


@pytest.mark.parametrize("run_length", [1, 3, 100])
def test_the_order_is_that_of_the_keys_and_nothing_is_lost(store: FolderStore, run_length: int):
    found = list(sorted_objects(store, run_length=run_length))
    assert found == sorted(store.list(), key=lambda one: one.key)
    assert "link.mp4" in {one.key for one in found}
    assert len(found) == 9


def test_an_empty_folder_has_nothing(tmp_path: Path):
    assert list(sorted_objects(FolderStore.make(tmp_path / "empty"))) == []


def test_a_folder_that_is_away_is_no_empty_bucket(tmp_path: Path):
    with pytest.raises(NotNow, match="is away"):
        list(sorted_objects(FolderStore(tmp_path / "nowhere")))


def test_other_stores_are_believed():
    store = FakeStore()
    store.write("a", b"1")
    assert [found.key for found in sorted_objects(store)] == ["a"]
