"""What two sorted lists say together is what two sets would say, and memory does not grow with their length."""

import tracemalloc
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.identity import media_id_of
from ingest.object_store import StoredObject
from ingest.reconciliation import Gap, KnownItem, NotSorted, differences

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
KEYS = st.text("aBz/ ~é影😀.", min_size=1, max_size=5)
BUCKET = st.dictionaries(KEYS, st.sampled_from("123"), max_size=30)
READ_MODEL = st.sets(st.tuples(KEYS, st.sampled_from("123")), max_size=40)


def an_object(key: str, version: str) -> StoredObject:
    return StoredObject(key, 1, version, LONG_AGO)


def gaps(bucket: dict[str, str], known: set[tuple[str, str]]) -> set[tuple[Gap, str]]:
    listed = [an_object(key, version) for key, version in sorted(bucket.items())]
    items = [KnownItem(key, media_id_of("b", key, version)) for key, version in sorted(known)]
    return {(one.gap, one.key) for one in differences("b", listed, items)}


@given(bucket=BUCKET, known=READ_MODEL)
def test_the_merge_finds_what_sets_find(bucket: dict[str, str], known: set[tuple[str, str]]):
    known_keys = {key for key, _ in known}
    expected = {(Gap.VANISHED, key) for key in known_keys - bucket.keys()}
    expected |= {(Gap.MISSING, key) for key in bucket.keys() - known_keys}
    expected |= {
        (Gap.CHANGED, key) for key, version in bucket.items() if key in known_keys and (key, version) not in known
    }
    assert gaps(bucket, known) == expected


@given(bucket=BUCKET, known=READ_MODEL)
def test_announcing_what_is_missing_leaves_only_what_vanished(bucket: dict[str, str], known: set[tuple[str, str]]):
    assert {gap for gap, _ in gaps(bucket, known | set(bucket.items()))} <= {Gap.VANISHED}


def test_a_gap_carries_the_identity_that_an_event_would_give():
    (only,) = differences("b", [an_object("a.mp4", "7")], [])
    assert only.media_id == media_id_of("b", "a.mp4", "7")
    assert only.found == an_object("a.mp4", "7")


def test_a_list_out_of_order_is_refused():
    with pytest.raises(NotSorted, match=r"'a' after 'b'"):
        list(differences("bucket", [an_object("b", "1"), an_object("a", "1")], []))


def test_memory_does_not_grow_with_the_lists():
    def peak_bytes(count: int) -> int:
        keys = [f"{number:06d}" for number in range(count)]
        tracemalloc.start()
        try:
            listed = (an_object(key, "1") for key in keys)
            items = (KnownItem(key, media_id_of("b", key, "1")) for key in keys)
            assert list(differences("b", listed, items)) == []
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak_bytes(20_000) < peak_bytes(200) + 20_000
