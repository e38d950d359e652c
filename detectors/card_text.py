"""A detector's card in; its facts as titled sections of plain text out, the same for the command and the pages."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from detectors.cards import Cost, DetectorCard, Figure, TrainingData, WeightsFile
from detectors.detector import MemberNetwork

_NOTHING = "nothing stated"


@dataclass(frozen=True)
class Section:
    """A title and its lines, each a complete statement."""

    title: str
    lines: tuple[str, ...]


def sections_of(card: DetectorCard) -> tuple[Section, ...]:
    """Everything a card says, in the order in which a reader asks for it."""
    spec = card.spec
    named = [
        ("What it is", [card.summary, f"{card.lifecycle}: {card.lifecycle_reason}", *_terms(card)]),
        ("What it needs", _needs(card)),
        ("Networks", [_member(member) for member in spec.members]),
        ("Trained on", [_training(data) for data in card.training_data]),
        ("Measured", _figures(card.figures)),
        ("What it costs", _cost(card.cost)),
        ("Does not see", card.blind_spots),
        ("Not for", card.not_for),
        ("Defects of the original, and what is done here", card.defects),
        ("Weights", [_weights(file) for file in card.weights]),
        ("References", card.references),
    ]
    always = ("Trained on", "Measured", "Does not see", "Not for")
    return tuple(_section(title, lines) for title, lines in named if lines or title in always)


def _section(title: str, lines: Iterable[str]) -> Section:
    return Section(title, tuple(lines) or (_NOTHING,))


def _terms(card: DetectorCard) -> list[str]:
    spec = card.spec
    alone = "may call alone" if spec.may_call_alone else "never calls alone"
    calibrated = "calibrated" if card.calibration else "not calibrated, so it is shown and has no say in verdicts"
    return [
        f"Looks for: {', '.join(spec.looks_for).replace('_', ' ')}",
        f"Origin: {spec.origin}",
        f"Licence of the code: {card.licences.code}; of the weights: {card.licences.weights}",
        f"Weight in the fusion: {spec.fusion_weight:g}; {alone}; {calibrated}",
    ]


def _needs(card: DetectorCard) -> list[str]:
    demand = card.spec.demand
    kinds = " and ".join(f"{kind}s" for kind in demand.kinds)
    lengths = f"{demand.least_crops} to {demand.clip_length}" if demand.shortest_clip else f"{demand.clip_length}"
    burst = f", one burst each {demand.clip_every_s:g} s" if demand.clip_every_s else ""
    frames = "frame" if demand.frames_per_second == 1.0 else "frames"
    rate = f"{demand.frames_per_second:g} {frames} per second{burst}"
    if not demand.clip_every_s:
        rate += f", at least {demand.min_frames} of a video"
    return [
        f"{kinds.capitalize()} with faces of {demand.min_face_px} px or more",
        f"Sampling: {rate}",
        f"Clips of {lengths} face{'s' if demand.clip_length > 1 else ''}, margin {demand.margin:g} of the face",
    ]


def _member(member: MemberNetwork) -> str:
    frames = f"{member.frames} frames of " if member.frames > 1 else ""
    size = f"{frames}{member.width_px} x {member.height_px} px, {member.colour_order.upper()}"
    return f"{member.name}: {member.network}, {size}, weight {member.weight:g}"


def _training(data: TrainingData) -> str:
    source = f" [{data.source}]" if data.source else ""
    return f"{data.name}: {data.description}{source}"


def _figures(figures: Sequence[Figure]) -> list[str]:
    """The figures, then once what each number in brackets stands for: the command or the source of a figure."""
    origins = list(dict.fromkeys(figure.command or figure.source or "" for figure in figures))
    places = {origin: place for place, origin in enumerate(origins, start=1)}
    lines = [f"{_figure(figure)} [{places[figure.command or figure.source or '']}]" for figure in figures]
    return [*lines, *(f"[{place}] {origin}" for origin, place in places.items())]


def _figure(figure: Figure) -> str:
    span = f" ({figure.low:g} to {figure.high:g})" if figure.low is not None and figure.high is not None else ""
    note = f"; {figure.note}" if figure.note else ""
    return f"{figure.name} {figure.value:g}{span} on {figure.on}{note}"


def _cost(cost: Cost) -> list[str]:
    lines = [f"{cost.parameters / 1e6:.2f} million parameters"]
    if cost.multiply_adds:
        lines.append(f"{cost.multiply_adds / 1e9:.2f} billion multiply-adds per clip")
    times = dict(cost.ms_per_clip) or ({1: cost.cpu_ms_per_clip} if cost.cpu_ms_per_clip else {})
    lines += [f"{ms:g} ms per clip in a batch of {batch}" for batch, ms in times.items()]
    if cost.memory_mib:
        lines.append(f"{cost.memory_mib:g} MiB of memory, loaded in {cost.load_s or 0:g} s")
    measured = f"measured on {cost.measured_on}" if cost.measured_on else "times not measured"
    return [*lines, f"{measured} [{cost.command}]" if cost.command else measured]


def _weights(file: WeightsFile) -> str:
    pinned = f"SHA-256 {file.sha256}" if file.sha256 else "not pinned: the first file is trusted and its hash recorded"
    return f"{file.file}{' (not needed to score)' if file.optional else ''}: {pinned}"
