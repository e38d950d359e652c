"""A folder of golden fixtures in, the lines of all of them out; what cannot be compared is an error, never left out."""

import json
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from tests.parity import systems
from tests.parity.line import Line
from tests.parity.networks import lines_of_network

Cases = Callable[[dict], Iterator[Line]]
OWN = Path(__file__).parents[1] / "data" / "parity"


class UnknownFixture(LookupError):
    """Nothing of ours answers to a fixture; the message names it."""


def fixtures_in(folder: Path) -> list[Path]:
    """All fixture files of a folder, by name. Raises ``UnknownFixture`` when there is none."""
    files = sorted(folder.glob("*.json"))
    if not files:
        raise UnknownFixture(f"{folder} holds no fixture")
    return files


def lines_of(file: Path) -> Iterator[Line]:
    """The comparisons of one fixture file: of a network, or of cases.

    Raises:
        UnknownFixture: no network or case function of ours has its name, or its cases gave no comparison.
    """
    fixture = json.loads(file.read_text(encoding="utf-8"))
    if "network" in fixture:
        yield from _of_network(file, fixture)
        return
    count = 0
    for line in _case_function(file)(fixture):
        count += 1
        yield line
    if not count:
        raise UnknownFixture(f"{file.name} holds no case that we know")


def _of_network(file: Path, fixture: dict) -> Iterator[Line]:
    try:
        yield from lines_of_network(fixture)
    except KeyError as why:
        raise UnknownFixture(f"{file.name}: no network {why}") from why


def _case_function(file: Path) -> Cases:
    known = case_functions()
    # A file of more cases may carry a suffix behind the name that it continues.
    for stem in sorted(known, key=len, reverse=True):
        if file.stem.startswith(stem):
            return known[stem]
    raise UnknownFixture(f"{file.name}: no cases of this name are known, only {', '.join(sorted(known))}")


def case_functions() -> Mapping[str, Cases]:
    """Every case function of every system, by the stem of its fixture file."""
    found: dict = {}
    for module in iter_modules(systems.__path__, "tests.parity.systems."):
        found |= getattr(import_module(module.name), "CASES", {})
    return found
