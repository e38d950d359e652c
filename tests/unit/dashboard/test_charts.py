"""Drawings: fixed axes, gaps hatched and never drawn as low, colours only from thresholds, no markup from names."""

import xml.etree.ElementTree as ElementTree

import pytest
import vl_convert

from contracts.messages import Segment, Thresholds
from contracts.vocabulary import DetectorStatus, Verdict
from dashboard import charts, view_models
from tests.support.items import a_probability, a_result, a_track, a_verdict, an_upload

LIMITS = Thresholds(lower=0.35, upper=0.8)
SVG = "{http://www.w3.org/2000/svg}"


def parts(drawing: str, kind: str) -> list[ElementTree.Element]:
    return [one for one in ElementTree.fromstring(drawing).iter() if one.get("class") == kind]


def a_timeline(segments: list[Segment], duration_s: float = 12.0) -> str:
    verdict = a_verdict(an_upload(), tracks=[a_track(0, probability=a_probability(0.9))], segments=segments)
    return charts.timeline(view_models.lanes_of(verdict), duration_s=duration_s, thresholds=LIMITS)


def spans(number: int, *, value: float = 0.9) -> list[Segment]:
    return [Segment(start=at, end=at + 1, model="telltale", track=0, confidence=value) for at in range(number)]


def test_a_gap_is_hatched_from_its_start_to_its_end():
    (gap,) = parts(a_timeline(spans(6)), "tt-unscored")
    left, width = float(gap.get("x", "")), float(gap.get("width", ""))
    assert left == pytest.approx(charts.x_of(6, 12), abs=0.1)
    assert left + width == pytest.approx(charts.RIGHT, abs=0.1)
    assert parts(a_timeline(spans(12)), "tt-unscored") == []


def test_a_lane_reaches_from_0_to_1_whatever_the_scores():
    lowest, highest = (heights(a_timeline(spans(3, value=value))) for value in (0.0, 1.0))
    assert len(set(lowest)) == len(set(highest)) == 1
    (lane,) = parts(a_timeline(spans(3)), "tt-lane")
    ground = lane.findall(f"./{SVG}rect")[0]
    assert highest[0] == pytest.approx(float(ground.get("y", "")))
    assert lowest[0] - highest[0] == pytest.approx(float(ground.get("height", "")))


def heights(drawing: str) -> list[float]:
    line = ElementTree.fromstring(drawing).find(f".//{SVG}polyline")
    assert line is not None
    return [float(point.split(",")[1]) for point in line.get("points", "").split()]


@pytest.mark.parametrize(
    ("value", "side"), [(None, "unknown"), (0.2, "under"), (0.5, "between"), (0.8, "over"), (0.9, "over")]
)
def test_a_bar_gets_its_colour_from_the_thresholds(value: float | None, side: str):
    assert charts.side_of(value, LIMITS) == side
    assert charts.side_of(0.9, None) == "unknown"


def test_a_detector_without_a_number_gets_no_bar():
    verdict = a_verdict(
        an_upload(), Verdict.SOME_EVIDENCE, detectors=[a_result("a"), a_result("b", status=DetectorStatus.FAILED)]
    )
    drawing = charts.detector_bars(view_models.detector_bars(verdict), thresholds=LIMITS, left_out={"a"})
    with_bar, without = parts(drawing, "tt-bar")
    assert with_bar.find(f"{SVG}rect") is not None
    assert without.find(f"{SVG}rect") is None
    assert "left out" in "".join(with_bar.itertext())
    assert "failed" in "".join(without.itertext())


def test_names_cannot_become_markup():
    verdict = a_verdict(an_upload(), detectors=[a_result("<script>a</script>")])
    assert "<script" not in charts.detector_bars(view_models.detector_bars(verdict), thresholds=LIMITS)


def test_on_paper_a_drawing_stands_alone_and_becomes_a_picture():
    paper = charts.on_paper(a_timeline(spans(6)))
    root = ElementTree.fromstring(paper)
    assert root.get("width") == "1200"
    assert parts(paper, "tt-playhead") == []
    assert vl_convert.svg_to_png(paper).startswith(b"\x89PNG")
