"""A configuration in, everything that its run learns from and is watched on out, with the files that were skipped.

``sources_of(config)`` is the one call that a trainer needs: it finds faces where no earlier start has found them, and
gives ``learn`` for ``dataset.batches`` and the sources of ``watch`` for ``dataset.views_of``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog

from detectors.training.configuration import Collection, TrainingConfig
from detectors.training.dataset import Mixture
from detectors.training.face_store import ClipFaces, PortraitFaces, search_clips, search_portraits
from detectors.training.footage import clips_in
from detectors.training.labelled.crop_cache import CropCache, CropSettings, Search
from detectors.training.labelled.examples import FoundMedia, LabelledFaces
from detectors.training.labelled.face_search import find_faces
from detectors.training.labelled.layouts import read_collection
from detectors.training.labelled.media import LabelledMedia, PartEmpty
from detectors.training.labelled.split import divide
from detectors.training.material import material_of
from detectors.training.pairs import PairMaker
from detectors.training.runs.run_record import Skipped

PAIRS = "pairs"
_NAMED = 10
_MOST_RECORDED = 1000

log = structlog.get_logger(__name__)


class NothingToLearnFrom(ValueError):
    """The configuration names neither portraits nor collections."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What a run learns from and is watched on.

    ``watch`` has an entry called ``pairs`` where there are portraits, and one for each collection with genuine and
    manipulated files to calibrate on. ``held_out`` are the files of each collection that are only for reported
    figures. ``skipped`` is for the record of the run: at most a thousand by name, the rest counted in the last one.
    """

    learn: Mixture
    watch: Mapping[str, Mixture]
    held_out: Mapping[str, tuple[LabelledMedia, ...]]
    skipped: tuple[Skipped, ...]


@dataclass(frozen=True, slots=True)
class _Labelled:
    """Files with faces by part and collection."""

    train: tuple[FoundMedia, ...]
    watch: Mapping[str, tuple[FoundMedia, ...]]
    held_out: Mapping[str, tuple[LabelledMedia, ...]]
    skipped: tuple[Skipped, ...]


def sources_of(config: TrainingConfig, *, search: Search | None = None) -> Sources:
    """Read the portraits, clips and collections of a run; faces are searched for (with ``search``) only once.

    Labelled examples are balanced, unless ``class_weights`` of the schedule make up for the share of the classes.

    Raises:
        NothingToLearnFrom: the configuration names neither portraits nor collections.
        CollectionUnusable: a collection cannot be used, or a part has no genuine or no manipulated files left.
        FileNotFoundError: a portrait that the index names is not there.
    """
    data, rules, seed = config.data, config.pairs, config.seed
    if data.portraits is None and not data.collections:
        raise NothingToLearnFrom(f"run {config.name} names neither portraits nor collections to learn from")
    pairs, watched_pairs = _pair_makers(config) if data.portraits is not None else (None, None)
    watch = {PAIRS: Mixture(pairs=watched_pairs)} if watched_pairs is not None else {}
    if not data.collections:
        return Sources(Mixture(pairs=pairs), watch, {}, ())
    found = _labelled_of(config, search)
    _require_both("to learn from", found.train)
    balanced = config.schedule.class_weights is None
    labelled = LabelledFaces(found.train, rules, seed=seed, balanced=balanced)
    for name, media in found.watch.items():
        watch[name] = Mixture(labelled=LabelledFaces(media, rules, seed=seed))
    if not watch:
        raise PartEmpty(
            "no collection has genuine and manipulated files with faces left to calibrate on "
            f"({len(found.skipped)} files were skipped): add sources or raise calibrate_share"
        )
    return Sources(Mixture(pairs, labelled, data.labelled_share), watch, found.held_out, found.skipped)


def told(skipped: Sequence[Skipped]) -> list[str]:
    """Lines for people: the first ten files by name with the reason, then how many more there are."""
    lines = [f"{one.path}: {one.why}" for one in skipped[:_NAMED]]
    return [*lines, f"and {len(skipped) - _NAMED} more"] if len(skipped) > _NAMED else lines


def _pair_makers(config: TrainingConfig) -> tuple[PairMaker, PairMaker]:
    """Pairs of the people to learn from, and of the people that the calibration is fitted on."""
    material, data = material_of(config), config.data
    people, clips = material.people, material.clips
    for _ in search_portraits((*people.train, *people.calibrate, *people.test), data.cache):
        pass
    every_clip = [clip for folder in (data.footage, data.manipulated) if folder for clip in clips_in(folder)]
    for _ in search_clips(every_clip, data.cache, frames=data.frames_per_clip):
        pass
    learn = PortraitFaces(people.train, data.cache), ClipFaces(clips.learn, data.cache)
    watch = PortraitFaces(people.calibrate, data.cache), ClipFaces(clips.calibrate, data.cache)
    return PairMaker(*learn, config.pairs, seed=config.seed), PairMaker(*watch, config.pairs, seed=config.seed)


def _labelled_of(config: TrainingConfig, search: Search | None) -> _Labelled:
    data = config.data
    collections = [read_collection(collection) for collection in data.collections]
    shares = {"calibrate": data.calibrate_share, "test": data.test_share}
    divided = divide(collections, seed=config.split_seed, **shares)
    names = dict(zip(_names(data.collections), collections, strict=True))
    of_collection = {one.path: name for name, media in names.items() for one in media}
    settings = CropSettings(frames=data.frames_per_clip, most_face_px=config.pairs.most_face_px)
    found = find_faces(divided, CropCache(data.cache, settings, search))
    watch = {name: tuple(one for one in found.calibrate if of_collection[one.media.path] == name) for name in names}
    held_out = {name: tuple(one for one in found.test if of_collection[one.path] == name) for name in names}
    skipped = (*found.skipped, *divided.left_out)
    _tell(skipped)
    usable = {name: media for name, media in watch.items() if len({one.media.manipulated for one in media}) > 1}
    return _Labelled(found.train, usable, held_out, _for_record(skipped))


def _names(collections: Sequence[Collection]) -> list[str]:
    """A name for each collection: its kind and variant or folder, with a number where two would be alike."""
    plain = [f"{one.kind} {one.variant or (one.manifest or one.root.resolve()).stem}" for one in collections]
    return [name if plain.count(name) == 1 else f"{name} {at}" for at, name in enumerate(plain, 1)]


def _require_both(purpose: str, media: Sequence[FoundMedia]) -> None:
    for manipulated, word in ((False, "genuine"), (True, "manipulated")):
        if not any(one.media.manipulated == manipulated for one in media):
            raise PartEmpty(f"the collections have no {word} files with faces left {purpose}")


def _tell(skipped: Sequence[Skipped]) -> None:
    if skipped:
        log.warning("labelled files are skipped", count=len(skipped), files=told(skipped))


def _for_record(skipped: Sequence[Skipped]) -> tuple[Skipped, ...]:
    if len(skipped) <= _MOST_RECORDED:
        return tuple(skipped)
    more = len(skipped) - _MOST_RECORDED
    return (*skipped[:_MOST_RECORDED], Skipped(path=f"and {more} more", why="the first ones are named above"))
