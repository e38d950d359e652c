"""The wishes of ``python -m detectors.training`` that do not train in; figures, tables, averages and cards out."""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import structlog
from rich.console import Console

from contracts.errors import DetectorUnavailable
from detectors.registry import PACKAGE
from detectors.training.configuration import TrainingConfig, read_config
from detectors.training.material import material_of, record_of
from detectors.training.measuring.comparing import compare, comparison_table, tried_of
from detectors.training.measuring.evaluation import FIT_PAIRS, PEOPLE_PAIRS
from detectors.training.measuring.judged import Judged, registered
from detectors.training.measuring.measure import measure
from detectors.training.measuring.release import Extras, release
from detectors.training.measuring.soup import cook
from detectors.training.measuring.spread import spread_of, spread_table, with_summaries
from detectors.training.sources import sources_of
from detectors.training.training import WEIGHTS

MEASURED, SPREAD, COMPARED = "measured.json", "spread.json", "compared.json"
BESIDE = ("mesonet",)
PROGRAM = "python -m detectors.training"

log = structlog.get_logger(__name__)


class MissingWish(ValueError):
    """The command line lacks something that the wish needs; the message says what."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of all commands that do not train."""
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--measure", action="store_true", help="measure weights (those of the run, or --weights)")
    what.add_argument("--release", action="store_true", help="ship weights with the figures that lie beside them")
    what.add_argument("--spread", nargs="+", type=Path, metavar="MEASURED", help="figures of runs of several seeds")
    what.add_argument("--compare", nargs="+", metavar="LABEL=MEASURED", help="figures of several variants, in rows")
    what.add_argument("--soup", nargs="+", type=Path, metavar="FILE", help="write the first as average of the others")
    parser.add_argument("--weights", type=Path, help="weights to measure or ship; default: those of the run")
    parser.add_argument("--pairs", type=int, default=PEOPLE_PAIRS, help="of --measure: per family and compression")
    parser.add_argument("--fit-pairs", type=int, default=FIT_PAIRS, help="of --measure: for the calibration")
    parser.add_argument("--fetched", type=Path, default=Path(".telltale/weights"), help="folder of fetched weights")
    parser.add_argument("--out", type=Path, help=f"where {SPREAD} of --spread or {COMPARED} of --compare goes")
    parser.add_argument("--why", nargs="*", default=[], metavar="LABEL=REASON", help="of --compare: why it was dropped")
    parser.add_argument("--version", help="of --release: the version of the detector from now on")
    parser.add_argument("--with-spread", type=Path, metavar="FILE", help="of --release: what --spread wrote")
    parser.add_argument("--with-tried", type=Path, metavar="FILE", help="of --release: what --compare wrote")


def command_of(wish: argparse.Namespace) -> Callable[[argparse.Namespace], None] | None:
    """The command that was asked for; nothing where it is training."""
    asked = {"measure": run_measure, "release": run_release, "spread": run_spread, "compare": run_compare}
    asked["soup"] = run_soup
    return next((command for name, command in asked.items() if getattr(wish, name)), None)


def run_measure(wish: argparse.Namespace) -> None:
    """Measure weights, print the figures and keep them beside the weights."""
    config = _config(wish)
    weights = wish.weights or config.out / WEIGHTS
    beside, pairs, fit_pairs = _beside(wish.fetched), wish.pairs, wish.fit_pairs
    figures = measure(config, weights, material_of(config), beside=beside, pairs=pairs, fit_pairs=fit_pairs)
    other = "" if wish.weights is None else f" --weights {wish.weights}"
    other += "" if pairs == PEOPLE_PAIRS else f" --pairs {pairs}"
    other += "" if fit_pairs == FIT_PAIRS else f" --fit-pairs {fit_pairs}"
    figures["command"] = f"{PROGRAM} {wish.config} --measure{other}"
    _keep(figures, weights.with_name(MEASURED))


def run_release(wish: argparse.Namespace) -> None:
    """Ship weights with the figures, the spread and the comparison that were measured."""
    weights = wish.weights or _config(wish).out / WEIGHTS
    measured = _read(weights.with_name(MEASURED))
    extras = Extras(
        version=wish.version,
        seeds=seeds_behind(weights),
        spread=_read(wish.with_spread)["spread"] if wish.with_spread else None,
        tried=_read(wish.with_tried)["tried"] if wish.with_tried else None,
    )
    card, shipped = PACKAGE / "cards" / "telltale.json", PACKAGE / "weights_shipped"
    told = release(measured, weights, card=card, shipped=shipped, command=measured["command"], extras=extras)
    _say(told.model_dump_json(indent=1))


def run_spread(wish: argparse.Namespace) -> None:
    """Print and keep how far the figures of several seeds lie apart."""
    files: list[Path] = wish.spread
    by_seed = {_seed_of(path): _read(path) for path in files}
    if len(by_seed) < len(files):
        raise MissingWish("two of these files are of runs with one seed: a spread is over seeds")
    spread = spread_of(by_seed, f"{PROGRAM} --spread {_told(files)}")
    Console(width=160).print(spread_table(spread))
    _keep({"spread": spread, "summaries": with_summaries(spread)}, wish.out or files[0].with_name(SPREAD), show=False)


def run_compare(wish: argparse.Namespace) -> None:
    """Print and keep one row per variant."""
    files = {label: Path(path) for label, path in _pairs(wish.compare)}
    told = " ".join(f"{label}={path}" for label, path in files.items())
    compared = compare({label: _read(path) for label, path in files.items()}, f"{PROGRAM} --compare '{told}'")
    Console(width=160).print(comparison_table(compared))
    out = wish.out or next(iter(files.values())).with_name(COMPARED)
    _keep({"compared": compared, "tried": tried_of(compared, dict(_pairs(wish.why)))}, out, show=False)


def run_soup(wish: argparse.Namespace) -> None:
    """Average weights, measure the batch norms again, keep the record beside the average."""
    config = _config(wish)
    out, *parents = wish.soup
    record = cook(config, parents, out, sources_of(config).learn)
    _say(json.dumps(record, indent=1))


def seeds_behind(weights: Path) -> list[int] | None:
    """The seeds of the run, or of the parents of an average, as far as the record beside the weights tells them."""
    record = record_of(weights) or {}
    if "parents" in record:
        return [parent["seed"] for parent in record["parents"] if parent["seed"] is not None]
    seed = record.get("config", {}).get("seed")
    return None if seed is None else [seed]


def _beside(fetched: Path) -> list[Judged]:
    found = []
    for name in BESIDE:
        try:
            found.append(registered(name, fetched))
        except DetectorUnavailable as error:
            log.warning("not measured beside", detector=name, why=str(error))
    return found


def _seed_of(measured: Path) -> int:
    seeds = seeds_behind(measured)
    if not seeds or len(seeds) > 1:
        raise MissingWish(f"no run.json beside {measured} tells the one seed of its run")
    return seeds[0]


def _config(wish: argparse.Namespace) -> TrainingConfig:
    if wish.config is None:
        raise MissingWish("name the JSON file with the settings of the run")
    return read_config(wish.config)


def _pairs(texts: Sequence[str]) -> list[tuple[str, str]]:
    split = [text.split("=", 1) for text in texts]
    if wrong := [parts[0] for parts in split if len(parts) < 2]:
        raise MissingWish(f"{wrong[0]!r} is no LABEL=VALUE")
    return [(label, value) for label, value in split]


def _told(files: Sequence[Path]) -> str:
    return " ".join(str(path) for path in files)


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def _keep(figures: dict[str, Any], path: Path, *, show: bool = True) -> None:
    text = json.dumps(figures, indent=1)
    path.write_text(text + "\n", encoding="utf-8")
    if show:
        _say(text)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
