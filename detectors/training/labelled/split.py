"""Labelled media of all collections in, the parts of a run out: nobody is in two, what would join two is left out."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import get_args

import numpy as np

from detectors.training.labelled.media import LabelledMedia, Part
from detectors.training.runs.run_record import Skipped

# In larger circles everybody was swapped with everybody: kept whole, such a circle would leave nothing to divide.
_LARGEST_CIRCLE = 6
_PARTS: tuple[Part, ...] = get_args(Part)


@dataclass(frozen=True, slots=True)
class DividedMedia:
    """Media to learn from, to watch and calibrate on, and to report on; ``left_out`` would have joined two parts."""

    train: tuple[LabelledMedia, ...]
    calibrate: tuple[LabelledMedia, ...]
    test: tuple[LabelledMedia, ...]
    left_out: tuple[Skipped, ...]


def divide(collections: Sequence[Sequence[LabelledMedia]], *, seed: int, calibrate: float, test: float) -> DividedMedia:
    """Divide media by their people; published splits are kept, ``calibrate`` and ``test`` are shares of the others.

    A person whom one split watches or reports on is never learned from, whatever another split says. People who share
    manipulated files stay together in circles of up to six; of larger circles, files across parts are left out.
    A published split without a part to calibrate on gives up a share of those it learns from.

    Raises:
        ValueError: the shares leave nobody to learn from.
    """
    if calibrate < 0.0 or test < 0.0 or calibrate + test >= 1.0:
        raise ValueError(f"shares {calibrate} and {test} leave nobody to learn from")
    places: dict[str, Part] = {}
    for media in collections:
        for person, part in _published(media, seed=seed, calibrate=calibrate).items():
            places[person] = _later(part, places.get(person, part))
    everything = [one for media in collections for one in media]
    unplaced = list(_unplaced(everything, places))
    return _gathered(everything, {**_drawn(unplaced, seed=seed, calibrate=calibrate, test=test), **places})


def _later(first: Part, second: Part) -> Part:
    """The one that is further from learning."""
    return first if _PARTS.index(first) > _PARTS.index(second) else second


def _unplaced(media: Iterable[LabelledMedia], places: Mapping[str, Part]) -> Iterator[LabelledMedia]:
    """The media as if only those of their people were in them who have no place yet."""
    for one in media:
        if people := [person for person in one.people if person not in places]:
            yield replace(one, identity=people[0], donors=tuple(people[1:]))


def _published(media: Sequence[LabelledMedia], *, seed: int, calibrate: float) -> dict[str, Part]:
    """Where a collection's own split puts its people; the later of two parts counts."""
    places: dict[str, Part] = {}
    for part in _PARTS:
        places |= {person: part for one in media if one.split == part for person in one.people}
    if not places or "calibrate" in places.values():
        return places
    learners = [one for one in media if one.split == "train" and all(places[who] == "train" for who in one.people)]
    return places | _drawn(learners, seed=seed, calibrate=calibrate, test=0.0)


def _drawn(media: Sequence[LabelledMedia], *, seed: int, calibrate: float, test: float) -> dict[str, Part]:
    """Places by lot for everybody in ``media``: separately for circles with genuine, manipulated and both files."""
    circles = _circles(media)
    kinds: dict[str, set[bool]] = defaultdict(set)
    for one in media:
        for person in one.people:
            kinds[circles[person]].add(one.manipulated)
    by_kind: dict[tuple[bool, ...], list[str]] = defaultdict(list)
    for circle in sorted(kinds):
        by_kind[tuple(sorted(kinds[circle]))].append(circle)
    parts: dict[str, Part] = {}
    for circles_of_kind in by_kind.values():
        parts |= _lots(circles_of_kind, seed=seed, calibrate=calibrate, test=test)
    return {person: parts[circle] for person, circle in circles.items()}


def _lots(circles: Sequence[str], *, seed: int, calibrate: float, test: float) -> dict[str, Part]:
    """At least one of two circles is calibrated on where anybody is to be, and at least one is learned from."""
    shuffled = np.random.default_rng(seed).permutation(np.array(sorted(circles)))
    first, second = np.round(np.cumsum([calibrate, test]) * len(shuffled)).astype(int)
    first = min(max(first, 1 if calibrate else 0), len(shuffled) - 1)
    second = min(max(second, first), len(shuffled) - 1)
    ranges: tuple[tuple[Part, int, int], ...] = (
        ("calibrate", 0, first),
        ("test", first, second),
        ("train", second, len(shuffled)),
    )
    return {str(circle): part for part, start, end in ranges for circle in shuffled[start:end]}


def _circles(media: Iterable[LabelledMedia]) -> dict[str, str]:
    """Every person's circle, called by one of its people; people of too large circles are circles of their own."""
    leaders: dict[str, str] = {}

    def leader_of(person: str) -> str:
        while (above := leaders.setdefault(person, person)) != person:
            leaders[person] = leaders[above]
            person = above
        return person

    for one in media:
        for other in one.people:
            first, second = sorted((leader_of(one.identity), leader_of(other)))
            leaders[second] = first
    members: dict[str, list[str]] = defaultdict(list)
    for person in sorted(leaders):
        members[leader_of(person)].append(person)
    return {
        person: leader if len(circle) <= _LARGEST_CIRCLE else person
        for leader, circle in members.items()
        for person in circle
    }


def _gathered(media: Iterable[LabelledMedia], places: Mapping[str, Part]) -> DividedMedia:
    parts: dict[Part, list[LabelledMedia]] = {part: [] for part in _PARTS}
    left_out: list[Skipped] = []
    for one in media:
        found: set[Part] = {places[person] for person in one.people}
        if len(found) == 1:
            parts[found.pop()].append(one)
        else:
            told = ", ".join(f"{person} in {places[person]}" for person in one.people)
            left_out.append(Skipped(path=str(one.path), why=f"it would join two parts: {told}"))
    return DividedMedia(tuple(parts["train"]), tuple(parts["calibrate"]), tuple(parts["test"]), tuple(left_out))
