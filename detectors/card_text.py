"""A detector's card in; its facts as titled sections of text and tables out, the same for the command and the pages."""

from collections.abc import Iterable
from dataclasses import dataclass

from detectors.calibration import Calibration
from detectors.card_figures import FigureTable, calibration_table, figure_table, measured_tables, spread_table
from detectors.cards import Cost, DetectorCard, Thresholds, TrainingData, WeightsFile
from detectors.detector import MemberNetwork

_NOTHING = "nothing stated"
_METHODS = {
    "none": "none: scores count as probabilities",
    "temperature": "temperature: a * logit(score) is the calibrated logit",
    "platt": "Platt's line: a * logit(score) + b is the calibrated logit",
    "beta": "beta: a * ln(score) - c * ln(1 - score) + b is the calibrated logit",
    "isotonic": "isotonic: a rising curve through knots gives the calibrated logit",
}


@dataclass(frozen=True)
class Section:
    """A title, its lines, each a complete statement, and its tables of figures."""

    title: str
    lines: tuple[str, ...] = ()
    tables: tuple[FigureTable, ...] = ()


def sections_of(card: DetectorCard, *, beside: DetectorCard | None = None) -> tuple[Section, ...]:
    """Everything a card says, in the order in which a reader asks for it.

    ``beside`` is the card of a well-known detector whose false alarms stand below those of this one.
    """
    sections = (
        Section("What it is", (card.summary, f"{card.lifecycle}: {card.lifecycle_reason}", *_terms(card))),
        _stated("Does not see", card.blind_spots),
        _stated("Not for", card.not_for),
        _stated("Measured", tables=measured_tables(card, beside=beside)),
        _calibration(card),
        Section("Thresholds", tuple(_thresholds(card.thresholds)) if card.thresholds else ()),
        _seeds(card),
        Section("Tried and dropped", *_tried(card)),
        _stated("Trained on", (_training(data) for data in card.training_data)),
        Section("What it needs", tuple(needs_lines(card))),
        Section("Networks", tuple(_member(member) for member in card.spec.members)),
        Section("What it costs", tuple(cost_lines(card.cost))),
        Section("Defects of the original, and what is done here", card.defects),
        Section("Weights", tuple(_weights(file) for file in card.weights)),
        Section("Licences", (f"Code: {card.licences.code}", f"Weights: {card.licences.weights}")),
        Section("References", card.references),
    )
    return tuple(section for section in sections if section.lines or section.tables)


def _stated(title: str, lines: Iterable[str] = (), tables: tuple[FigureTable, ...] = ()) -> Section:
    told = tuple(lines)
    return Section(title, told if told or tables else (_NOTHING,), tables)


def _calibration(card: DetectorCard) -> Section:
    table = calibration_table(card)
    lines = tuple(_fit(card.calibration)) if card.calibration else ("not calibrated: it is shown and has no say",)
    return Section("Calibration", lines, (table,) if table else ())


def method_words(fit: Calibration) -> str:
    """The kind of curve with its numbers."""
    told = fit.model_dump(exclude_none=True)
    return _METHODS[fit.method] + "".join(f", {name} = {told[name]:g}" for name in ("a", "b", "c") if name in told)


def _fit(fit: Calibration) -> list[str]:
    told = fit.model_dump(exclude_none=True)
    people = [
        f"{told[f'{kind}_identities']} {kind}" for kind in ("genuine", "manipulated") if f"{kind}_identities" in told
    ]
    of = f" of {' and '.join(people)} people or clips" if people else ""
    lines = [
        method_words(fit),
        f"Fitted on {fit.n_items} items{of}, {fit.prior:.0%} of them manipulated: {fit.fitted_on}",
        f"Fitted on {fit.fitted_at:%Y-%m-%d}, to be believed until {fit.expires_at:%Y-%m-%d} ({fit.id})",
    ]
    return [*lines, *([f"For the weights with the SHA-256 {fit.weights_sha256}"] if fit.weights_sha256 else [])]


def _thresholds(limits: Thresholds) -> list[str]:
    return [
        f"Some evidence from a calibrated probability of {limits.lower:g}, likely manipulated from {limits.upper:g}",
        f"How they were chosen: {limits.chosen_by}",
    ]


def _seeds(card: DetectorCard) -> Section:
    seeds = ", ".join(map(str, card.seeds))
    lines = (f"The weights come from seed {seeds}",) if len(card.seeds) == 1 else (f"Seeds of the runs: {seeds}",)
    tables = (spread_table(card.spread),) if card.spread else ()
    return Section("Seeds and spread", lines if card.seeds else (), tables)


def _tried(card: DetectorCard) -> tuple[tuple[str, ...], tuple[FigureTable, ...]]:
    lines = tuple(f"{tried.name}: {tried.why}" for tried in card.tried)
    return lines, tuple(figure_table(tried.name, tried.figures) for tried in card.tried if tried.figures)


def _terms(card: DetectorCard) -> list[str]:
    spec = card.spec
    alone = "may call alone" if spec.may_call_alone else "never calls alone"
    calibrated = "calibrated" if card.calibration else "not calibrated, so it is shown and has no say in verdicts"
    return [
        f"Looks for: {', '.join(spec.looks_for).replace('_', ' ')}",
        f"Origin: {spec.origin}",
        f"Weight in the fusion: {spec.fusion_weight:g}; {alone}; {calibrated}",
    ]


def needs_lines(card: DetectorCard) -> list[str]:
    """What a detector needs to see: media, size of faces, sampling, length of clips."""
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
    counts = [
        *([f"{data.n_items} items"] if data.n_items is not None else []),
        *([f"{data.n_identities} people"] if data.n_identities is not None else []),
    ]
    told = f" ({', '.join(counts)})" if counts else ""
    licence = f"; licence: {data.licence}" if data.licence else ""
    source = f" [{data.source}]" if data.source else ""
    return f"{data.name}{told}: {data.description.removesuffix('.')}{licence}{source}"


def cost_lines(cost: Cost) -> list[str]:
    """What scoring costs, and on what that was measured."""
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
