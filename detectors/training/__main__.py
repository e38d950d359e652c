"""``python -m detectors.training CONFIG.json``: find faces once, train, and leave weights and the record of the run."""

import argparse
from pathlib import Path

from detectors.training.clip_split import split_clips
from detectors.training.configuration import TrainingConfig, read_config
from detectors.training.face_store import ClipFaces, PortraitFaces, search_clips, search_portraits
from detectors.training.footage import clips_in
from detectors.training.pairs import PairMaker
from detectors.training.people import read_portraits, split_people
from detectors.training.training import Makers, train


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m detectors.training", description=__doc__)
    parser.add_argument("config", type=Path, help="JSON file with the settings of the run")
    config = read_config(parser.parse_args().config)
    prepare(config)
    print(train(config, makers_of(config)))


def prepare(config: TrainingConfig) -> None:
    """Find the faces of all portraits and clips that the cache does not hold yet."""
    data = config.data
    for _ in search_portraits(read_portraits(data.portraits), data.cache):
        pass
    clips = clips_in(data.footage) if data.footage else ()
    for _ in search_clips(clips, data.cache, frames=data.frames_per_clip):
        pass


def makers_of(config: TrainingConfig) -> Makers:
    """Pairs of the people to learn from, and of the people that the calibration is fitted on."""
    data = config.data
    people = split_people(
        read_portraits(data.portraits), seed=config.seed, calibrate=data.calibrate_share, test=data.test_share
    )
    names = [clip.stem for clip in clips_in(data.footage)] if data.footage else []
    clips = split_clips(names, data)
    learn = PortraitFaces(people.train, data.cache), ClipFaces(clips.learn, data.cache)
    watch = PortraitFaces(people.calibrate, data.cache), ClipFaces(clips.calibrate, data.cache)
    return Makers(PairMaker(*learn, config.pairs, seed=config.seed), PairMaker(*watch, config.pairs, seed=config.seed))


if __name__ == "__main__":
    main()
