"""Two items beside each other: what differs is named, the same bytes are called so, unknown stays a dash."""

from contracts.vocabulary import DetectorStatus, Verdict
from dashboard.projection import ItemDocuments
from dashboard.side_by_side import pairs_of, summary_of
from tests.support.items import a_probability, a_result, a_verdict, an_upload, some_media


def an_item(name: str, value: float, *, content: str = "", detectors=None) -> ItemDocuments:
    uploaded = an_upload(name)
    probability = a_probability(value)
    verdict = a_verdict(uploaded, Verdict.SOME_EVIDENCE, probability=probability, detectors=detectors)
    verdict = verdict.model_copy(update={"media": some_media(name=content or name)})
    return ItemDocuments(uploaded.media_id, uploaded=uploaded, verdict=verdict)


def test_what_differs_is_named():
    left = an_item("a.mp4", 0.9, detectors=[a_result("x", calibrated=0.9), a_result("y", status=DetectorStatus.FAILED)])
    right = an_item("b.mp4", 0.2, detectors=[a_result("x", calibrated=0.2)])
    pairs = {pair.name: pair for pair in pairs_of(left, right)}
    assert pairs["Estimate"].differs and not pairs["Policy"].differs
    assert (pairs["Detector x"].left, pairs["Detector x"].right) == ("about 90 in 100", "about 20 in 100")
    assert (pairs["Detector y"].left, pairs["Detector y"].right) == ("Failed", "–")
    assert "Estimate, Detector x, Detector y" in summary_of(list(pairs.values()))


def test_the_same_bytes_are_called_so():
    pairs = pairs_of(an_item("a.mp4", 0.9, content="one"), an_item("b.mp4", 0.9, content="one"))
    assert summary_of(pairs) == "Both are the same file, byte for byte."


def test_an_item_without_a_verdict_has_only_its_state():
    waiting = ItemDocuments("x", uploaded=an_upload())
    pairs = {pair.name: pair for pair in pairs_of(an_item("a.mp4", 0.9), waiting)}
    assert pairs["Verdict"].right == "Received"
    assert pairs["Estimate"].right == "–"
