"""``python -m detectors.training CONFIG.json``: find faces once, train, and leave weights and the record of the run.

``--measure`` prints the figures of the run's weights and writes them beside them; ``--release`` puts weights and
figures into the package.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from detectors.registry import PACKAGE
from detectors.training.clip_split import split_clips
from detectors.training.configuration import TrainingConfig, read_config
from detectors.training.evaluation import Material, measure
from detectors.training.face_store import ClipFaces, PortraitFaces, search_clips, search_portraits
from detectors.training.footage import clips_in
from detectors.training.pairs import PairMaker
from detectors.training.people import read_portraits, split_people
from detectors.training.release import release
from detectors.training.training import WEIGHTS, Makers, train

MEASURED = "measured.json"


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m detectors.training", description=__doc__)
    parser.add_argument("config", type=Path, help="JSON file with the settings of the run")
    parser.add_argument("--measure", action="store_true", help="measure the run's weights instead of training")
    parser.add_argument("--release", action="store_true", help="ship the run's weights with their measured figures")
    parser.add_argument("--weights", type=Path, help="weights to measure or ship; default: those of the run")
    wish = parser.parse_args()
    config = read_config(wish.config)
    prepare(config)
    if wish.measure:
        print(json.dumps(measured(config, wish.weights or config.out / WEIGHTS), indent=1))
    elif wish.release:
        print(released(config, wish.weights or config.out / WEIGHTS, wish.config).model_dump_json(indent=1))
    else:
        print(train(config, makers_of(config)))


def prepare(config: TrainingConfig) -> None:
    """Find the faces of all portraits and clips that the cache does not hold yet."""
    data = config.data
    for _ in search_portraits(read_portraits(data.portraits), data.cache):
        pass
    clips = [clip for folder in (data.footage, data.manipulated) if folder for clip in clips_in(folder)]
    for _ in search_clips(clips, data.cache, frames=data.frames_per_clip):
        pass


def material_of(config: TrainingConfig) -> Material:
    """People and clips of a run, split as its configuration says."""
    data = config.data
    portraits = read_portraits(data.portraits)
    people = split_people(portraits, seed=config.split_seed, calibrate=data.calibrate_share, test=data.test_share)
    genuine = clips_in(data.footage) if data.footage else ()
    clips = split_clips([clip.stem for clip in genuine], data)
    return Material(people, clips, genuine, clips_in(data.manipulated) if data.manipulated else ())


def makers_of(config: TrainingConfig) -> Makers:
    """Pairs of the people to learn from, and of the people that the calibration is fitted on."""
    material, cache = material_of(config), config.data.cache
    learn = PortraitFaces(material.people.train, cache), ClipFaces(material.clips.learn, cache)
    watch = PortraitFaces(material.people.calibrate, cache), ClipFaces(material.clips.calibrate, cache)
    return Makers(PairMaker(*learn, config.pairs, seed=config.seed), PairMaker(*watch, config.pairs, seed=config.seed))


def measured(config: TrainingConfig, weights: Path) -> dict[str, Any]:
    """Measure weights and keep the figures beside them."""
    figures = measure(config, weights, material_of(config))
    weights.with_name(MEASURED).write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return figures


def released(config: TrainingConfig, weights: Path, config_file: Path) -> Any:
    """Ship weights with the figures that lie beside them."""
    figures = json.loads(weights.with_name(MEASURED).read_text(encoding="utf-8"))
    command = f"python -m detectors.training {config_file} --measure"
    card, shipped = PACKAGE / "cards" / "telltale.json", PACKAGE / "weights_shipped"
    return release(figures, weights, card=card, shipped=shipped, command=command)


if __name__ == "__main__":
    main()
