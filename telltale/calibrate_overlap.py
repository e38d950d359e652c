"""The settings of a detector's training and labelled items in; the items that it learned from out."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from detectors.registry import PACKAGE, REGISTRY
from detectors.training.configuration import TrainingConfig, read_config
from detectors.training.footage import clips_in
from detectors.training.labelled.layouts import read_collection
from detectors.training.labelled.media import CollectionUnusable
from detectors.training.labelled.split import divide
from detectors.training.material import configs_behind, without
from detectors.training.people import person_of, read_portraits, split_people
from detectors.training.runs.listing import runs_below
from detectors.weights import sha256_of
from telltale.calibrate_items import Gathered

SETTINGS = "training.json"
RUNS = Path("runs")


def settings_behind(name: str, weights_sha256: str, *, runs: Path = RUNS) -> list[TrainingConfig]:
    """The settings of every training that made these weights, as far as they can be found.

    They come with Telltale or with the package of the detector, or stand in the record of a run below ``runs`` that
    wrote exactly these weights; the latter names the runs before it.
    """
    shipped = PACKAGE / "training" / "configurations" / f"{name}.json"
    folder = REGISTRY.card(name).shipped_in
    packaged = [folder / SETTINGS] if folder else []
    found = [read_config(path) for path in (shipped, *packaged) if path.is_file()]
    for run in runs_below(runs).runs:
        written = run.record.artefacts.weights
        if written and written.sha256 == weights_sha256:
            with suppress(FileNotFoundError):  # the record of a run before it may be gone
                found += configs_behind(run.folder / written.file)
    return found


def learned_from(trainings: Sequence[TrainingConfig], gathered: Gathered) -> list[str]:
    """Names of the items that one of the trainings learned from: by name, by person, and by content.

    Content and people can be compared only where the folders that the settings name lie on this disk.
    """
    found: set[str] = set()
    by_size = _by_size(path for path in gathered.paths if path.is_file())
    for config in trainings:
        starts, people = tuple(config.data.learn_from_clips), _people(config)
        same = _same_content(by_size, _files(config, people=people))
        for path, item in zip(gathered.paths, gathered.items, strict=True):
            named = bool(starts) and (path.stem.startswith(starts) or item.group.startswith(starts))
            if named or path in same or _spelled(item.group) in people:
                found.add(path.stem or item.group)
    return sorted(found)


def _people(config: TrainingConfig) -> frozenset[str]:
    """Whose portraits it learned from."""
    data = config.data
    if data.portraits is None or data.labelled_share == 1.0:
        return frozenset()
    try:
        portraits = read_portraits(data.portraits)
    except FileNotFoundError:
        return frozenset()
    people = split_people(portraits, seed=config.split_seed, calibrate=data.calibrate_share, test=data.test_share)
    return frozenset(one.person for one in without(people, {person_of(name) for name in data.keep_out}).train)


def _files(config: TrainingConfig, *, people: frozenset[str]) -> Iterator[Path]:
    """The files that it learned from, as far as they lie here."""
    data = config.data
    if people and data.portraits:
        yield from (one.path for one in read_portraits(data.portraits) if one.person in people)
    if data.footage and data.footage.is_dir() and data.learn_from_clips:
        clips = clips_in(data.footage)
        kept = (clip for clip in clips if not clip.stem.startswith(data.set_aside_clips))
        yield from (clip for clip in kept if clip.stem.startswith(data.learn_from_clips))
    with suppress(CollectionUnusable, OSError):
        collections = [read_collection(one) for one in data.collections]
        shares = {"calibrate": data.calibrate_share, "test": data.test_share}
        divided = divide(collections, seed=config.split_seed, **shares)
        yield from (one.path for one in divided.train if one.path.is_file())


def _by_size(paths: Iterable[Path]) -> dict[int, set[Path]]:
    sizes: dict[int, set[Path]] = {}
    for path in paths:
        sizes.setdefault(path.stat().st_size, set()).add(path)
    return sizes


def _same_content(by_size: dict[int, set[Path]], learned: Iterable[Path]) -> set[Path]:
    """Those of the sized files that are byte for byte a learned one; only files of equal size are read."""
    found: set[Path] = set()
    for path in learned:
        if alike := by_size.get(path.stat().st_size):
            content = sha256_of(path)
            found |= {one for one in alike if sha256_of(one) == content}
    return found


def _spelled(group: str) -> str:
    """A person as portraits spell them; ``Surname, Given`` is brought into that form."""
    return person_of(group) if "," in group else group.casefold()
