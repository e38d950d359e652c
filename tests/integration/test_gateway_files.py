"""A file that was put under an S3 gateway's folder by hand is an object too, though the gateway knows no ETag of it."""

from pathlib import Path

import pytest

from contracts.errors import ObjectChanged
from ingest.object_store import open_store
from tests.support.s3_server import S3Server

pytestmark = pytest.mark.s3


def test_a_file_without_an_etag_has_a_version(s3_server: S3Server, tmp_path: Path):
    store = open_store(s3_server.make_bucket("uploads"))
    by_hand = tmp_path / "s3" / "uploads" / "by hand.mp4"
    by_hand.write_bytes(b"first")
    found = store.stat("by hand.mp4")
    assert list(store.list()) == [found]
    store.fetch("by hand.mp4", tmp_path / "fetched", version=found.version)
    assert (tmp_path / "fetched").read_bytes() == b"first"
    by_hand.write_bytes(b"and second")
    with pytest.raises(ObjectChanged):
        store.fetch("by hand.mp4", tmp_path / "fetched", version=found.version)
