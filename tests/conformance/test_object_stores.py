"""What every object store does, whether it is a folder or S3: this suite is the definition of the interface."""

import hashlib
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest

from contracts.errors import CorruptObject, ObjectChanged, ObjectMissing
from ingest.claim_checks import issue, redeem
from ingest.object_store import ObjectStore, open_store
from tests.support.moto_server import moto_server

ODD_KEYS = (
    "plain.mp4",
    "in coming/a b.mp4",
    "plus+sign.mp4",
    "100%.mp4",
    "%41%2Fb.mp4",
    "Grüße/übermäßig.mp4",
    "影片/视频 🎬.mp4",
    "what?#&=;:@$.mp4",
    "quotes'\".mp4",
    "back\\slash.mp4",
    "<angle>*[x]{y}|~.mp4",
    ".hidden",
    "a.mp4/inside a name like a file.mp4",
    "ends with.dot.",
)
NO_KEYS = ("", "/etc/passwd", "../outside", "a/../../outside", "a/..", ".", "./a", "a/./b", "nul\0byte")


@pytest.fixture(scope="module")
def moto() -> Iterator[dict[str, str]]:
    with moto_server() as environment:
        yield environment


@pytest.fixture(params=["folder", "moto", "moto with a prefix", pytest.param("versitygw", marks=pytest.mark.s3)])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ObjectStore:
    """An empty store of each kind."""
    if request.param == "folder":
        return open_store(tmp_path / "bucket")
    bucket = f"b{hashlib.sha256(str(tmp_path).encode()).hexdigest()[:16]}"
    if request.param == "versitygw":
        return open_store(request.getfixturevalue("s3_server").make_bucket(bucket))
    for name, value in request.getfixturevalue("moto").items():
        monkeypatch.setenv(name, value)
    boto3.client("s3").create_bucket(Bucket=bucket)
    return open_store(f"s3://{bucket}/some/prefix" if "prefix" in request.param else f"s3://{bucket}")


@pytest.mark.parametrize("key", ODD_KEYS)
def test_any_key_is_kept_as_it_is(store: ObjectStore, key: str, tmp_path: Path):
    store.write(key, b"bytes")
    assert store.read(key) == b"bytes"
    assert [found.key for found in store.list()] == [key]
    assert store.stat(key).key == key
    store.fetch(key, tmp_path / "fetched", version=store.stat(key).version)
    assert (tmp_path / "fetched").read_bytes() == b"bytes"
    store.delete(key)
    assert list(store.list()) == []


@pytest.mark.parametrize("key", NO_KEYS)
def test_a_key_that_could_lead_out_is_refused_everywhere(store: ObjectStore, key: str, tmp_path: Path):
    for use in (
        store.stat,
        store.read,
        store.delete,
        lambda k: store.write(k, b""),
        lambda k: store.fetch(k, tmp_path),
    ):
        with pytest.raises(ValueError, match="key"):
            use(key)


def test_a_description_is_true(store: ObjectStore):
    store.write("a.mp4", b"12345")
    found = store.stat("a.mp4")
    assert found.size_bytes == 5
    assert found.modified_at.tzinfo is UTC
    assert abs(found.modified_at - datetime.now(UTC)) < timedelta(minutes=5)
    assert list(store.list()) == [found]


def test_other_bytes_are_another_version(store: ObjectStore):
    store.write("a.mp4", b"one")
    first = store.stat("a.mp4").version
    store.write("a.mp4", b"other")
    assert store.stat("a.mp4").version != first


def test_fetching_a_replaced_version_is_refused_and_leaves_nothing(store: ObjectStore, tmp_path: Path):
    store.write("a.mp4", b"one")
    first = store.stat("a.mp4").version
    store.write("a.mp4", b"other")
    private = tmp_path / "private"
    private.mkdir()
    with pytest.raises(ObjectChanged):
        store.fetch("a.mp4", private / "fetched", version=first)
    assert list(private.iterdir()) == []
    store.fetch("a.mp4", private / "fetched")
    assert (private / "fetched").read_bytes() == b"other"


def test_what_is_missing_is_missing(store: ObjectStore, tmp_path: Path):
    store.write("folder/a.mp4", b"")
    for key in ("b.mp4", "folder", "folder/a.mp4/deeper", "folder/b.mp4"):
        for use in (store.stat, store.read, lambda k: store.fetch(k, tmp_path / "fetched")):
            with pytest.raises(ObjectMissing):
                use(key)


def test_deleting_twice_is_deleting_once(store: ObjectStore):
    store.write("a.mp4", b"1")
    store.delete("a.mp4")
    store.delete("a.mp4")
    store.delete("never/was.mp4")
    with pytest.raises(ObjectMissing):
        store.stat("a.mp4")


def test_a_prefix_is_the_beginning_of_a_key(store: ObjectStore):
    for key in ("crops/a/0.zip", "crops/a/1.zip", "crops/ab/0.zip", "cropped.zip", "other/crops/a/2.zip"):
        store.write(key, b"")
    assert {found.key for found in store.list("crops/a")} == {"crops/a/0.zip", "crops/a/1.zip", "crops/ab/0.zip"}
    assert {found.key for found in store.list("crops/a/")} == {"crops/a/0.zip", "crops/a/1.zip"}
    assert {found.key for found in store.list("crop")} == {
        "crops/a/0.zip",
        "crops/a/1.zip",
        "crops/ab/0.zip",
        "cropped.zip",
    }
    assert list(store.list("nothing/like/it")) == []


@pytest.mark.parametrize("store", ["folder", "moto"], indirect=True)  # one S3 server is enough for S3's pages
def test_a_listing_is_as_long_as_the_bucket(store: ObjectStore):
    for number in range(1005):
        store.write(f"many/{number}", b"")
    assert {found.key for found in store.list("many/")} == {f"many/{number}" for number in range(1005)}


def test_empty_objects_and_large_files_pass(store: ObjectStore, tmp_path: Path):
    large = tmp_path / "large"
    large.write_bytes(bytes(range(256)) * 40_000)  # over boto3's limit for uploads in one part
    store.write("empty", b"")
    store.put_file("large.mp4", large)
    store.fetch("large.mp4", tmp_path / "fetched", version=store.stat("large.mp4").version)
    assert store.read("empty") == b""
    assert store.stat("large.mp4").size_bytes == large.stat().st_size
    assert (tmp_path / "fetched").read_bytes() == large.read_bytes()


def test_a_fetched_copy_is_for_this_user_only(store: ObjectStore, tmp_path: Path):
    store.write("a.mp4", b"evidence")
    store.fetch("a.mp4", tmp_path / "fetched")
    assert stat.S_IMODE((tmp_path / "fetched").stat().st_mode) == 0o600


def test_a_claim_check_brings_the_bytes_back(store: ObjectStore):
    check = issue(store, "crops/a/0.zip", b"bundle")
    assert check.size_bytes == 6
    assert redeem(store, check) == b"bundle"


@pytest.mark.parametrize("other", [b"bundl3", b"bundle and more", b""])
def test_a_claim_check_refuses_other_bytes(store: ObjectStore, other: bytes):
    check = issue(store, "crops/a/0.zip", b"bundle")
    store.write(check.key, other)
    with pytest.raises(CorruptObject):
        redeem(store, check)


def test_a_claim_check_of_an_expired_object_says_so(store: ObjectStore):
    check = issue(store, "crops/a/0.zip", b"bundle")
    store.delete(check.key)
    with pytest.raises(ObjectMissing):
        redeem(store, check)


def test_its_address_opens_the_same_store(store: ObjectStore):
    store.write("a.mp4", b"1")
    again = open_store(store.url)
    assert (again.url, again.bucket, again.kind) == (store.url, store.bucket, store.kind)
    assert list(again.list()) == list(store.list())
