"""The names of all detectors in, their cards and factories out; listing them never loads a network."""

import importlib
from collections.abc import Callable, Iterable
from pathlib import Path

from contracts.errors import DetectorUnavailable
from detectors.cards import DetectorCard, read_card
from detectors.detector import Detector
from detectors.runtime import Runtime
from detectors.weights import availability_of, folder_of

PACKAGE = Path(__file__).parent
FactoryOf = Callable[..., Detector]


class UnknownDetector(KeyError):
    """No detector has this name; the message lists the names that exist."""

    def __str__(self) -> str:
        return str(self.args[0])


class Registry:
    """Detector names, each with the ``module:function`` that makes it and its card ``<cards>/<name>.json``.

    The factory is called as ``make(card, folder=..., runtime=...)``: ``folder`` holds the verified weights files of the
    card, or is ``None`` for seeded random weights.

    Raises:
        ValueError: a name is registered twice.
    """

    def __init__(self, entries: Iterable[tuple[str, str]], *, cards: Path) -> None:
        self._cards_folder = cards
        self._cards: dict[str, DetectorCard] = {}
        self._targets: dict[str, str] = {}
        for name, target in entries:
            if name in self._targets:
                raise ValueError(f"detector {name!r} is already taken by {self._targets[name]}")
            self._targets[name] = target

    def names(self) -> tuple[str, ...]:
        """All names, in alphabetical order."""
        return tuple(sorted(self._targets))

    def card(self, name: str) -> DetectorCard:
        """The card of ``name``, read once. Raises ``UnknownDetector``, or ``ValueError`` for a card of another name."""
        self._require(name)
        if name not in self._cards:
            card = read_card(self._cards_folder / f"{name}.json")
            if card.spec.name != name:
                raise ValueError(f"the card of {name!r} says it is of {card.spec.name!r}")
            self._cards[name] = card
        return self._cards[name]

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
        return self.factory(name)(card, folder=folder, runtime=runtime)

    def _require(self, name: str) -> None:
        if name not in self._targets:
            raise UnknownDetector(f"{name!r} is not a detector; known: {', '.join(self.names())}")


REGISTRY = Registry(
    (
        ("mesonet", "detectors.plugins.mesonet:make"),
        ("telltale", "detectors.plugins.telltale:make"),
    ),
    cards=PACKAGE / "cards",
)
