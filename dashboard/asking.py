"""The detectors of a deployment in; what each looks for, when it applies and what time it takes out."""

from collections.abc import Sequence
from pathlib import Path

import detectors
from contracts.vocabulary import MediaKind
from detectors import DetectorCard

HEAD = ("Detector", "Looks for", "Applies to", "Time for a minute with one face", "Here")
_KIND_WORDS = {MediaKind.IMAGE: "pictures", MediaKind.VIDEO: "videos"}


def rows(names: Sequence[str], weights: Path) -> list[tuple[str, ...]]:
    """One row for each detector that a deployment asks."""
    return [_row(detectors.card(name), weights) for name in names]


def _row(card: DetectorCard, weights: Path) -> tuple[str, ...]:
    state = detectors.availability(card.spec.name, weights)
    sought = ", ".join(word.replace("_", " ") for word in card.spec.looks_for) or "–"
    return (
        card.spec.name,
        sought,
        _applies_to(card),
        time_words(card),
        "can run" if state.available else "weights missing",
    )


def _applies_to(card: DetectorCard) -> str:
    demand = card.spec.demand
    kinds = " and ".join(_KIND_WORDS.get(kind, kind.value) for kind in demand.kinds)
    frames = f", {demand.least_crops} pictures in a row" if demand.least_crops > 1 else ""
    return f"{kinds} with a face of {demand.min_face_px} px or more{frames}"


def time_words(card: DetectorCard) -> str:
    """How long scoring a minute of video with one face takes, as measured on the card; without finding the face."""
    times = card.cost.ms_per_clip if card.cost else {}
    per_clip_ms = times.get(max(times)) if times else (card.cost.cpu_ms_per_clip if card.cost else None)
    if per_clip_ms is None:
        return "not measured"
    demand = card.spec.demand
    clips = 60 / demand.clip_every_s if demand.clip_every_s else 60 * demand.frames_per_second / demand.clip_length
    seconds = clips * per_clip_ms / 1000
    return f"about {seconds:.0f} s" if seconds >= 1 else "less than 1 s"
