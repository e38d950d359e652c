"""``telltale evaluate``: labelled files in; how much the detectors' scores are worth out, as page, JSON and table."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.table import Table

from contracts.settings import AggregateSettings, DetectSettings, ExtractSettings
from contracts.vocabulary import Verdict
from detectors.evaluation.comparison import NotAReport, comparison_of, read_report
from detectors.evaluation.copy_sets import UnknownCopy, copies_named
from detectors.evaluation.page import page_of
from detectors.evaluation.robustness import robustness_of
from detectors.evaluation.score_table import ScoreRow, write_csv
from detectors.evaluation.summary import Rules, summary_of
from stream_processors.policy import Policy
from telltale.deployment import detectors_of
from telltale.detector_commands import weights_folder
from telltale.errors import CommandFailed
from telltale.evaluate_cache import ScoreCache, made_with
from telltale.evaluate_facts import Setup, facts_of, thresholds_in
from telltale.evaluate_items import BAD_INPUT, Asked, asked_for
from telltale.evaluate_scoring import Scoring
from telltale.scan import Scanner, is_memory_short
from telltale.terminal import out, say, say_json

PAGE, REPORT, SCORES = "report.html", "report.json", "scores.csv"
_SHOWN = {"auc": "AUC", "eer": "EER", "tpr_at_fpr_5": "TPR at 5%", "log_loss": "LogLoss", "ece": "ECE"}


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


def run(arguments: Sequence[str], wish: Wish) -> None:
    """Score, summarise, write the report and print its headline.

    Raises:
        CommandFailed: a manifest, the earlier report or a copy's name is wrong (exit code 2), or no detector has one
            of the names.
    """
    asked = asked_for(arguments, wish.split)
    earlier = _earlier(wish)
    setup = _setup(wish)
    facts = {**facts_of(asked, setup), **_options(wish)}
    rows = _scored(asked, setup, wish)
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
        raise CommandFailed(str(why), exit_code=BAD_INPUT) from why


def _setup(wish: Wish) -> Setup:
    """The detectors, weights, settings and policy that ``telltale scan`` would have here."""
    given = DetectSettings()
    return Setup(
        names=tuple(detectors_of(wish.detectors).split(",")),
        weights=wish.weights or given.weights or weights_folder(wish.home),
        detect=given.model_copy(update={"allow_untrained": given.allow_untrained or wish.random_weights}),
        policy=Policy.of(AggregateSettings()),
    )


def _options(wish: Wish) -> dict[str, Any]:
    return {
        "split": wish.split,
        "copies": list(wish.robustness),
        "copied_files": wish.limit if wish.robustness else 0,
        "rounds": wish.rounds,
        "seed": wish.seed,
    }


def _scored(asked: Asked, setup: Setup, wish: Wish) -> list[ScoreRow]:
    names, weights, detect, extract = setup.names, setup.weights, setup.detect, ExtractSettings()
    made = made_with(names, weights=weights, detect=detect, extract=extract)
    cache = ScoreCache(wish.home / "evaluation-scores", made)
    one_by_one = is_memory_short(names, weights, detect)
    with Scanner(names, weights=weights, detect=detect, extract=extract, one_at_a_time=one_by_one) as scanner:
        scoring = Scoring(
            scanner, cache, names, policy=setup.policy, weights=weights, fresh=wish.fresh, faces=scanner.faces
        )
        rows = scoring.rows(asked.items)
        if wish.robustness:
            rows += scoring.rows_of_copies(asked.items, wish.robustness, limit=wish.limit, seed=wish.seed)
    say(f"{scoring.from_cache} of {scoring.files} files were scored before.")
    return rows


def _report(rows: Sequence[ScoreRow], facts: Mapping[str, Any], wish: Wish) -> dict[str, Any]:
    say("Summing up")
    rules = Rules(thresholds=thresholds_in(facts), rounds=wish.rounds, seed=wish.seed)
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
