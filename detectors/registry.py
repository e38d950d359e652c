"""The names of all detectors in, their cards and factories out; listing them never loads a network."""

import importlib
import importlib.metadata
import importlib.util
from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path

from contracts.errors import DetectorUnavailable
from detectors.cards import DetectorCard, read_card
from detectors.detector import Detector
from detectors.runtime import Runtime
from detectors.weights import availability_of, folder_of

PACKAGE = Path(__file__).parent
ENTRY_POINTS = "telltale.detectors"
Entries = Iterable[tuple[str, str]]
FactoryOf = Callable[..., Detector]


class UnknownDetector(KeyError):
    """No detector has this name; the message lists the names that exist."""

    def __str__(self) -> str:
        return str(self.args[0])


class Registry:
    """Detector names, each with the ``module:function`` that makes it and its card.

    The factory is called as ``make(card, folder=..., runtime=...)``: ``folder`` holds the verified weights files of the
    card, or is ``None`` for seeded random weights. The card of one of the ``entries`` is ``<cards>/<name>.json``; that
    of one of the ``plugins``, which are asked for once and late, lies beside its module as ``<name>.json``.

    Raises:
        ValueError: a name is registered twice; for plugins when names are first asked for.
    """

    def __init__(self, entries: Entries, *, cards: Path, plugins: Callable[[], Entries] = tuple) -> None:
        self._cards_folder = cards
        self._cards: dict[str, DetectorCard] = {}
        self._built_in = _unlike(entries)
        self._plugins = plugins

    @cached_property
    def _targets(self) -> dict[str, str]:
        return _unlike([*self._built_in.items(), *self._plugins()])

    def names(self) -> tuple[str, ...]:
        """All names, in alphabetical order."""
        return tuple(sorted(self._targets))

    def card(self, name: str) -> DetectorCard:
        """The card of ``name``, read once. Raises ``UnknownDetector``, or ``ValueError`` for a card of another name."""
        self._require(name)
        if name not in self._cards:
            path = self._card_path(name)
            card = read_card(path)
            if card.spec.name != name:
                raise ValueError(f"the card of {name!r} says it is of {card.spec.name!r}")
            elsewhere = card.shipped and name not in self._built_in
            self._cards[name] = card.model_copy(update={"shipped_in": path.parent}) if elsewhere else card
        return self._cards[name]

    def _card_path(self, name: str) -> Path:
        if name in self._built_in:
            return self._cards_folder / f"{name}.json"
        module, _, _ = self._targets[name].partition(":")
        found = importlib.util.find_spec(module)
        if not found or not found.origin:
            raise ValueError(f"the module {module} of detector {name!r} is not installed")
        return Path(found.origin).with_name(f"{name}.json")

    def factory(self, name: str) -> FactoryOf:
        """The function that makes ``name``; imports its module, and with it torch. Raises ``UnknownDetector``."""
        self._require(name)
        module, function = self._targets[name].split(":")
        return getattr(importlib.import_module(module), function)

    def create(self, name: str, *, weights: Path, runtime: Runtime, allow_untrained: bool) -> Detector:
        """As :func:`detectors.create`."""
        card = self.card(name)
        state = availability_of(card, weights)
        if not state.available and not allow_untrained:
            raise DetectorUnavailable(f"detector {name!r} cannot run: {state.detail}")
        folder = folder_of(card, weights) if state.available else None
        made = self.factory(name)(card, folder=folder, runtime=runtime)
        if state.available and availability_of(card, weights).weights_sha256 != state.weights_sha256:
            raise DetectorUnavailable(f"the weights of {name!r} were replaced while they were loaded; load it again")
        return made

    def _require(self, name: str) -> None:
        if name not in self._targets:
            raise UnknownDetector(f"{name!r} is not a detector; known: {', '.join(self.names())}")


def _unlike(entries: Entries) -> dict[str, str]:
    targets: dict[str, str] = {}
    for name, target in entries:
        if name in targets:
            raise ValueError(f"detector {name!r} is already taken by {targets[name]}, {target} needs another name")
        targets[name] = target
    return targets


def installed_plugins() -> Entries:
    """The detectors that other installed packages offer under the entry point group ``telltale.detectors``."""
    return [(found.name, found.value) for found in importlib.metadata.entry_points(group=ENTRY_POINTS)]


REGISTRY = Registry(
    (
        ("boken", "detectors.plugins.boken:make"),
        ("dessa", "detectors.plugins.dessa:make"),
        ("eighteen", "detectors.plugins.eighteen:make"),
        ("medics", "detectors.plugins.medics:make"),
        ("mesonet", "detectors.plugins.mesonet:make"),
        ("ntech", "detectors.plugins.ntech:make"),
        ("selimsef", "detectors.plugins.selimsef:make"),
        ("srm", "detectors.plugins.srm:make"),
        ("telltale", "detectors.plugins.telltale:make"),
        ("wm", "detectors.plugins.wm:make"),
    ),
    cards=PACKAGE / "cards",
    plugins=installed_plugins,
)
