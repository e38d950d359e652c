"""What the pages show of media and crops, and the sentence they show where there is nothing."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from contracts.clips import FaceBox, FaceCrop
from contracts.errors import NotNow
from contracts.messages import ClaimCheck, MediaFacts
from dashboard.evidence_pictures import NoPicture, crops_of, thumbnail_of, wanted_of
from dashboard.media_source import NothingToPlay, codec_note, media_file, mime_type_of, upright_picture
from ingest.claim_checks import issue
from ingest.crop_bundles import pack
from ingest.object_stores.folder import FolderStore
from tests.support.items import an_upload, some_evidence


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore.make(tmp_path / "store")


def a_bundle(store: FolderStore) -> ClaimCheck:
    crops = [
        FaceCrop(np.full((300, 200, 3), shade, np.uint8), FaceBox(10, 10, 90, 90, 0.9), 0, float(number), number)
        for number, shade in enumerate((10, 200))
    ]
    return issue(store, "crops/x/0.zip", pack(crops))


def test_crops_are_redeemed_once_and_come_small(store: FolderStore):
    bundle = a_bundle(store)
    evidence = [some_evidence(bundle, number, pts_s=number, probability=0.9) for number in (1, 0)]
    found = crops_of(store, evidence)
    shades = [np.asarray(Image.open(io.BytesIO(found[wanted_of(one)]))).mean() for one in evidence]
    assert shades[0] == pytest.approx(200, abs=3)
    assert shades[1] == pytest.approx(10, abs=3)
    assert all(max(Image.open(io.BytesIO(jpeg)).size) <= 220 for jpeg in found.values())


def test_a_thumbnail_is_small(store: FolderStore):
    address = thumbnail_of(store, some_evidence(a_bundle(store), 0, pts_s=0, probability=0.9))
    assert address.startswith("data:image/jpeg;base64,")
    assert len(address) < 20_000


def test_crops_that_are_gone_damaged_or_unnamed_are_one_sentence(store: FolderStore):
    bundle = a_bundle(store)
    with pytest.raises(NoPicture, match="not in its bundle"):
        crops_of(store, [some_evidence(bundle, 9, pts_s=0, probability=0.9)])
    store.write(bundle.key, b"other bytes")
    with pytest.raises(NoPicture, match="damaged"):
        crops_of(store, [some_evidence(bundle, 0, pts_s=0, probability=0.9)])
    store.delete(bundle.key)
    with pytest.raises(NoPicture, match="expired"):
        crops_of(store, [some_evidence(bundle, 0, pts_s=0, probability=0.9)])


def test_the_player_gets_the_file_that_was_judged_and_no_other(store: FolderStore, tmp_path: Path):
    store.write("clip.mp4", b"judged")
    upload = an_upload("clip.mp4").model_copy(update={"version": store.stat("clip.mp4").version})
    assert media_file(store, upload, tmp_path).read_bytes() == b"judged"
    with pytest.raises(NothingToPlay, match="replaced"):
        media_file(store, upload.model_copy(update={"version": "another"}), tmp_path)
    store.delete("clip.mp4")
    with pytest.raises(NothingToPlay, match="no longer in the bucket"):
        media_file(store, upload, tmp_path)


class FarStore:
    """A store that is no folder."""

    def __init__(self, near: FolderStore) -> None:
        self._near = near
        self.fetches = 0

    def fetch(self, key: str, to: Path, *, version: str | None = None) -> None:
        self.fetches += 1
        self._near.fetch(key, to, version=version)


def test_media_of_a_remote_bucket_are_fetched_once(store: FolderStore, tmp_path: Path):
    store.write("clip.mp4", b"judged")
    upload = an_upload("clip.mp4").model_copy(update={"version": store.stat("clip.mp4").version})
    far = FarStore(store)
    for _ in range(2):
        assert media_file(far, upload, tmp_path / "cache").read_bytes() == b"judged"  # type: ignore[arg-type]
    assert far.fetches == 1


def test_a_store_that_is_away_is_one_sentence(tmp_path: Path):
    class Away:
        def fetch(self, *_: object, **__: object) -> None:
            raise NotNow("away")

    with pytest.raises(NothingToPlay, match="does not answer now"):
        media_file(Away(), an_upload(), tmp_path)  # type: ignore[arg-type]


def test_a_turned_picture_is_shown_upright(tmp_path: Path):
    file = tmp_path / "phone.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (80, 40)).save(file, exif=exif)
    assert Image.open(io.BytesIO(upright_picture(file))).size == (40, 80)


def test_what_is_no_picture_is_one_sentence(tmp_path: Path):
    file = tmp_path / "text.jpg"
    file.write_text("no picture")
    with pytest.raises(NothingToPlay, match="cannot be read"):
        upright_picture(file)


def test_codecs_that_browsers_lack_are_named():
    assert codec_note(MediaFacts(codec="h264")) is None
    assert "mpeg4" in (codec_note(MediaFacts(codec="mpeg4")) or "")
    assert mime_type_of(MediaFacts(container="webm")) == "video/webm"
    assert mime_type_of(MediaFacts(container="mov")) == "video/mp4"


def test_a_large_upload_is_not_played(store: FolderStore, tmp_path: Path):
    upload = an_upload(size_bytes=10**10)
    with pytest.raises(NothingToPlay, match="too large"):
        media_file(store, upload, tmp_path)
