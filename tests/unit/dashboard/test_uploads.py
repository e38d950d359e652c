"""Names from the browser become keys that stay in the bucket, stay unique and are noticed by the watcher."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.uploads import FOLDER, key_for, safe_name, submit
from ingest.object_store import checked_key
from ingest.object_stores.folder import FolderStore

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given_name", "name"),
    [
        ("clip.mp4", "clip.mp4"),
        ("Übertragung 1 (final).mov", "Übertragung 1 (final).mov"),
        ("../../etc/passwd", "passwd"),
        ("C:\\videos\\a.mp4", "a.mp4"),
        (".hidden.mp4", "hidden.mp4"),
        ("~lock.mp4", "lock.mp4"),
        ("a<b>|c?.mp4", "a_b_c_.mp4"),
        ("", "media"),
        ("...", "media"),
        ("clip.mp4.part", "clip.mp4.part.media"),
        ("x" * 300 + ".webm", "x" * 120 + ".webm"),
    ],
)
def test_safe_names(given_name: str, name: str):
    assert safe_name(given_name) == name


@given(st.text(max_size=200))
def test_any_name_makes_a_key_that_an_object_can_have(name: str):
    key = key_for(name, now=NOON)
    assert checked_key(key) == key
    assert key.startswith(f"{FOLDER}/20260301-120000-")
    assert not key.rpartition("/")[2].startswith((".", "~"))


def test_two_uploads_of_one_name_do_not_meet(tmp_path: Path):
    store = FolderStore.make(tmp_path / "incoming")
    keys = {submit(store, "clip.mp4", content, now=NOON) for content in (b"one", b"two")}
    assert sorted(store.read(key) for key in keys) == [b"one", b"two"]
