"""Nobody is in two parts of a split."""

from pathlib import Path

import pytest

from detectors.training.people import Portrait, person_of, read_portraits, split_people
from tests.support.portraits import a_portrait_folder

PORTRAITS = [Portrait(Path(f"{at:03d}.jpg"), f"person {at // 2}") for at in range(200)]


def people(portraits: tuple[Portrait, ...]) -> set[str]:
    return {portrait.person for portrait in portraits}


def test_every_portrait_is_in_one_part_and_every_person_too():
    split = split_people(PORTRAITS, seed=3, calibrate=0.1, test=0.2)
    parts = [split.train, split.calibrate, split.test]
    assert [len(people(part)) for part in parts] == [70, 10, 20]
    assert sum(len(part) for part in parts) == len(PORTRAITS)
    assert len(set.union(*map(people, parts))) == sum(len(people(part)) for part in parts)


def test_a_split_depends_on_the_seed_and_not_on_the_order_of_the_folder():
    again = split_people(PORTRAITS[::-1], seed=3, calibrate=0.1, test=0.2)
    assert again == split_people(PORTRAITS, seed=3, calibrate=0.1, test=0.2)
    assert again.test != split_people(PORTRAITS, seed=4, calibrate=0.1, test=0.2).test


@pytest.mark.parametrize("shares", [(0.5, 0.5), (-0.1, 0.1), (0.9, 0.2)])
def test_somebody_must_be_left_to_learn_from(shares: tuple[float, float]):
    with pytest.raises(ValueError, match="nobody"):
        split_people(PORTRAITS, seed=1, calibrate=shares[0], test=shares[1])


@pytest.mark.parametrize("other", ["RUSH, Bobby L.", "Rush, Bobby", "RUSH, BOBBY (Bob)"])
def test_spellings_of_one_name_are_one_person(other: str):
    assert person_of("RUSH, Bobby") == person_of(other)
    assert person_of("RUSH, Bobby") != person_of("RUSH, Benjamin")


def test_an_index_that_names_a_missing_picture_is_refused(tmp_path: Path):
    folder, _ = a_portrait_folder(tmp_path, people=3)
    assert len(read_portraits(folder)) == 3
    (folder / "images" / "face_01.png").unlink()
    with pytest.raises(FileNotFoundError, match=r"face_01\.png"):
        read_portraits(folder)
