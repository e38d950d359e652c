"""What may go, and when: bundles after their verdict, nothing that a topic may still point at."""

from datetime import UTC, datetime, timedelta

import pytest

from dashboard.custody.deletion import needles_of, redact
from dashboard.custody.retention import Class, Standing, class_of, is_due, kept_for, owner_of
from dashboard.custody.settings import CustodySettings
from ingest.object_store import StoredObject

ID = "0123456789abcdef" * 2
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
BUNDLE, MARKER = f"crops/{ID}/0.zip", f"crops/{ID}/extracted.json"
HEAT_MAP = f"crops/{ID}/heat-0123.npz"
SETTINGS = CustodySettings(keep_bundles_days=1, keep_evidence_days=10, keep_markers_days=1)


def stored(key: str, *, days_ago: float) -> StoredObject:
    return StoredObject(key, 7, "1", NOW - timedelta(days=days_ago))


def decided(days_ago: float, *evidence: str) -> Standing:
    return Standing(decided_at=NOW - timedelta(days=days_ago), evidence=frozenset(evidence))


@pytest.mark.parametrize(
    ("key", "days_ago", "standing", "due"),
    [
        (BUNDLE, 1.1, decided(1.1), True),
        (BUNDLE, 0.9, decided(0.9), False),
        (BUNDLE, 3.0, decided(0.9), False),  # it waited long for its verdict
        (BUNDLE, 9.9, decided(9.9, BUNDLE), False),
        (BUNDLE, 10.1, decided(10.1, BUNDLE), True),
        (HEAT_MAP, 9.9, decided(9.9), False),
        (HEAT_MAP, 0.1, decided(10.1), True),  # it shows a crop, which is not kept longer for it
        (HEAT_MAP, 0.0, Standing(is_deleted=True), True),
        (BUNDLE, 3.9, Standing(), False),  # no verdict yet: a topic may still point at it
        (BUNDLE, 4.1, Standing(), True),
        (MARKER, 3.9, decided(3.9), False),
        (MARKER, 4.1, decided(4.1), True),
        (BUNDLE, 0.0, Standing(is_deleted=True), True),
        (MARKER, 400.0, Standing(is_deleted=True), False),
    ],
)
def test_an_object_goes_in_its_time(key: str, days_ago: float, standing: Standing, due: bool):
    assert is_due(stored(key, days_ago=days_ago), standing, SETTINGS, NOW) is due


def test_zero_keeps_for_ever():
    keeping = CustodySettings(keep_bundles_days=0, keep_evidence_days=0, keep_markers_days=0)
    for key in (BUNDLE, MARKER):
        assert not is_due(stored(key, days_ago=9_999), decided(9_999), keeping, NOW)
    assert [what for what in Class if kept_for(what, CustodySettings()) is None] == [Class.MEDIA, Class.ROWS]


def test_only_what_extraction_made_is_ours():
    assert owner_of(BUNDLE) == owner_of(f"crops/{ID}/tries-media.uploaded.v1-0-7.json") == ID
    for key in ("crops/x/0.zip", f"crops/{ID}/a/b.zip", f"other/{ID}/0.zip", f"crops/{ID[:-1]}g/0.zip", "crops"):
        assert owner_of(key) is None
    assert class_of(BUNDLE, decided(0, BUNDLE)) is Class.EVIDENCE
    assert class_of(HEAT_MAP, decided(0)) is Class.EVIDENCE
    assert class_of(BUNDLE, decided(0)) is Class.BUNDLES
    assert class_of(MARKER, decided(0, BUNDLE)) is Class.MARKERS


def test_a_name_is_overwritten_in_every_way_of_writing_it_and_nothing_moves(tmp_path):
    key = "desk/Ümlaut clip.mp4"
    log = tmp_path / "a.log"
    log.write_text(f"key={key!r}\n" + r'{"key": "desk/\u00dcmlaut clip.mp4"}' + f"\nname {key[5:]} and clip2.mp4\n")
    (tmp_path / "empty.log").touch()
    size = log.stat().st_size
    assert redact(sorted(tmp_path.glob("*.log")), needles_of(key)) == 3
    left = log.read_text()
    assert (log.stat().st_size, left.count("\n")) == (size, 3)
    assert "mlaut" not in left
    assert "and clip2.mp4" in left
    assert needles_of("a") == []
