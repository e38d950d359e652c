"""``telltale evaluate``: labelled files in; how much the detectors' scores are worth out, as page, JSON and table."""

import json
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from platform import platform, python_version
from typing import Any

from rich.table import Table

import detectors as registry
from contracts.settings import DetectSettings, ExtractSettings
from contracts.vocabulary import Verdict
from detectors.calibration.stored import card_in_force
from detectors.evaluation.comparison import NotAReport, comparison_of, read_report
from detectors.evaluation.copy_sets import UnknownCopy, copies_named
from detectors.evaluation.manifest import LABELS, Item, ManifestError, items_of, read_manifest, sha256_of
from detectors.evaluation.page import page_of
from detectors.evaluation.robustness import robustness_of
from detectors.evaluation.score_table import FUSION, ScoreRow, write_csv
from detectors.evaluation.summary import RAW_THRESHOLD, Rules, summary_of
from stream_processors.gates import thresholds_of
from stream_processors.judgement import DEFAULT_POLICY, members_of
from telltale.deployment import detectors_of
from telltale.detector_commands import weights_folder
from telltale.errors import CommandFailed
from telltale.evaluate_cache import ScoreCache, made_with
from telltale.evaluate_scoring import Scoring
from telltale.paths import files_of
from telltale.scan import Scanner, is_memory_short
from telltale.terminal import out, say, say_json

BAD_MANIFEST = 2
PAGE, REPORT, SCORES = "report.html", "report.json", "scores.csv"
_PACKAGES = ("telltale", "torch", "scikit-learn", "numpy", "av")
_SHOWN = {"auc": "AUC", "eer": "EER", "tpr_at_fpr_5": "TPR at 5%", "log_loss": "LogLoss", "ece": "ECE"}


_AGGREGATION = (
    "clips and frames of a face are pooled as the detector's card says and calibrated then; an item is its highest "
    "face; detectors are fused by weighted means of log likelihood ratios"
)


@dataclass(frozen=True, kw_only=True)
class Wish:
    """How to evaluate; ``folder`` takes the report, ``limit`` is the most files of the robustness grid.

    ``robustness`` are names of altered copies, ``against`` is an earlier report.
    """

    detectors: str | None
    folder: Path | None
    home: Path
    weights: Path | None
    random_weights: bool
    robustness: tuple[str, ...]
    against: Path | None
    limit: int
    split: str | None
    rounds: int
    seed: int
    fresh: bool
    as_json: bool


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """The items to evaluate, what named them, and the SHA-256 of that."""

    items: tuple[Item, ...]
    manifests: tuple[str, ...]
    sha256: str
    notes: tuple[str, ...]


def run(arguments: Sequence[str], wish: Wish) -> None:
    """Score, summarise, write the report and print its headline.

    Raises:
        CommandFailed: a manifest, the earlier report or a copy's name is wrong (exit code 2), or no detector has one
            of the names.
    """
    asked = _asked(arguments, wish.split)
    earlier = _earlier(wish)
    given = DetectSettings()
    detect = given.model_copy(update={"allow_untrained": given.allow_untrained or wish.random_weights})
    names = detectors_of(wish.detectors).split(",")
    weights = wish.weights or detect.weights or weights_folder(wish.home)
    facts = _facts(asked, names, weights, detect, wish)
    rows = _scored(asked, names, weights, detect, wish)
    report = _report(rows, facts, wish)
    report["against"] = comparison_of(report, earlier) if earlier else None
    folder = wish.folder or wish.home / "evaluations" / f"{datetime.now(UTC):%Y-%m-%d-%H%M%S}"
    _write(folder, report, rows)
    if wish.as_json:
        say_json(report)
    else:
        out.print(_table(report))
    say(f"Wrote {PAGE}, {REPORT} and {SCORES} into {folder}")


def _earlier(wish: Wish) -> dict[str, Any] | None:
    """The report to compare with, and a look at the names of copies, before hours are spent on scoring."""
    try:
        copies_named(wish.robustness, picture=False)
        return read_report(wish.against) if wish.against else None
    except (UnknownCopy, NotAReport) as why:
        raise CommandFailed(str(why), exit_code=BAD_MANIFEST) from why


def _asked(arguments: Sequence[str], split: str | None) -> _Asked:
    items: list[Item] = []
    texts: list[bytes] = []
    for argument in arguments:
        label, colon, place = argument.partition(":")
        if colon and label in LABELS and not Path(argument).exists():
            items += items_of(label, files_of([place]))
            continue
        try:
            items += read_manifest(Path(argument))
            texts.append(Path(argument).read_bytes())
        except ManifestError as why:
            raise CommandFailed(str(why), exit_code=BAD_MANIFEST) from why
    _require_each_once(items)
    kept = [item for item in items if split in (None, item.split)]
    if not kept:
        raise CommandFailed(f"No item is of the split {split!r}." if items else "No items.", exit_code=BAD_MANIFEST)
    digest = sha256_of(kept, texts)
    return _Asked(items=tuple(kept), manifests=tuple(arguments), sha256=digest, notes=tuple(_notes(items, kept)))


def _require_each_once(items: Sequence[Item]) -> None:
    seen: set[Path] = set()
    for item in items:
        place = item.path.resolve()
        if place in seen:
            raise CommandFailed(f"{item.path} is named more than once.", exit_code=BAD_MANIFEST)
        seen.add(place)


def _notes(items: Sequence[Item], kept: Sequence[Item]) -> list[str]:
    notes = []
    splits: dict[str, set[str]] = {}
    for item in items:
        splits.setdefault(item.source, set()).add(item.split)
    shared = sorted(source for source, its in splits.items() if len(its - {""}) > 1)
    if shared:
        notes.append(f"{len(shared)} sources are in more than one split, among them {shared[0]}.")
    if all(item.source == str(item.path) for item in kept):
        notes.append("No sources are named, so every file counts as a source of its own; intervals may be too narrow.")
    return notes


def _facts(asked: _Asked, names: Sequence[str], weights: Path, detect: DetectSettings, wish: Wish) -> dict[str, Any]:
    policy = DEFAULT_POLICY
    return {
        "command": shlex.join(["telltale", *sys.argv[1:]]),
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {"python": python_version(), **{name: version(name) for name in _PACKAGES}},
        "machine": f"{platform()}, {detect.device}",
        "scope": "manipulated faces in videos and pictures; sound, whole scenes and context are not judged",
        "aggregation": _AGGREGATION,
        "manifests": list(asked.manifests),
        "manifest_sha256": asked.sha256,
        "items": len(asked.items),
        "genuine": sum(item.label == 0 for item in asked.items),
        "manipulated": sum(item.label == 1 for item in asked.items),
        "sources": len({item.source for item in asked.items}),
        "split": wish.split,
        "policy_version": policy.policy_version,
        "thresholds": dict(zip(("lower", "upper"), _verdict_thresholds(names, weights), strict=True)),
        "copies": list(wish.robustness),
        "copied_files": wish.limit if wish.robustness else 0,
        "prior": policy.prior,
        "rounds": wish.rounds,
        "seed": wish.seed,
        "notes": list(asked.notes),
        "detectors": [_detector(name, weights, detect) for name in names],
    }


def _detector(name: str, weights: Path, detect: DetectSettings) -> dict[str, Any]:
    card, found = card_in_force(registry.card(name), weights), registry.availability(name, weights)
    fit = card.calibration if found.available else None
    return {
        "name": name,
        "version": card.spec.version,
        "weights_sha256": found.weights_sha256,
        "untrained": not found.available and detect.allow_untrained,
        "detail": found.detail,
        "calibration": fit.id if fit else None,
        "threshold": thresholds_of(members_of([name], weights), DEFAULT_POLICY)[1] if fit else RAW_THRESHOLD,
    }


def _verdict_thresholds(names: Sequence[str], weights: Path) -> tuple[float, float]:
    """Lower and upper threshold of all detectors that are counted together."""
    counted = [
        name
        for name in names
        if card_in_force(registry.card(name), weights).calibration and registry.availability(name, weights).available
    ]
    return thresholds_of(members_of(counted, weights), DEFAULT_POLICY)


def _thresholds(facts: Mapping[str, Any]) -> dict[str, float]:
    """The upper threshold of each detector by itself, and of the verdict."""
    alone = {one["name"]: one["threshold"] for one in facts["detectors"]}
    return {**alone, FUSION: facts["thresholds"]["upper"]}


def _scored(asked: _Asked, names: Sequence[str], weights: Path, detect: DetectSettings, wish: Wish) -> list[ScoreRow]:
    extract = ExtractSettings()
    made = made_with(names, weights=weights, detect=detect, extract=extract)
    cache = ScoreCache(wish.home / "evaluation-scores", made)
    one_by_one = is_memory_short(names, weights, detect)
    with Scanner(names, weights=weights, detect=detect, extract=extract, one_at_a_time=one_by_one) as scanner:
        scoring = Scoring(scanner, cache, names, fresh=wish.fresh, faces=scanner.faces, weights=weights)
        rows = scoring.rows(asked.items)
        if wish.robustness:
            rows += scoring.rows_of_copies(asked.items, wish.robustness, limit=wish.limit, seed=wish.seed)
    say(f"{scoring.from_cache} of {scoring.files} files were scored before.")
    return rows


def _report(rows: Sequence[ScoreRow], facts: Mapping[str, Any], wish: Wish) -> dict[str, Any]:
    say("Summing up")
    rules = Rules(thresholds=_thresholds(facts), rounds=wish.rounds, seed=wish.seed)
    robustness = robustness_of(rows, rules) if wish.robustness else None
    return {"facts": dict(facts), **summary_of(rows, rules), "robustness": robustness}


def _write(folder: Path, report: Mapping[str, Any], rows: Sequence[ScoreRow]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    facts = report["facts"]
    preamble = [
        f"{facts['command']}",
        f"made {facts['made_at']}, manifest SHA-256 {facts['manifest_sha256']}",
        ", ".join(f"{name} {number}" for name, number in facts["versions"].items()),
        *(f"{one['name']} {one['version']}, weights SHA-256 {one['weights_sha256']}" for one in facts["detectors"]),
    ]
    write_csv(rows, folder / SCORES, preamble=preamble)
    text = json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False)
    (folder / REPORT).write_text(text + "\n", encoding="utf-8")
    (folder / PAGE).write_text(page_of(report), encoding="utf-8")


def _table(report: Mapping[str, Any]) -> Table:
    items = report["levels"]["item"]
    facts = report["facts"]
    title = f"{facts['items']} items ({facts['genuine']} genuine, {facts['manipulated']} manipulated), 95 % intervals"
    table = Table("detector", "coverage", *_SHOWN.values(), title=title, box=None, pad_edge=False)
    untrained = {one["name"] for one in facts["detectors"] if one["untrained"]}
    for name, one in items.items():
        shown = [_cell(one["figures"].get(key)) for key in _SHOWN]
        table.add_row(f"{name}{chr(10) + 'untrained' if name in untrained else ''}", _cell(one["coverage"]), *shown)
    called = report["verdicts"]["genuine"].get(Verdict.LIKELY_MANIPULATED.value, 0)
    table.caption = f"{called} of {facts['genuine']} genuine items were called likely manipulated."
    return table


def _cell(figure: Mapping[str, Any] | None) -> str:
    if figure is None or figure["value"] is None:
        return "–"
    limits = "" if figure["low"] is None else f"\n{figure['low']:.2f}–{figure['high']:.2f}"
    return f"{figure['value']:.3f}{limits}"
