"""What was found in a file becomes rows on three levels, calibrated where the judgement counts them."""

from pathlib import Path

import pytest

from contracts.messages import Problem
from contracts.vocabulary import MediaKind, Reason
from detectors.calibration import pooled
from detectors.evaluation.manifest import Item
from detectors.evaluation.score_table import FUSION, ScoreRow
from stream_processors.judgement import DEFAULT_POLICY
from telltale.evaluate_rows import UNREADABLE, judged, rows_of, unreadable_rows
from telltale.scan import Findings
from tests.support.cases import a_calibration, a_member, a_score, a_track, an_extraction

ITEM = Item(path=Path("clip.mp4"), label=1, source="ann", family="swap", compression="c23", split="test")
RAW = (0.6, 0.7, 0.8, 0.9, 0.6, 0.7, 0.8, 0.9, 0.85, 0.65)
STEEP = a_calibration(a=2.0, b=-0.5)


def rows(*scores, members=None, **facts) -> list[ScoreRow]:
    found = Findings(extracted=an_extraction(batches={score.detector: 1 for score in scores}, **facts), scores=scores)
    members = members or (a_member(calibration=STEEP),)
    return rows_of(judged(ITEM, found, members, DEFAULT_POLICY), members, DEFAULT_POLICY)


def at(found: list[ScoreRow], level: str, detector: str) -> list[ScoreRow]:
    return [row for row in found if (row.level, row.detector) == (level, detector)]


def test_every_level_has_the_item_s_truth():
    found = rows(a_score(RAW))
    assert {(row.label, row.source, row.family, row.compression, row.split) for row in found} == {
        (1, "ann", "swap", "c23", "test")
    }
    assert [len(at(found, level, "alpha")) for level in ("item", "track", "clip")] == [1, 1, len(RAW)]
    assert [len(at(found, level, FUSION)) for level in ("item", "track", "clip")] == [1, 1, len(RAW)]


def test_scores_are_those_of_the_calibration():
    found = rows(a_score(RAW))
    (item,), (track,), clips = (at(found, level, "alpha") for level in ("item", "track", "clip"))
    assert track.raw == pytest.approx(pooled(RAW))
    assert item.raw == pytest.approx(track.raw, abs=1e-6)
    assert track.calibrated == pytest.approx(STEEP.probability(pooled(RAW)))
    assert item.calibrated == pytest.approx(track.calibrated, abs=1e-4)
    assert [clip.raw for clip in clips] == list(RAW)
    assert clips[0].calibrated == pytest.approx(STEEP.probability(RAW[0]))
    assert (clips[3].start_s, clips[3].track) == (3.0, 0)


def test_the_fusion_weighs_what_is_scored_at_the_same_time():
    members = (a_member("alpha", weight=3.0), a_member("beta", weight=1.0))
    found = rows(a_score([0.9] * 10), a_score([0.2] * 10, detector="beta"), members=members)
    fused = at(found, "clip", FUSION)
    # Identity calibrations on a prior of one half: the weighted mean of logits.
    assert fused[0].calibrated == pytest.approx(pooled([0.9, 0.9, 0.9, 0.2]))
    (track,) = at(found, "track", FUSION)
    assert track.calibrated == pytest.approx(fused[0].calibrated, abs=1e-4)


def test_random_weights_have_raw_scores_only():
    found = rows(a_score(RAW, untrained=True))
    assert all(row.calibrated is None for row in found)
    (item,), (fusion,) = at(found, "item", "alpha"), at(found, "item", FUSION)
    assert (item.raw is not None, item.reason) == (True, "calibration_missing")
    assert fusion.verdict == "inconclusive"
    assert at(found, "clip", FUSION) == []


def test_faces_are_told_apart_and_the_largest_names_the_size():
    tracks = (a_track(0, height_px=80.0), a_track(1, height_px=180.0))
    found = rows(a_score(RAW), a_score(RAW, chunk=1, track=1), tracks=tracks, chunks=2)
    assert [(row.track, row.face_height_px) for row in at(found, "track", "alpha")] == [(0, 80.0), (1, 180.0)]
    assert at(found, "item", "alpha")[0].face_height_px == 180.0


def test_an_item_without_a_face_is_not_covered():
    problem = Problem(reason=Reason.NO_FACE, detail="No face was found.")
    found = rows(kind=MediaKind.IMAGE, problems=[problem], tracks=(), not_applicable={"alpha": problem})
    assert [(row.detector, row.raw, row.calibrated, row.reason) for row in found] == [
        ("alpha", None, None, "not_applicable"),
        (FUSION, None, None, "no_face"),
    ]


def test_an_unreadable_file_is_not_covered():
    found = unreadable_rows(ITEM, ["alpha", "beta"], variant="JPEG 50")
    assert [row.detector for row in found] == ["alpha", "beta", FUSION]
    assert {(row.ranked, row.reason, row.variant, row.level) for row in found} == {
        (None, UNREADABLE, "JPEG 50", "item")
    }
