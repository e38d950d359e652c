"""Published weights below an S3 prefix are fetched, and a broken download goes on where it stopped."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from botocore.response import StreamingBody
from safetensors.torch import load_file, save

from contracts.errors import DetectorUnavailable, NotNow
from detectors.fetching import fetch_for
from detectors.weights import availability_of
from telltale.weights_in_bucket import WeightsInBucket
from tests.support.checkpoints import unpinned
from tests.support.detectors import a_card
from tests.support.s3_server import S3Server

pytestmark = pytest.mark.s3
CARD = a_card(weights=unpinned("one.safetensors", "inside/two.safetensors"))
_PIECE_BYTES = 1 << 20


def content(value: float, *, count: int = 10) -> bytes:
    return save({"a": torch.full((count,), value)})


@pytest.fixture
def bucket(s3_server: S3Server) -> Iterator[S3Server]:
    s3_server.make_bucket("models")
    for key, value in {
        "published/weights/fake/one.safetensors": 1.0,
        "published/weights/fake/inside/two.safetensors": 2.0,
        "published-elsewhere/one.safetensors": 3.0,
        "alone/one.safetensors": 4.0,
    }.items():
        s3_server.client.put_object(Bucket="models", Key=key, Body=content(value))
    return s3_server


@pytest.mark.parametrize(
    "address", ["s3://models/published", "s3://models/published/", "s3://models/published/weights/fake"]
)
def test_a_prefix_holds_the_published_layout(address: str, bucket: S3Server, tmp_path: Path):
    result = fetch_for(CARD, tmp_path, WeightsInBucket(address))
    assert result.missing == ()
    assert availability_of(CARD, tmp_path).available
    assert load_file(tmp_path / "fake" / "one.safetensors")["a"][0] == 1
    wanted = "s3://models/published/weights/fake/inside/two.safetensors"
    assert wanted in {file.fetched_from for file in result.files}


def test_one_object_may_be_named(bucket: S3Server, tmp_path: Path):
    result = fetch_for(CARD, tmp_path, WeightsInBucket("s3://models/alone/one.safetensors"))
    assert result.missing == ("inside/two.safetensors",)


@pytest.mark.parametrize("address", ["s3://models/nothing", "s3://no-such-bucket/x"])
def test_nothing_there_is_told(address: str, bucket: S3Server, tmp_path: Path):
    with pytest.raises(DetectorUnavailable, match=address.partition("//")[2].partition("/")[0]):
        fetch_for(CARD, tmp_path, WeightsInBucket(address))


def test_a_store_that_is_away_is_a_matter_of_time(s3_server: S3Server, tmp_path: Path):
    s3_server.stop()
    with pytest.raises(NotNow, match="try again"):
        fetch_for(CARD, tmp_path, WeightsInBucket("s3://models/published"))


@pytest.mark.parametrize("replaced", [False, True])
def test_a_broken_download_goes_on_with_the_same_object_only(
    replaced: bool, bucket: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    large, other = content(5.0, count=_PIECE_BYTES), content(6.0, count=_PIECE_BYTES)
    bucket.client.put_object(Bucket="models", Key="large/one.safetensors", Body=large)
    pieces: list[int] = []
    read = StreamingBody.iter_chunks

    def breaking_off(self: StreamingBody, size: int) -> Iterator[bytes]:
        for piece in read(self, size):
            pieces.append(len(piece))
            yield piece
            if len(pieces) == 2:
                raise_away()

    monkeypatch.setattr(StreamingBody, "iter_chunks", breaking_off)
    with pytest.raises(NotNow):
        fetch_for(CARD, tmp_path, WeightsInBucket("s3://models/large"))
    if replaced:
        bucket.client.put_object(Bucket="models", Key="large/one.safetensors", Body=other)
    fetch_for(CARD, tmp_path, WeightsInBucket("s3://models/large"))
    stored = (tmp_path / "fake" / "one.safetensors").read_bytes()
    assert stored == (other if replaced else large)
    assert sum(pieces) == len(large) + (2 * _PIECE_BYTES if replaced else 0)


def raise_away() -> None:
    from botocore.exceptions import ReadTimeoutError

    raise ReadTimeoutError(endpoint_url="models")
