"""An upload becomes bundles and messages about them, the same ones every time, or one message that says why not."""

from pathlib import Path

import pytest

from contracts.demands import CropDemand
from contracts.errors import NotNow
from contracts.messages import CropBatch, MediaExtracted, MediaUploaded
from contracts.vocabulary import Reason
from ingest.claim_checks import redeem
from ingest.crop_bundles import unpack
from ingest.extraction import ExtractionRules
from stream_processors.extractor import Extractor
from tests.support.cases import an_upload
from tests.support.fake_store import FakeStore
from tests.support.located import FixedLocator, a_png

TWO_FACES = FixedLocator((0.1, 0.1, 0.4, 0.5), (0.5, 0.4, 0.9, 0.9))


def an_extractor(bucket: FakeStore, work: FakeStore, scratch: Path, *, most_bytes: int = 10**6) -> Extractor:
    return Extractor(
        bucket=bucket,
        work=work,
        demands=[CropDemand(detector="alpha", margin=0.3), CropDemand(detector="beta", margin=0.3, min_face_px=10_000)],
        locator=TWO_FACES,
        rules=ExtractionRules(),
        scratch=scratch,
        most_bytes=most_bytes,
    )


def uploaded(bucket: FakeStore, data: bytes, key: str = "picture.png") -> MediaUploaded:
    bucket.write(key, data)
    return an_upload(key=key, version=bucket.stat(key).version).model_copy(update={"size_bytes": len(data)})


def closing_of(extractor: Extractor, upload: MediaUploaded) -> MediaExtracted:
    ((only,),) = list(extractor.chunks(upload))
    assert isinstance(only.message, MediaExtracted)
    assert only.message.complete
    return only.message


def test_a_picture_becomes_a_bundle_a_batch_and_a_complete_extraction(tmp_path):
    bucket, work = FakeStore("in"), FakeStore("work")
    upload = uploaded(bucket, a_png())
    ((batch, extracted),) = list(an_extractor(bucket, work, tmp_path).chunks(upload))
    assert batch.topic.name == "crops.alpha.v1"
    assert isinstance(batch.message, CropBatch)
    assert isinstance(extracted.message, MediaExtracted)
    assert len(batch.message.clips) == 2
    assert len(unpack(redeem(work, batch.message.bundle))) == 2
    assert batch.message.bundle.key == f"crops/{upload.media_id}/0.zip"
    assert extracted.message.complete
    assert extracted.message.expected["alpha"].batches == 1
    assert extracted.message.not_applicable["beta"].reason is Reason.FACE_TOO_SMALL
    assert extracted.message.media.source_key == "picture.png"
    assert list(tmp_path.iterdir()) == []


def test_only_the_chosen_detectors_get_clips(tmp_path):
    bucket, work = FakeStore("in"), FakeStore("work")
    upload = uploaded(bucket, a_png()).model_copy(update={"detectors": ("beta",)})
    extracted = closing_of(an_extractor(bucket, work, tmp_path), upload)
    assert "alpha" not in extracted.expected
    assert extracted.not_applicable["alpha"].reason is Reason.POLICY_SKIPPED
    assert extracted.not_applicable["beta"].reason is Reason.FACE_TOO_SMALL


def test_a_choice_of_detectors_that_are_not_here_gets_an_end_too(tmp_path):
    bucket, work = FakeStore("in"), FakeStore("work")
    upload = uploaded(bucket, a_png()).model_copy(update={"detectors": ("gamma",)})
    extracted = closing_of(an_extractor(bucket, work, tmp_path), upload)
    assert [problem.reason for problem in extracted.problems] == [Reason.POLICY_SKIPPED]
    assert extracted.media.sha256 is None


def test_a_second_run_says_the_same(tmp_path):
    bucket, work = FakeStore("in"), FakeStore("work")
    upload = uploaded(bucket, a_png())
    extractor = an_extractor(bucket, work, tmp_path)
    first, second = ([one.message for one in chunk] for run in range(2) for chunk in extractor.chunks(upload))
    assert first[0] == second[0]
    assert first[1].model_copy(update={"extracted_at": None}) == second[1].model_copy(update={"extracted_at": None})


def test_what_is_no_media_is_answered_with_the_reason(tmp_path):
    bucket = FakeStore("in")
    extractor = an_extractor(bucket, FakeStore("work"), tmp_path)
    extracted = closing_of(extractor, uploaded(bucket, b"only text\n" * 9, "holiday.mp4"))
    assert [problem.reason for problem in extracted.problems] == [Reason.UNSUPPORTED_FORMAT]


def test_a_file_that_is_too_large_is_not_even_copied(tmp_path):
    bucket = FakeStore("in")
    upload = uploaded(bucket, a_png())
    bucket.is_away = True
    extracted = closing_of(an_extractor(bucket, FakeStore("work"), tmp_path, most_bytes=10), upload)
    assert [problem.reason for problem in extracted.problems] == [Reason.FILE_TOO_LARGE]
    assert extracted.expected["alpha"].batches == 0


def test_an_object_that_is_gone_gets_an_end_too(tmp_path):
    bucket = FakeStore("in")
    upload = uploaded(bucket, a_png())
    bucket.delete(upload.key)
    extracted = closing_of(an_extractor(bucket, FakeStore("work"), tmp_path), upload)
    assert extracted.problems[0].reason is Reason.POLICY_SKIPPED
    assert "removed" in extracted.problems[0].detail


@pytest.mark.parametrize("away", ["bucket", "work"])
def test_a_store_that_is_away_is_waited_for(tmp_path, away):
    stores = {"bucket": FakeStore("in"), "work": FakeStore("work")}
    upload = uploaded(stores["bucket"], a_png())
    stores[away].is_away = True
    with pytest.raises(NotNow):
        list(an_extractor(stores["bucket"], stores["work"], tmp_path).chunks(upload))
    assert list(tmp_path.iterdir()) == []


def test_an_item_is_done_when_it_was_marked(tmp_path):
    extractor = an_extractor(FakeStore("in"), FakeStore("work"), tmp_path)
    assert not extractor.is_done("item")
    extractor.mark_done("item")
    assert extractor.is_done("item")
    assert not extractor.is_done("other")
