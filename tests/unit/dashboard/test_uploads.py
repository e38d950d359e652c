"""Names from the browser become keys that stay in the bucket, stay unique and are noticed by the watcher."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.access import AccessDenied, Principal, Role
from dashboard.uploads import FOLDER, UploadRefused, key_for, safe_name, submit
from ingest.object_store import checked_key
from ingest.object_stores.folder import FolderStore

ANALYST = Principal("Ann", Role.ANALYST)
PICTURE = b"\x89PNG\r\n\x1a\n"
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
    contents = [PICTURE + b"one", PICTURE + b"two"]
    keys = {submit(store, "clip.mp4", content, now=NOON, by=ANALYST, limit_bytes=100) for content in contents}
    assert sorted(store.read(key) for key in keys) == contents


def test_viewers_submit_nothing(tmp_path: Path):
    store = FolderStore.make(tmp_path / "incoming")
    with pytest.raises(AccessDenied, match="this needs the role analyst"):
        submit(store, "a.png", PICTURE, now=NOON, by=Principal("Vera", Role.VIEWER), limit_bytes=100)
    assert list(store.list()) == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (PICTURE + b"x" * 100, "larger than"),
        (b"", "the file is empty"),
        (b"<script>alert(1)</script>", "the file is text"),
        (b"MZ\x90\x00\x03\x00\x00\x00", "no picture or video format"),
        (b"#EXTM3U\n#EXT-X-TARGETDURATION:10\nhttp://127.0.0.1/secret", "the file is text"),
    ],
)
def test_what_is_too_large_or_no_media_stays_outside(tmp_path: Path, content: bytes, words: str):
    store = FolderStore.make(tmp_path / "incoming")
    with pytest.raises(UploadRefused, match=words):
        submit(store, "clip.mp4", content, now=NOON, by=ANALYST, limit_bytes=100)
    assert list(store.list()) == []
