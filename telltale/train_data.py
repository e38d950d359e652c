"""The settings of a run in; what it learns from and is watched on out, faces found, skipped files named and counted."""

from collections.abc import Sequence
from pathlib import Path

from detectors.training.configuration import TrainingConfig
from detectors.training.face_store import ClipFaces, search_clips, search_portraits
from detectors.training.faces import read_stored
from detectors.training.footage import clips_in
from detectors.training.people import Portrait, read_portraits
from detectors.training.runs.run_record import Skipped
from detectors.training.sources import Sources, sources_of
from telltale.terminal import say
from telltale.training_bars import counted, labelled_search

_NAMED = 10
_NO_FACE = "no sure face in it"


def prepared(config: TrainingConfig) -> Sources:
    """Find faces where no earlier start found them, with bars; say which files are left out.

    Raises:
        NothingToLearnFrom, CollectionUnusable, FileNotFoundError: as ``sources_of``.
    """
    data = config.data
    faceless: list[Skipped] = []
    if data.portraits is not None:
        portraits = read_portraits(data.portraits)
        counted(search_portraits(portraits, data.cache), "Finding faces in portraits", len(portraits))
        clips = [clip for folder in (data.footage, data.manipulated) if folder for clip in clips_in(folder)]
        counted(search_clips(clips, data.cache, frames=data.frames_per_clip), "Finding faces in clips", len(clips))
        faceless = [*_without_face(portraits, data.cache), *_clips_without(clips, data.cache)]
    if data.collections:
        with labelled_search() as search:
            sources = sources_of(config, search=search)
    else:
        sources = sources_of(config)
    _tell((*faceless, *sources.skipped))
    return sources


def _without_face(portraits: Sequence[Portrait], cache: Path) -> list[Skipped]:
    known = read_stored(cache / "portraits.jsonl")
    missing = [one.path for one in portraits if not known.get(one.path.name, {}).get("box")]
    return [Skipped(path=str(path), why=_NO_FACE) for path in missing]


def _clips_without(clips: Sequence[Path], cache: Path) -> list[Skipped]:
    found = set(ClipFaces([clip.stem for clip in clips], cache).clips)
    return [Skipped(path=str(clip), why=_NO_FACE) for clip in clips if clip.stem not in found]


def _tell(skipped: Sequence[Skipped]) -> None:
    if skipped:
        say(f"Left out {len(skipped)} files:")
    for one in skipped[:_NAMED]:
        say(f"  {one.path}: {one.why}")
    if len(skipped) > _NAMED:
        say(f"  and {len(skipped) - _NAMED} more")
