"""Findings come back for the same bytes and the same makers only, and only where a second try would say the same."""

from pathlib import Path

import pytest

import detectors
from contracts.messages import Problem
from contracts.settings import DetectSettings, ExtractSettings
from contracts.vocabulary import DetectorStatus, Reason
from detectors.calibration import Calibration
from detectors.calibration.false_alarms import FalseAlarms
from detectors.calibration.stored import StoredCalibration, write
from telltale.evaluate_cache import ScoreCache, made_with, sha256_of_code, sha256_of_file
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
        made(detect=DetectSettings(reencode_clips=2)),
        made(extract=ExtractSettings(max_faces=3)),
    )
    assert all(other != first for other in others)
    assert made(("mesonet",)) != made(("mesonet",), detect=DetectSettings(allow_untrained=True))


def test_another_calibration_in_force_asks_for_other_clips_again(tmp_path: Path):
    def made(*, reencode_clips: int) -> dict:
        detect = DetectSettings(reencode_clips=reencode_clips)
        return made_with(["telltale"], weights=tmp_path, detect=detect, extract=ExtractSettings())

    before, unchecked = made(reencode_clips=4), made(reencode_clips=0)
    card = detectors.card("telltale")
    assert card.calibration
    fit = card.calibration.model_copy(
        update={"id": "here", "a": 0.5, "weights_sha256": detectors.availability("telltale", tmp_path).weights_sha256}
    )
    write(a_stored(card, fit), tmp_path)
    assert made(reencode_clips=4) != before
    assert made(reencode_clips=0) == unchecked  # nothing is scored again, so no limit matters


def a_stored(card: detectors.DetectorCard, fit: Calibration) -> StoredCalibration:
    alarms = FalseAlarms(
        limit=0.5, wanted=0.1, measured=0.1, bound=1.0, items=10, sources=10, effective_items=10.0, hits=0.5
    )
    assert card.thresholds
    return StoredCalibration(
        detector=card.spec.name,
        version=card.spec.version,
        calibration=fit,
        thresholds=card.thresholds,
        lower=alarms,
        upper=alarms,
        reported_on="",
        honesty=(),
        command="",
    )


def test_changed_code_is_other_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    package = tmp_path / "a_package_of_this_test"
    for name in ("__init__", "one", "training/two"):
        place = package / f"{name}.py"
        place.parent.mkdir(exist_ok=True, parents=True)
        place.write_text("")
    name = (package.name,)
    before = sha256_of_code.__wrapped__(name)
    (package / "training" / "two.py").write_text("# nothing that scores")
    assert sha256_of_code.__wrapped__(name) == before
    (package / "one.py").write_text("# something that scores")
    assert sha256_of_code.__wrapped__(name) != before
    assert sha256_of_code.__wrapped__((f"{package.name}.one",)) != sha256_of_code.__wrapped__(name)
    with pytest.raises(ModuleNotFoundError):
        sha256_of_code(("no_module_of_this_name",))


def test_content_is_what_counts_and_not_the_name(tmp_path: Path):
    for name, content in (("a", b"same"), ("b", b"same"), ("c", b"other")):
        (tmp_path / name).write_bytes(content)
    one, twin, other = (sha256_of_file(tmp_path / name) for name in "abc")
    assert one == twin != other
