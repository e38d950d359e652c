"""Files are scanned once per content; what cannot be read or copied is a row without a score."""

from collections.abc import Callable
from pathlib import Path

import pytest

import detectors
from contracts.vocabulary import MediaKind
from detectors.evaluation.copy_sets import QUICK_FOR_PICTURES
from detectors.evaluation.manifest import Item, items_of
from detectors.evaluation.score_table import FUSION
from stream_processors.policy import DEFAULT_POLICY, Policy
from telltale.evaluate_cache import ScoreCache
from telltale.evaluate_rows import UNREADABLE
from telltale.evaluate_scoring import Scoring, drawn
from telltale.scan import Findings
from tests.support.cases import a_score, an_extraction
from tests.support.media import a_picture

NAMES = ("telltale",)
VERSION = detectors.spec("telltale").version  # that of its calibration


class FakeScanner:
    """Finds the same in every picture and counts how often it looked."""

    def __init__(self, fails: Callable[[Path], bool] = lambda _file: False) -> None:
        self.looked_at: list[str] = []
        self._fails = fails

    def findings(self, file: Path) -> Findings:
        self.looked_at.append(file.name)
        if self._fails(file):
            raise PermissionError(13, "Permission denied")
        extracted = an_extraction(kind=MediaKind.IMAGE, batches={"telltale": 1})
        score = a_score([0.4], detector="telltale").model_copy(update={"detector_version": VERSION})
        return Findings(extracted=extracted, scores=(score,))


def scoring(folder: Path, scanner: FakeScanner, *, fresh: bool = False, policy: Policy = DEFAULT_POLICY) -> Scoring:
    return Scoring(scanner, ScoreCache(folder / "cache", {}), NAMES, policy=policy, fresh=fresh)


@pytest.fixture
def items(tmp_path: Path) -> list[Item]:
    pictures = [a_picture(tmp_path / f"{side}.png", form="PNG") for side in ("a", "b")]
    pictures[1].write_bytes(pictures[1].read_bytes() + b"other")
    return [*items_of("real", pictures[:1]), *items_of("fake", pictures[1:])]


def test_the_second_run_scans_nothing_and_says_the_same(tmp_path: Path, items: list[Item]):
    first, second = FakeScanner(), FakeScanner()
    once, again = scoring(tmp_path, first), scoring(tmp_path, second)
    assert once.rows(items) == again.rows(items)
    assert (first.looked_at, second.looked_at) == (["a.png", "b.png"], [])
    assert (once.from_cache, again.from_cache, again.files) == (0, 2, 2)


def test_a_moved_file_is_known_and_a_changed_one_is_not(tmp_path: Path, items: list[Item]):
    scoring(tmp_path, FakeScanner()).rows(items)
    moved, scanner = items[0].path.rename(tmp_path / "moved.png"), FakeScanner()
    items[1].path.write_bytes(b"changed")
    scoring(tmp_path, scanner).rows([*items_of("real", [moved]), items[1]])
    assert scanner.looked_at == ["b.png"]


def test_findings_of_the_cache_are_judged_by_the_policy_of_the_run(tmp_path: Path, items: list[Item]):
    def words(policy: Policy, scanner: FakeScanner) -> set[str]:
        rows = scoring(tmp_path, scanner, policy=policy).rows(items)
        return {row.verdict for row in rows if (row.level, row.detector) == ("item", FUSION)}

    second = FakeScanner()
    usual = words(DEFAULT_POLICY, FakeScanner())
    assert words(Policy(least_face_frames_image=100), second) == {"inconclusive"} != usual
    assert second.looked_at == []


def test_fresh_scans_again(tmp_path: Path, items: list[Item]):
    scoring(tmp_path, FakeScanner()).rows(items)
    scanner = FakeScanner()
    scoring(tmp_path, scanner, fresh=True).rows(items)
    assert scanner.looked_at == ["a.png", "b.png"]


def test_what_cannot_be_read_is_not_covered_and_the_others_are(tmp_path: Path, items: list[Item]):
    lost = items_of("fake", [tmp_path / "lost.png"])
    rows = scoring(tmp_path, FakeScanner(lambda file: file.name == "b.png")).rows([*items, *lost])
    reasons = {Path(row.path).name: row.reason for row in rows if (row.level, row.detector) == ("item", FUSION)}
    assert [name for name, reason in reasons.items() if reason == UNREADABLE] == ["b.png", "lost.png"]
    assert len(reasons) == 3
    assert all(row.ranked is None for row in rows if row.reason == UNREADABLE)


def test_copies_are_scored_beside_their_originals_and_remembered(tmp_path: Path, items: list[Item]):
    first, second = FakeScanner(), FakeScanner()
    once, again = scoring(tmp_path, first), scoring(tmp_path, second)
    once.rows(items)
    again.rows(items)
    rows = once.rows_of_copies(items, ["quick"], limit=1, seed=0)
    assert rows == again.rows_of_copies(items, ["quick"], limit=1, seed=0)
    names = list(QUICK_FOR_PICTURES)
    assert [row.variant for row in rows if (row.level, row.detector) == ("item", FUSION)] == names
    assert first.looked_at[2:] == ["a.jpg"] * len(names)
    assert second.looked_at == []


def test_a_copy_that_cannot_be_made_is_not_covered(tmp_path: Path, items: list[Item]):
    text = tmp_path / "text.png"
    text.write_text("no picture, whatever was found in it")
    found = scoring(tmp_path, FakeScanner())
    found.rows(items_of("real", [text]))
    rows = found.rows_of_copies(items_of("real", [text]), ["quick"], limit=1, seed=0)
    assert {(row.reason, row.ranked) for row in rows} == {(UNREADABLE, None)}


def test_both_classes_are_drawn_in_turn(tmp_path: Path):
    items = [*items_of("real", map(Path, "abcdef")), *items_of("fake", map(Path, "xy"))]
    assert [item.label for item in drawn(items, limit=6, seed=0)] == [0, 1, 0, 1, 0, 0]
    assert drawn(items, limit=4, seed=1) == drawn(items, limit=4, seed=1)
    assert len(drawn(items, limit=20, seed=0)) == len(items)
