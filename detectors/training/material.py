"""A configuration in, what its run is measured on out: people and clips by part, and a check that nobody was learned.

People and clips that are reported on must be strangers to every run that the weights come from: to the run itself, to
the one that it started from, and to the parents of an average.
"""

import json
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import structlog

from detectors.training.clip_split import ClipSplit, split_clips
from detectors.training.configuration import TrainingConfig
from detectors.training.footage import clips_in
from detectors.training.people import Portrait, Split, person_of, read_portraits, split_people
from detectors.training.runs.run_record import AVERAGE, RECORD

log = structlog.get_logger(__name__)


class NothingToMeasureOn(ValueError):
    """The configuration names no portraits or no footage; the message says which."""


class LearnedFromThem(ValueError):
    """Weights were trained on people or clips that they would be measured on; the message names some."""


@dataclass(frozen=True, slots=True)
class Material:
    """What a run is measured on: people by part, clips by part, and clips that are known to be manipulated."""

    people: Split
    clips: ClipSplit
    genuine_clips: tuple[Path, ...]
    manipulated_clips: tuple[Path, ...]
    keep_out: frozenset[str] = frozenset()

    def named(self, names: Sequence[str]) -> list[Path]:
        """The genuine clips of these names."""
        return [clip for clip in self.genuine_clips if clip.stem in names]


def material_of(config: TrainingConfig) -> Material:
    """People and clips of a run, split as its configuration says.

    Raises:
        NothingToMeasureOn: it names no portraits.
    """
    data = config.data
    if data.portraits is None:
        raise NothingToMeasureOn(f"run {config.name} names no portraits, whose people could be held out")
    portraits = read_portraits(data.portraits)
    people = split_people(portraits, seed=config.split_seed, calibrate=data.calibrate_share, test=data.test_share)
    keep_out = frozenset(person_of(name) for name in data.keep_out)
    people = without(people, keep_out)
    genuine = clips_in(data.footage) if data.footage else ()
    clips = split_clips([clip.stem for clip in genuine], data)
    return Material(people, clips, genuine, clips_in(data.manipulated) if data.manipulated else (), keep_out)


def without(people: Split, names: Set[str]) -> Split:
    """The same parts, but nobody of ``names`` is learned from."""
    train = tuple(portrait for portrait in people.train if portrait.person not in names)
    return replace(people, train=train)


def require_strangers(material: Material, weights: Path) -> int:
    """Compare the people and clips that are measured with those that the weights learned from.

    Returns how many earlier runs could be looked at: 0 where no record lies beside the weights.

    Raises:
        LearnedFromThem: somebody is in both.
    """
    held_out = {one.person for one in (*material.people.calibrate, *material.people.test)}
    clips_held_out = {*material.clips.calibrate, *material.clips.report}
    looked_at = 0
    for config in configs_behind(weights):
        learned = material_of(config)
        people = held_out & {one.person for one in learned.people.train}
        clips = clips_held_out & set(learned.clips.learn)
        if known := material.keep_out & {one.person for one in learned.people.train}:
            log.warning("learned from portraits of people in reported clips", run=config.name, people=sorted(known))
        if people or clips:
            some = ", ".join(sorted((*clips, *people))[:3])
            raise LearnedFromThem(
                f"run {config.name} (seed {config.seed}) learned from {len(people)} people and {len(clips)} clips that "
                f"would be measured, among them {some}: give the runs one split_seed"
            )
        looked_at += 1
    return looked_at


def configs_behind(weights: Path) -> Iterator[TrainingConfig]:
    """The configurations of the runs that made these weights, as far as their records lie beside the weights."""
    record = record_of(weights)
    if record is None:
        return
    for parent in record.get("parents", ()):
        yield from configs_behind(Path(parent["file"]))
    if record.get("step"):
        config = TrainingConfig.model_validate(record["config"])
        yield config
        if config.start_from is not None:
            yield from configs_behind(config.start_from)


def record_of(weights: Path) -> dict[str, Any] | None:
    """What the run or the average that wrote the weights noted beside them."""
    paths = (weights.with_name(name) for name in (AVERAGE, RECORD))
    found = next((path for path in paths if path.is_file()), None)
    return None if found is None else json.loads(found.read_text(encoding="utf-8"))


def portraits_by_person(part: Sequence[Portrait]) -> int:
    """How many people are in a part."""
    return len({one.person for one in part})
