"""Changes of a SeaweedFS filer become events of objects whatever their paths, and nonsense is poison."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import PoisonMessage
from ingest.filer_events import _notification, events_in
from ingest.object_events import Happening, ObjectEvent

STEPS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/"), min_size=1, max_size=40)
PATHS = st.lists(STEPS, min_size=1, max_size=4).map("/".join).filter(lambda key: not key.startswith(".uploads/"))


def a_change(*, old: str | None = None, new: str | None = None, folder: str = "") -> bytes:
    change: Any = _notification()(new_parent_path=folder)
    for field, name in (("old_entry", old), ("new_entry", new)):
        if name is not None:
            getattr(change, field).name = name
            getattr(change, field).SetInParent()
    return change.SerializeToString()


@given(key=PATHS)
def test_any_path_is_its_own_key(key: str):
    path = f"/buckets/incoming/{key}"
    folder, _, name = path.rpartition("/")
    assert events_in(path.encode(), a_change(new=name, folder=folder)) == (
        ObjectEvent(Happening.CREATED, "incoming", key),
    )
    assert events_in(path.encode(), a_change(old=name)) == (ObjectEvent(Happening.REMOVED, "incoming", key),)


def test_a_filer_that_leaves_the_folder_out_means_the_records_key():
    assert events_in(b"/buckets/incoming/a.mp4", a_change(new="a.mp4")) == (
        ObjectEvent(Happening.CREATED, "incoming", "a.mp4"),
    )


@pytest.mark.parametrize("raw", [b"", b"no protocol buffer", b'{"Records": []}', b"\x12\x02\x0a\xff"])
def test_what_no_filer_writes_is_poison(raw: bytes):
    with pytest.raises(PoisonMessage, match="filer"):
        events_in(b"/buckets/incoming/a.mp4", raw)


def test_a_path_that_is_no_text_is_poison():
    with pytest.raises(PoisonMessage, match="no text"):
        events_in(b"/buckets/incoming/\xff", a_change(old="a.mp4"))


@given(path=st.none() | st.binary(max_size=60), raw=st.binary(max_size=200))
def test_no_bytes_raise_anything_but_poison(path: bytes | None, raw: bytes):
    try:
        events = events_in(path, raw)
    except PoisonMessage:
        return
    assert len(events) == 1
