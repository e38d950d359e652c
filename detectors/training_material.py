"""The settings of a training run in; what it learned from, in the words and counts of a card, out."""

from pathlib import Path

from detectors.cards import TrainingData
from detectors.training.clip_split import split_clips
from detectors.training.configuration import Collection, TrainingConfig
from detectors.training.footage import clips_in
from detectors.training.material import without
from detectors.training.people import person_of, read_portraits, split_people


def described(config: TrainingConfig) -> tuple[TrainingData, ...]:
    """Portraits, footage and collections that the settings name, each counted where it still lies on this disk.

    A folder that is gone is named without a count.
    """
    data = config.data
    return (
        *([_portraits(config, data.portraits)] if data.portraits else []),
        *([_footage(config, data.footage)] if data.footage and data.learn_from_clips else []),
        *(_collection(one, data.labelled_share) for one in data.collections),
    )


def _portraits(config: TrainingConfig, folder: Path) -> TrainingData:
    data = config.data
    families = ", ".join(
        f"{name.replace('_', ' ')} {weight:g}" for name, weight in sorted(config.pairs.families.items())
    )
    told = f"portraits, split by person; manipulated twins are made on the fly, by weight: {families}"
    try:
        portraits = read_portraits(folder)
    except FileNotFoundError:
        return TrainingData(name=folder.name, description=f"{told}; not counted, the folder is not here any more")
    people = split_people(portraits, seed=config.split_seed, calibrate=data.calibrate_share, test=data.test_share)
    learned = without(people, {person_of(name) for name in data.keep_out}).train
    return TrainingData(
        name=folder.name,
        description=told,
        n_items=len(learned),
        n_identities=len({portrait.person for portrait in learned}),
    )


def _footage(config: TrainingConfig, folder: Path) -> TrainingData:
    data = config.data
    told = (
        f"up to {data.frames_per_clip} frames of each genuine clip whose name starts with one of those in the settings"
    )
    if not folder.is_dir():
        return TrainingData(name=folder.name, description=f"{told}; not counted, the folder is not here any more")
    clips = split_clips([clip.stem for clip in clips_in(folder)], data).learn
    return TrainingData(name=folder.name, description=f"{told}; counted are clips", n_items=len(clips))


def _collection(collection: Collection, share: float) -> TrainingData:
    variant = f", variant {collection.variant}" if collection.variant else ""
    manifest = f", as {collection.manifest.name} lists them" if collection.manifest else ""
    told = f"labelled media of the layout {collection.kind}{variant}{manifest}; {share:.0%} of all examples"
    return TrainingData(name=collection.root.name or str(collection.root), description=told)
