"""Reports: every format says the same, names cannot become markup or formulas, and nothing is fetched from anywhere."""

import csv
import io
import json
import re
from datetime import UTC, datetime

import pytest
from PIL import Image

from contracts.messages import MediaVerdict, Segment
from contracts.vocabulary import DetectorStatus, Reason, Verdict
from dashboard import reports
from dashboard.evidence_pictures import wanted_of
from dashboard.projection import ItemDocuments
from dashboard.reviews import Outcome, Review
from tests.support.items import (
    a_claim_check,
    a_probability,
    a_result,
    a_track,
    a_verdict,
    an_upload,
    some_evidence,
)

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
NAME = "=1+1 <b>Жук</b>.mp4"


def an_item() -> tuple[ItemDocuments, MediaVerdict]:
    uploaded = an_upload(NAME)
    verdict = a_verdict(
        uploaded,
        Verdict.SOME_EVIDENCE,
        reasons=[Reason.PARTIAL_RESULTS],
        probability=a_probability(0.62, low=0.4, high=0.81),
        detectors=[a_result("telltale", calibrated=0.62), a_result("srm", status=DetectorStatus.FAILED)],
        tracks=[a_track(evidence=[some_evidence(a_claim_check(), 0, pts_s=3.0, probability=0.9)])],
        segments=[Segment(start=at, end=at + 1, model="telltale", track=0, confidence=0.6) for at in range(6)],
    )
    return ItemDocuments(uploaded.media_id, uploaded=uploaded, verdict=verdict), verdict


def a_report(reviewed: tuple[Review, ...] = ()) -> reports.Report:
    item, verdict = an_item()
    face = io.BytesIO()
    Image.new("RGB", (40, 40), "grey").save(face, "JPEG")
    crops = {wanted_of(verdict.tracks[0].evidence[0]): face.getvalue()}
    return reports.report_of(item, history=[], reviews=reviewed, crops=crops, zone=UTC, now=NOW)


def test_the_page_says_everything_and_fetches_nothing():
    page = reports.as_html(a_report()).decode()
    for words in ("Some evidence — needs review", "40–81 in 100", "about 62 in 100", "Failed", "Draft: no person"):
        assert words in page
    assert "<b>Жук</b>" not in page
    assert "&lt;b&gt;Жук&lt;/b&gt;" in page
    assert not re.search(r'(src|href)="(?!data:)', page)
    assert "<script" not in page


def test_a_review_ends_the_draft_and_stands_in_the_report():
    reviewed = Review(media_id="x", outcome=Outcome.CANNOT_TELL, reviewer="Anna", note="looked twice")
    page = reports.as_html(a_report((reviewed,))).decode()
    assert "Draft" not in page
    assert "Cannot tell" in page and "looked twice" in page


def test_the_document_is_a_pdf_that_comes_out_the_same_twice():
    report = a_report()
    made = reports.as_pdf(report)
    assert made.startswith(b"%PDF-")
    assert made == reports.as_pdf(report)
    assert len(made) > 20_000  # drawings and crops are in it


def test_the_data_is_the_event_number_for_number():
    _, verdict = an_item()
    whole = json.loads(reports.as_json(verdict, history=[], reviews=[]))
    assert MediaVerdict.model_validate(whole["verdict"]) == verdict
    first, second = csv.DictReader(io.StringIO(reports.as_csv(verdict).decode()))
    assert (float(first["calibrated"]), float(first["low"]), float(first["high"])) == (0.62, 0.4, 0.81)
    assert (second["detector"], second["status"], second["raw"]) == ("srm", "failed", "")


def test_a_spreadsheet_runs_no_name():
    _, verdict = an_item()
    (row, *_) = csv.DictReader(io.StringIO(reports.as_csv(verdict).decode()))
    assert row["key"] == f"'{NAME}"


def test_the_picture_shows_ink():
    picture = Image.open(io.BytesIO(reports.as_png(a_report())))
    assert picture.width == 2 * 1248
    assert len(picture.convert("RGB").getcolors(maxcolors=1_000_000) or []) > 50


def test_without_a_verdict_there_is_no_report():
    item = ItemDocuments("x", uploaded=an_upload())
    with pytest.raises(ValueError, match="no verdict yet"):
        reports.report_of(item, history=[], reviews=[], crops={}, zone=UTC, now=NOW)
