"""The cards of two or more detectors in, the facts that set them apart out, side by side and in words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from detectors.card_figures import interval_words
from detectors.card_text import cost_lines, needs_lines
from detectors.cards import DetectorCard, Figure

_NOT_STATED = "not stated"


class NothingToCompare(ValueError):
    """Fewer than two different detectors were named."""


@dataclass(frozen=True)
class Aspect:
    """One thing that detectors are compared by: for each of them, in their order, lines of text."""

    title: str
    cells: tuple[tuple[str, ...], ...]
    is_figure: bool = False


def compared(cards: Sequence[DetectorCard]) -> tuple[Aspect, ...]:
    """What they look for and need, what they may say, what they cost, their licences, and figures of equal names.

    A figure that two or more have by the same name is shown with the data that it was measured on: only on the same
    data do two figures say which detector is better.

    Raises:
        NothingToCompare: fewer than two different detectors.
    """
    if len({card.spec.name for card in cards}) < 2:
        raise NothingToCompare("name two or more different detectors")
    facts = tuple(Aspect(title, tuple(of(card) for card in cards)) for title, of in _FACTS)
    names = dict.fromkeys(figure.name for card in cards for figure in _own(card))
    shared = [name for name in names if sum(any(f.name == name for f in _own(card)) for card in cards) > 1]
    return (*facts, *(_figure_aspect(name, cards) for name in shared))


def _own(card: DetectorCard) -> list[Figure]:
    return [figure for figure in card.figures if figure.of is None]


def _figure_aspect(name: str, cards: Sequence[DetectorCard]) -> Aspect:
    cells = tuple(
        tuple(_figure(figure) for figure in _own(card) if figure.name == name) or (_NOT_STATED,) for card in cards
    )
    return Aspect(name, cells, is_figure=True)


def _figure(figure: Figure) -> str:
    interval = interval_words(figure.low, figure.high)
    span = f" ({interval})" if interval else ""
    items = f", n = {figure.n_items}" if figure.n_items is not None else ""
    whose = "; published, not repeated here" if figure.source else ""
    return f"{figure.value:g}{span} on {figure.on}{items}{whose}"


def _looks_for(card: DetectorCard) -> tuple[str, ...]:
    return tuple(kind.replace("_", " ") for kind in card.spec.looks_for)


def _say(card: DetectorCard) -> tuple[str, ...]:
    if card.calibration is None:
        return ("not calibrated: shown, no say",)
    alone = "may call alone" if card.spec.may_call_alone else "never calls alone"
    until = f"calibrated, to be believed until {card.calibration.expires_at:%Y-%m-%d}"
    return (until, f"weight {card.spec.fusion_weight:g}, {alone}")


_FACTS: tuple[tuple[str, Callable[[DetectorCard], tuple[str, ...]]], ...] = (
    ("Looks for", _looks_for),
    ("Does not see", lambda card: card.blind_spots or (_NOT_STATED,)),
    ("In verdicts", _say),
    ("Needs", lambda card: tuple(needs_lines(card))),
    ("Trained on", lambda card: tuple(data.name for data in card.training_data) or (_NOT_STATED,)),
    ("Costs", lambda card: tuple(cost_lines(card.cost))),
    ("Licence of the code", lambda card: (card.licences.code,)),
    ("Licence of the weights", lambda card: (card.licences.weights,)),
)
