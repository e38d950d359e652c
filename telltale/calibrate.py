"""``telltale calibrate``: labelled files or scores in; a calibration of one detector, measured on others, out."""

import shlex
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import detectors as registry
from contracts.settings import DetectSettings
from detectors.calibration import Method
from detectors.calibration.cross_fitting import (
    FIGURES,
    REPORT_SPLIT,
    FittedCalibration,
    SharedIdentities,
    TooLittleToFit,
    data_sha256_of,
    fit_best,
)
from detectors.calibration.false_alarms import Alarming
from detectors.calibration.stored import Honesty, StoredCalibration, write
from detectors.cards import DetectorCard, Thresholds
from stream_processors.judgement import DEFAULT_POLICY
from telltale import calibrate_shown
from telltale.calibrate_items import Gathered, scored_files, scored_table
from telltale.detector_commands import weights_folder
from telltale.errors import CommandFailed
from telltale.evaluate_items import BAD_INPUT, asked_items
from telltale.terminal import say, say_json

AUTO = "auto"
_NAMED = 5


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What to calibrate and how; ``false_alarms`` are the wanted rates of the lower and the upper limit."""

    detector: str
    method: str = AUTO
    scores: Path | None = None
    reencode: bool = False
    false_alarms: str = "0.10,0.02"
    valid_days: int = 365
    allow_training_data: bool = False
    dry_run: bool = False
    as_json: bool = False
    home: Path
    weights: Path | None = None


def run(manifests: Sequence[str], wish: Wish) -> None:
    """Score, fit, print and store.

    Raises:
        CommandFailed: the weights are missing; the wish or a table is wrong (exit code 2); the items are too few, of
            one class, or those that the detector learned from.
    """
    method, wanted = _method(wish.method), _rates(wish.false_alarms)
    weights = wish.weights or DetectSettings().weights or weights_folder(wish.home)
    card, found = registry.card(wish.detector), registry.availability(wish.detector, weights)
    if found.weights_sha256 is None:
        why = "random weights cannot be calibrated, because their scores say nothing"
        raise CommandFailed(f"{wish.detector} has no trained weights here, and {why}. {found.detail}")
    gathered = _gathered(manifests, wish, weights, found.weights_sha256)
    _require_unlearned(wish, gathered, found.weights_sha256)
    at = datetime.now(UTC).replace(microsecond=0)
    try:
        fitted = fit_best(
            gathered.items,
            name=f"{wish.detector}-{at:%Y-%m-%d}-{data_sha256_of(gathered.items)[:8]}",
            fitted_on=_told(manifests, wish),
            at=at,
            method=method,
            valid_days=wish.valid_days,
            weights_sha256=found.weights_sha256,
        )
    except (TooLittleToFit, SharedIdentities) as why:
        raise CommandFailed(f"{wish.detector} cannot be calibrated on this. {why}") from why
    stored = stored_of(card, fitted, wanted)
    place = None if wish.dry_run else write(stored, weights)
    _tell(stored, fitted, gathered, place, wish)


def stored_of(card: DetectorCard, fitted: FittedCalibration, wanted: tuple[float, float]) -> StoredCalibration:
    """What is kept of a fit: with it the two limits, chosen where no curve saw the identity that it judges."""
    alarming = _alarming(fitted)
    lower, upper = (alarming.at(rate) for rate in wanted)
    is_split = any(item.split == REPORT_SPLIT for item in fitted.held_out)
    where = f"the split {REPORT_SPLIT}" if is_split else "each judged by a curve fitted without its identity"
    chosen_by = (
        f"lowest limits that at most {lower.wanted:.1%} (lower) and {upper.wanted:.1%} (upper) of {lower.items} "
        f"genuine items of {lower.sources} sources reach ({where}); at 95 % confidence the rates are at most "
        f"{lower.bound:.1%} and {upper.bound:.1%}; probabilities under a prior of {DEFAULT_POLICY.prior:g}"
    )
    return StoredCalibration(
        detector=card.spec.name,
        version=card.spec.version,
        calibration=fitted.calibration,
        thresholds=Thresholds(lower=lower.limit, upper=upper.limit, chosen_by=chosen_by),
        lower=lower,
        upper=upper,
        reported_on=fitted.reported_on,
        honesty=tuple(_honesty(fitted, name) for name in FIGURES),
        command=shlex.join(["telltale", *sys.argv[1:]]),
    )


def _method(word: str) -> Method | None:
    if word == AUTO:
        return None
    for method in get_args(Method):
        if method == word:
            return method
    raise CommandFailed(f"{word!r} is no method; there are {AUTO}, {', '.join(get_args(Method))}.", exit_code=BAD_INPUT)


def _rates(text: str) -> tuple[float, float]:
    try:
        lower, upper = map(float, text.split(","))
    except ValueError:
        lower, upper = 0.0, 1.0
    if not 0.0 < upper <= lower < 1.0:
        told = "the rate of the lower limit and then the smaller one of the upper limit, such as 0.10,0.02"
        raise CommandFailed(f"False alarms are two shares, {told}; got {text!r}.", exit_code=BAD_INPUT)
    return lower, upper


def _gathered(manifests: Sequence[str], wish: Wish, weights: Path, weights_sha256: str) -> Gathered:
    if bool(manifests) == bool(wish.scores):
        raise CommandFailed("Name either manifests to score or a table with --scores.", exit_code=BAD_INPUT)
    if wish.scores:
        return scored_table(wish.scores, wish.detector, weights_sha256)
    return scored_files(asked_items(manifests), wish.detector, weights, wish.home, reencode=wish.reencode)


def _require_unlearned(wish: Wish, gathered: Gathered, weights_sha256: str) -> None:
    from telltale.calibrate_overlap import learned_from, settings_behind

    learned = learned_from(settings_behind(wish.detector, weights_sha256), gathered)
    if not learned:
        return
    more = f" and {len(learned) - _NAMED} more" if len(learned) > _NAMED else ""
    told = f"{wish.detector} learned from {', '.join(learned[:_NAMED])}{more}"
    if not wish.allow_training_data:
        why = "on what it learned from it looks surer than it is"
        raise CommandFailed(f"{told}; {why}. Leave them out, or insist with --allow-training-data.")
    say(f"{told}; the calibration will be too sure.")


def _told(manifests: Sequence[str], wish: Wish) -> str:
    what = str(wish.scores.name) if wish.scores else ", ".join(Path(one).name for one in manifests)
    return f"{what}{', with re-encoded copies' if wish.reencode else ''}"


def _alarming(fitted: FittedCalibration) -> Alarming:
    p = fitted.probabilities(prior=DEFAULT_POLICY.prior)
    sources = [item.group for item in fitted.held_out if not item.manipulated]
    return Alarming(genuine=p[~fitted.truths], sources=sources, manipulated=p[fitted.truths])


def _honesty(fitted: FittedCalibration, name: str) -> Honesty:
    before, after = fitted.before[name], fitted.after[name]
    return Honesty(
        name=name,
        before=before.value,
        before_limits=before.limits,
        after=after.value,
        after_limits=after.limits,
    )


def _tell(
    stored: StoredCalibration, fitted: FittedCalibration, gathered: Gathered, place: Path | None, wish: Wish
) -> None:
    for note in (*gathered.notes, *(f"{n} items have no score: {why}." for why, n in gathered.skipped.items())):
        say(note)
    if wish.as_json:
        extras = {
            "compared": [asdict(one) for one in fitted.compared],
            "skipped": dict(gathered.skipped),
            "reliability": {
                "before": [asdict(one) for one in fitted.reliability_before()],
                "after": [asdict(one) for one in fitted.reliability_after()],
            },
            "file": str(place) if place else None,
        }
        say_json({**stored.model_dump(mode="json"), **extras})
    else:
        calibrate_shown.show(stored, fitted)
    expiry = stored.calibration.expires_at.date().isoformat()
    if place:
        say(f"Wrote {place}; it holds until {expiry}. A pipeline that runs takes it up when it is started anew.")
    else:
        say(f"Nothing was written. It would hold until {expiry}.")
