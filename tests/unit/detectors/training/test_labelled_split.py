"""Nobody is in two parts, whatever the collections say; published splits are kept where that is possible."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.training.labelled.media import LabelledMedia, Part
from detectors.training.labelled.split import DividedMedia, divide

PEOPLE = st.sampled_from([f"p{number}" for number in range(24)])
FILES = st.lists(
    st.tuples(
        PEOPLE, st.lists(PEOPLE, max_size=1), st.booleans(), st.sampled_from([None, "train", "calibrate", "test"])
    ),
    max_size=60,
)


def a_file(number: int, person: str, *donors: str, fake: bool = False, split: Part | None = None) -> LabelledMedia:
    return LabelledMedia(Path(f"{number:03d}.mp4"), fake, person, split, None, donors)


def people(media: tuple[LabelledMedia, ...]) -> set[str]:
    return {person for one in media for person in one.people}


def divided(*collections: list[LabelledMedia], seed: int = 3) -> DividedMedia:
    return divide(collections, seed=seed, calibrate=0.2, test=0.2)


@settings(max_examples=60, deadline=None)
@given(first=FILES, second=FILES, seed=st.integers(0, 9))
def test_nobody_is_in_two_parts_and_no_file_is_lost(first: list, second: list, seed: int):
    collections = [
        [
            a_file(100 * nth + at, who, *donors, fake=fake, split=split)
            for at, (who, donors, fake, split) in enumerate(files)
        ]
        for nth, files in enumerate((first, second))
    ]
    found = divided(*collections, seed=seed)
    parts = (found.train, found.calibrate, found.test)
    everybody = [people(part) for part in parts]
    assert sum(map(len, everybody)) == len(set.union(*everybody))
    assert sum(map(len, parts)) + len(found.left_out) == len(first) + len(second)
    backwards = divided(*(media[::-1] for media in collections), seed=seed)
    assert set(backwards.train) == set(found.train), "the order of the files does not matter"


def test_swapped_pairs_stay_together_and_nothing_is_left_out():
    media = [a_file(at, f"p{at}", f"p{at ^ 1}", fake=True) for at in range(40)]
    media += [a_file(100 + at, f"p{at}") for at in range(40)]
    found = divided(media)
    assert not found.left_out
    assert [len(people(part)) for part in (found.train, found.calibrate, found.test)] == [24, 8, 8]
    assert divided(media, seed=4).test != found.test


def test_of_a_large_circle_the_files_across_parts_are_left_out_and_named():
    media = [a_file(10 * one + other, f"p{one}", f"p{other}", fake=True) for one in range(10) for other in range(10)]
    found = divided(media)
    assert [len(people(part)) for part in (found.train, found.calibrate, found.test)] == [6, 2, 2]
    assert len(found.left_out) == 100 - 36 - 4 - 4
    assert "it would join two parts: p" in found.left_out[0].why


def test_every_part_gets_both_classes_of_sources_that_hold_one():
    media = [a_file(at, f"p{at}", fake=at % 5 == 0) for at in range(50)]
    found = divided(media)
    for part in (found.train, found.calibrate, found.test):
        assert {one.manipulated for one in part} == {False, True}
    assert len(found.train) == 30


def test_two_sources_are_enough_to_learn_and_to_watch():
    found = divided([a_file(0, "a"), a_file(1, "b"), a_file(2, "c", fake=True), a_file(3, "d", fake=True)])
    assert [len(found.train), len(found.calibrate), len(found.test)] == [2, 2, 0]


def test_a_published_split_is_kept_and_who_is_watched_is_not_learned_from():
    media = [
        a_file(0, "a", split="train"),
        a_file(1, "b", split="calibrate"),
        a_file(2, "a", "b", fake=True, split="train"),
    ]
    found = divided(media)
    assert (found.train, found.calibrate) == ((media[0],), (media[1],))
    assert [one.path for one in found.left_out] == ["002.mp4"]


def test_somebody_watched_in_one_collection_is_not_learned_from_in_another():
    watched, learned = a_file(0, "a", split="test"), a_file(1, "a", split="train")
    found = divided([watched], [learned, a_file(2, "b", split="train"), a_file(3, "c", split="calibrate")])
    assert set(found.test) == {watched, learned}
    assert people(found.train) == {"b"}


def test_a_published_split_without_a_part_to_calibrate_on_gives_up_learners():
    media = [a_file(at, f"p{at}", split="test" if at < 5 else "train") for at in range(25)]
    found = divided(media)
    assert [len(found.train), len(found.calibrate), len(found.test)] == [16, 4, 5]


def test_somebody_must_be_left_to_learn_from():
    with pytest.raises(ValueError, match="nobody"):
        divide([], seed=1, calibrate=0.5, test=0.5)
