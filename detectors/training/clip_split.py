"""Clip names and the prefixes of a configuration in; clips to learn from, to calibrate on and to report on out."""

from collections.abc import Sequence
from dataclasses import dataclass

from detectors.training.configuration import Data


@dataclass(frozen=True, slots=True)
class ClipSplit:
    """Names of clips, each in one part only."""

    learn: tuple[str, ...]
    calibrate: tuple[str, ...]
    report: tuple[str, ...]


def split_clips(names: Sequence[str], data: Data) -> ClipSplit:
    """A clip learns if it is named for that, else calibrates if it is named for that, else it is reported on.

    Clips that are set aside are in no part.
    """
    names = [name for name in names if not name.startswith(data.set_aside_clips)]
    learn = tuple(name for name in names if name.startswith(data.learn_from_clips))
    calibrate = tuple(name for name in names if name not in learn and name.startswith(data.calibrate_on_clips))
    return ClipSplit(learn, calibrate, tuple(name for name in names if name not in {*learn, *calibrate}))
