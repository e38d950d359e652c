"""A media id names one version of one object."""

from hypothesis import given
from hypothesis import strategies as st

from ingest.identity import media_id_of

PLACE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


def test_the_id_is_pinned_for_those_who_stored_it():
    assert media_id_of("incoming", "desk/ä b+c.mp4", "9b2cf535") == "44235e20d69bbbe9d0d50863a2047174"


@given(st.tuples(PLACE, PLACE, PLACE), st.tuples(PLACE, PLACE, PLACE))
def test_different_places_or_versions_have_different_ids(one: tuple[str, str, str], other: tuple[str, str, str]):
    assert (media_id_of(*one) == media_id_of(*other)) == (one == other)


def test_neighbouring_fields_do_not_run_into_each_other():
    assert media_id_of("a", "bc", "d") != media_id_of("ab", "c", "d")
