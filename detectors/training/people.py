"""The index of a portrait folder in, portraits split by person out: nobody is in two parts."""

import csv
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

INDEX = "index.csv"
PICTURES = "images"


@dataclass(frozen=True, slots=True)
class Portrait:
    """One picture of one person; ``person`` is the same word for all pictures of that person."""

    path: Path
    person: str


@dataclass(frozen=True, slots=True)
class Split:
    """Portraits for learning, for fitting the calibration, and for the reported figures."""

    train: tuple[Portrait, ...]
    calibrate: tuple[Portrait, ...]
    test: tuple[Portrait, ...]


def person_of(name: str) -> str:
    """Surname and first given name in small letters, so that spellings of one person's name fall together.

    >>> person_of("RUSH, Bobby L.") == person_of("RUSH, Bobby")
    True
    """
    surname, _, given = name.casefold().partition(",")
    first = given.split()[0] if given.split() else ""
    return f"{re.sub(r'[^a-z]', '', surname)} {re.sub(r'[^a-z]', '', first)}"


def read_portraits(folder: Path) -> tuple[Portrait, ...]:
    """The portraits that ``folder/index.csv`` lists (columns ``file`` and ``name``).

    Raises:
        FileNotFoundError: the index, or a picture that it names, is not there.
    """
    with (folder / INDEX).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    portraits = tuple(Portrait(folder / PICTURES / row["file"], person_of(row["name"])) for row in rows)
    if gone := [portrait.path.name for portrait in portraits if not portrait.path.is_file()]:
        raise FileNotFoundError(f"{len(gone)} pictures of {INDEX} are missing, first: {gone[0]}")
    return portraits


def split_people(portraits: Sequence[Portrait], *, seed: int, calibrate: float, test: float) -> Split:
    """Split by person; ``calibrate`` and ``test`` are shares of all persons, the rest learns.

    Raises:
        ValueError: the shares leave nobody to learn from.
    """
    if calibrate < 0.0 or test < 0.0 or calibrate + test >= 1.0:
        raise ValueError(f"shares {calibrate} and {test} leave nobody to learn from")
    by_person: dict[str, list[Portrait]] = defaultdict(list)
    for portrait in sorted(portraits, key=lambda portrait: portrait.path.name):
        by_person[portrait.person].append(portrait)
    people = np.random.default_rng(seed).permutation(sorted(by_person))
    ends = np.round(np.cumsum([calibrate, test]) * len(people)).astype(int)
    parts = np.split(people, ends)
    picked = [tuple(portrait for person in part for portrait in by_person[str(person)]) for part in parts]
    return Split(train=picked[2], calibrate=picked[0], test=picked[1])
