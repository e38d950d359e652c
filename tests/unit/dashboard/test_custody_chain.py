"""Any byte flipped, any record removed, doubled, swapped or put in between is found, and nothing else is."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.custody.canonical import NotCanonical, canonical, plain
from dashboard.custody.chain import NOTHING, Body, Head, Link, flaws_in, next_link

SUBJECTS = ("a" * 32, "b" * 32, "")
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
WHOLE = st.integers(-(2**53) + 1, 2**53 - 1)
VALUES = st.recursive(
    st.none() | st.booleans() | WHOLE | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
CHAINS = st.lists(
    st.tuples(st.sampled_from(SUBJECTS), st.dictionaries(TEXT, VALUES, max_size=3)), min_size=3, max_size=8
)


def chain_of(told: list[tuple[str, dict]]) -> tuple[list[Link], Head]:
    links: list[Link] = []
    for place, (subject, content) in enumerate(told):
        before = [link.digest for link in links if link.subject == subject]
        link = next_link(
            Head(links[-1].number, links[-1].digest) if links else Head(),
            subject=subject,
            kind="judged",
            event_id=f"judged:{place}",
            recorded_at="2026-03-01T12:00:00.000+00:00",
            body=Body(f"{place:032x}", content),
            subject_prev=before[-1] if before else NOTHING,
        )
        links.append(link)
    return links, Head(links[-1].number, links[-1].digest)


@settings(max_examples=40, deadline=None)
@given(VALUES)
def test_the_canonical_form_reads_back_and_does_not_depend_on_the_order_of_names(value: object):
    raw = canonical(value)
    assert json.loads(raw) == value
    assert canonical(json.loads(raw)) == raw
    if isinstance(value, dict):
        assert canonical(dict(reversed(value.items()))) == raw


def test_names_are_ordered_by_utf_16_code_units_as_in_rfc_8785():
    # The example of RFC 8785, section 3.2.3, without its line break.
    names = {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\u0080": 6, "\u00f6": 7}
    assert list(json.loads(canonical(names)).values()) == [2, 4, 6, 7, 1, 5, 3]


@pytest.mark.parametrize(
    "value", [0.5, float("nan"), 2**53, b"raw", "\ud800", {"\ud800": 1}, {1: 2}, {"a": [0.1]}, object()]
)
def test_what_has_no_canonical_form_is_refused(value: object):
    with pytest.raises(NotCanonical):
        canonical(value)


@settings(max_examples=40, deadline=None)
@given(st.floats(allow_nan=False))
def test_a_fraction_becomes_the_text_that_reads_back_as_it(value: float):
    (text,) = plain([value])
    assert float(text) == value
    assert canonical({"a": text})


@settings(max_examples=40, deadline=None)
@given(CHAINS)
def test_a_whole_chain_has_no_flaw(told: list):
    links, head = chain_of(told)
    assert list(flaws_in(links, head)) == []
    assert list(flaws_in([], Head())) == []


@settings(max_examples=40, deadline=None)
@given(CHAINS, st.data())
def test_any_flipped_bit_of_any_field_is_found(told: list, data: st.DataObject):
    links, head = chain_of(told)
    place = data.draw(st.integers(0, len(links) - 1))
    name = data.draw(st.sampled_from(sorted(vars(links[0]))))
    value = getattr(links[place], name)
    if isinstance(value, int):
        changed: object = value ^ (1 << data.draw(st.integers(0, 40)))
    else:
        raw = bytearray(value.encode() or b"\0")
        raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 6))
        changed = raw.decode("utf-8", "replace")
    if changed == value:
        return
    links[place] = replace(links[place], **{name: changed})
    assert list(flaws_in(links, head))


@settings(max_examples=40, deadline=None)
@given(CHAINS, st.data())
def test_removed_doubled_swapped_and_inserted_records_are_found(told: list, data: st.DataObject):
    links, head = chain_of(told)
    first, second = data.draw(
        st.tuples(st.integers(0, len(links) - 1), st.integers(0, len(links) - 1)).filter(
            lambda pair: pair[0] != pair[1]
        )
    )
    removed = links[:first] + links[first + 1 :]
    doubled = [*links[:first], links[first], *links[first:]]
    swapped = list(links)
    swapped[first], swapped[second] = links[second], links[first]
    strange, _ = chain_of([("c" * 32, {"planted": True})])
    inserted = [*links[:first], replace(strange[0], number=first + 1), *links[first:]]
    for broken in (removed, doubled, swapped, inserted):
        assert list(flaws_in(broken, head))


@settings(max_examples=40, deadline=None)
@given(CHAINS, st.data())
def test_a_removed_end_is_found_by_the_head(told: list, data: st.DataObject):
    links, head = chain_of(told)
    kept = data.draw(st.integers(0, len(links) - 1))
    assert list(flaws_in(links[:kept], head))


@settings(max_examples=40, deadline=None)
@given(CHAINS, st.data())
def test_a_record_that_was_made_anew_does_not_fit_its_neighbours(told: list, data: st.DataObject):
    links, head = chain_of(told)
    place = data.draw(st.integers(0, len(links) - 1))
    forged, _ = chain_of([*told[:place], (told[place][0], {"forged": "yes"})])
    links[place] = forged[-1]
    assert list(flaws_in(links, head))


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(TEXT, VALUES, max_size=3), st.dictionaries(TEXT, VALUES, max_size=3))
def test_a_body_is_tied_to_its_link_by_a_salted_hash(one: dict, other: dict):
    salt = "0f" * 16
    # JSON tells True from 1 where Python does not.
    assert (Body(salt, one).digest == Body(salt, other).digest) == (canonical(one) == canonical(other))
    assert Body("1f" * 16, one).digest != Body(salt, one).digest
