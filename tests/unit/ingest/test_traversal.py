"""No key, name, link or id leads out of the place that it is used in: buckets, uploads, pictures, work, copies."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.codec import decode, encode
from contracts.errors import NotNow, ObjectMissing, PoisonMessage
from contracts.messages import ClaimCheck, MediaUploaded
from dashboard.evidence_pictures import NoPicture, crops_of, thumbnail_of
from dashboard.media_source import NothingToPlay, media_file
from dashboard.uploads import key_for, safe_name
from ingest.claim_checks import redeem
from ingest.folder_watch import FolderWatch
from ingest.object_stores.folder import FolderStore
from ingest.object_stores.s3 import S3Store
from tests.support.items import NOON, an_upload, some_evidence

SECRET = b"whoever reads this has left the bucket"
ESCAPES = [
    "../outside",
    "a/../../outside",
    "/etc/passwd",
    "//etc/passwd",
    "..",
    "a/..",
    "./../outside",
    "nul\0/../outside",
    "sub/\0",
    "a//../../outside",
    "../" * 40 + "etc/passwd",
]
# Names on Linux, whatever they mean elsewhere: they stay inside.
FOREIGN = ["..\\..\\outside", "C:\\outside", "\\\\host\\share\\x", "CON", "a:stream", "%2e%2e/outside", "..;/outside"]
OVERLONG = ["x" * 300, "/".join(["d" * 200] * 40), "ä" * 200]


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    (tmp_path / "outside").write_bytes(SECRET)
    return FolderStore.make(tmp_path / "bucket")


@pytest.mark.parametrize("key", ESCAPES)
def test_a_folder_store_refuses_keys_that_lead_out(store: FolderStore, tmp_path: Path, key: str):
    for use in (store.stat, store.read, store.delete, lambda key: store.write(key, b"x")):
        with pytest.raises(ValueError):
            use(key)
    with pytest.raises(ValueError):
        store.fetch(key, tmp_path / "copy")
    assert (tmp_path / "outside").read_bytes() == SECRET
    assert not (tmp_path / "copy").exists()


@pytest.mark.parametrize("key", FOREIGN)
def test_foreign_forms_are_names_inside(store: FolderStore, tmp_path: Path, key: str):
    store.write(key, b"inside")
    assert store.path_of(key).resolve().is_relative_to(store.root)
    assert store.read(key) == b"inside"
    assert (tmp_path / "outside").read_bytes() == SECRET


@pytest.mark.parametrize("key", OVERLONG)
def test_overlong_keys_are_refused_not_waited_for(store: FolderStore, key: str):
    with pytest.raises((ValueError, ObjectMissing)):
        store.read(key)
    with pytest.raises(ValueError):
        store.write(key, b"x")


@given(
    key=st.text(max_size=60) | st.lists(st.sampled_from(["..", ".", "", "a", "\0", "\\", "~", "outside"])).map("/".join)
)
def test_whatever_the_key_the_file_lies_inside(tmp_path_factory: pytest.TempPathFactory, key: str):
    store = FolderStore.make(tmp_path_factory.getbasetemp() / "any-bucket")
    try:
        path = store.path_of(key)
    except (ValueError, NotNow):
        return
    assert path.resolve().is_relative_to(store.root)


@pytest.mark.parametrize("key", ESCAPES)
def test_an_s3_store_refuses_them_before_it_asks(key: str):
    with pytest.raises(ValueError, match="not an object key"):
        S3Store("incoming", prefix="tenant").stat(key if key not in ("//etc/passwd",) else "/etc")


def test_links_out_of_a_watched_folder_are_neither_listed_nor_read_nor_watched(store: FolderStore, tmp_path: Path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "inner.mp4").write_bytes(SECRET)
    (store.root / "link.mp4").symlink_to(tmp_path / "outside")
    (store.root / "folder").symlink_to(tmp_path / "elsewhere")
    (store.root / "absolute.mp4").symlink_to("/etc/passwd")
    (store.root / "circle.mp4").symlink_to("circle.mp4")
    (store.root / "real.mp4").write_bytes(b"real")
    assert [found.key for found in store.list()] == ["real.mp4"]
    for key in ("link.mp4", "folder/inner.mp4", "absolute.mp4"):
        with pytest.raises(ValueError, match="leads out of its bucket"):
            store.read(key)
        with pytest.raises(ValueError):
            store.write(key, b"x")
    assert FolderWatch(store, settle_s=0.0, listing_s=1.0) is not None
    assert (tmp_path / "outside").read_bytes() == SECRET


@given(name=st.text(max_size=300))
def test_names_of_uploads_keep_no_path(name: str):
    safe = safe_name(name)
    assert "/" not in safe and "\\" not in safe and "\0" not in safe and safe not in ("", ".", "..")
    assert len(safe.encode()) < 255 * 4
    assert key_for(name, now=NOON).count("/") == 2


@pytest.mark.parametrize("key", ESCAPES)
def test_evidence_pictures_and_work_objects_stay_inside(store: FolderStore, key: str):
    check = ClaimCheck(key=key, sha256="0" * 64, size_bytes=len(SECRET))
    with pytest.raises(ValueError):
        redeem(store, check)
    evidence = some_evidence(check, 0, pts_s=0.0, probability=0.5)
    with pytest.raises(NoPicture):
        crops_of(store, [evidence])
    with pytest.raises(NoPicture):
        thumbnail_of(store, evidence)


@pytest.mark.parametrize("media_id", ["../../outside", "/etc/passwd", "a/b", "..", ".", "a\0b", "x" * 200, "ü", "a b"])
def test_an_id_that_could_name_another_place_is_poison(media_id: str):
    body = json.loads(encode(an_upload()))
    with pytest.raises(PoisonMessage, match="not a media id"):
        decode(json.dumps({**body, "media_id": media_id}).encode(), MediaUploaded)


@pytest.mark.parametrize("key", ESCAPES)
def test_the_player_gets_nothing_from_outside(store: FolderStore, tmp_path: Path, key: str):
    with pytest.raises(NothingToPlay):
        media_file(store, an_upload().model_copy(update={"key": key}), tmp_path / "cache")
