"""``python -m detectors.training CONFIG.json``: find faces once, train, and leave weights and the record of the run.

``--measure`` prints the figures of the run's weights and writes them beside them; ``--release`` puts weights and
figures into the package. ``--spread`` holds measured figures of several seeds together, ``--compare`` those of several
variants, ``--soup`` averages the weights of several runs.
"""

import argparse
from pathlib import Path

from detectors.training.commands import add_options, command_of
from detectors.training.configuration import read_config
from detectors.training.runs.run_claim import claimed
from detectors.training.sources import sources_of
from detectors.training.training import train


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m detectors.training", description=__doc__)
    parser.add_argument("config", type=Path, nargs="?", help="JSON file with the settings of the run")
    add_options(parser)
    wish = parser.parse_args()
    if (command := command_of(wish)) is not None:
        command(wish)
    elif wish.config is None:
        parser.error("name the JSON file with the settings of the run")
    else:
        config = read_config(wish.config)
        with claimed(config.out):
            print(train(config, sources_of(config)))


if __name__ == "__main__":
    main()
