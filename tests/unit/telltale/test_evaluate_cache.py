"""Findings come back for the same bytes and the same makers only, and only where a second try would say the same."""

from pathlib import Path

import pytest

from contracts.messages import Problem
from contracts.settings import DetectSettings, ExtractSettings
from contracts.vocabulary import DetectorStatus, Reason
from telltale.evaluate_cache import ScoreCache, made_with, sha256_of_file
from telltale.scan import Findings
from tests.support.cases import a_score, an_extraction


def findings(**facts) -> Findings:
    scores = (a_score([0.1, 0.9]).model_copy(update={"bundle": None}), a_score([0.3], chunk=1))
    return Findings(extracted=an_extraction(**facts), scores=scores)


def test_what_was_found_comes_back(tmp_path: Path):
    ScoreCache(tmp_path, {"detectors": ["alpha"]}).put("abc", findings())
    assert ScoreCache(tmp_path, {"detectors": ["alpha"]}).get("abc") == findings()


@pytest.mark.parametrize(("content", "made"), [("abd", "alpha"), ("abc", "beta")])
def test_other_bytes_and_other_makers_find_nothing(tmp_path: Path, content: str, made: str):
    ScoreCache(tmp_path, {"detectors": ["alpha"]}).put("abc", findings())
    assert ScoreCache(tmp_path, {"detectors": [made]}).get(content) is None


def test_a_damaged_file_is_as_good_as_none(tmp_path: Path):
    cache = ScoreCache(tmp_path, {})
    cache.put("abc", findings())
    (kept,) = tmp_path.rglob("*.jsonl")
    for damage in (b"", kept.read_bytes()[:-20], b"\xff\xfe"):
        kept.write_bytes(damage)
        assert cache.get("abc") is None
    cache.put("abc", findings())
    assert cache.get("abc") == findings()


def test_what_may_end_otherwise_is_not_kept(tmp_path: Path):
    cache = ScoreCache(tmp_path, {})
    failed = Findings(extracted=an_extraction(), scores=(a_score(status=DetectorStatus.FAILED),))
    slow = findings(problems=[Problem(reason=Reason.TIMEOUT, detail="The decoder stood still.")])
    for one in (failed, slow, findings(complete=False)):
        cache.put("abc", one)
        assert cache.get("abc") is None
    assert list(tmp_path.rglob("*")) == []


def test_everything_that_a_score_depends_on_is_part_of_the_key(tmp_path: Path):
    def made(
        names=("telltale",), *, detect: DetectSettings | None = None, extract: ExtractSettings | None = None
    ) -> dict:
        return made_with(
            names, weights=tmp_path, detect=detect or DetectSettings(), extract=extract or ExtractSettings()
        )

    first = made()
    assert first["detectors"][0]["weights_sha256"]
    assert first == made(extract=ExtractSettings(home=tmp_path / "elsewhere", torch_threads=1))
    others = (
        made(("telltale", "mesonet")),
        made(detect=DetectSettings(precision="bf16")),
        made(extract=ExtractSettings(max_faces=3)),
    )
    assert all(other != first for other in others)
    assert made(("mesonet",)) != made(("mesonet",), detect=DetectSettings(allow_untrained=True))


def test_content_is_what_counts_and_not_the_name(tmp_path: Path):
    for name, content in (("a", b"same"), ("b", b"same"), ("c", b"other")):
        (tmp_path / name).write_bytes(content)
    one, twin, other = (sha256_of_file(tmp_path / name) for name in "abc")
    assert one == twin != other
