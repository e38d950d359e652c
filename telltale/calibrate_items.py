"""Labelled files or a table of scores in; pooled raw scores with truth and identity out, and what was left out."""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import dropwhile, takewhile
from pathlib import Path

from contracts.settings import DetectSettings, ExtractSettings
from detectors.calibration.cross_fitting import LabelledScore
from detectors.evaluation.manifest import LABELS, Item
from stream_processors.policy import DEFAULT_POLICY
from telltale.errors import CommandFailed
from telltale.evaluate_items import BAD_INPUT, are_lonely

COPIES = ("quick",)
_NEEDED = ("raw", "label")
_WEIGHTS_LINE = re.compile(r"^#\s*(?P<name>\S+) \S+, weights SHA-256 (?P<sha256>[0-9a-f]{64})\s*$")


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """Scored items; ``skipped`` counts the others by reason, ``notes`` is what the reader should know.

    ``paths`` are those of the items, in their order, as a table or a manifest names them; a copy has that of its file.
    """

    items: tuple[LabelledScore, ...]
    paths: tuple[Path, ...]
    skipped: Mapping[str, int]
    notes: tuple[str, ...] = ()


def scored_files(items: Sequence[Item], name: str, weights: Path, home: Path, *, reencode: bool) -> Gathered:
    """Score the files as ``telltale evaluate`` does, and its re-encoded copies with them where ``reencode``."""
    from telltale.evaluate_cache import ScoreCache, made_with, sha256_of_file
    from telltale.evaluate_scoring import Scoring
    from telltale.scan import Scanner

    detect, extract = DetectSettings().model_copy(update={"allow_untrained": False}), ExtractSettings()
    cache = ScoreCache(home / "evaluation-scores", made_with([name], weights=weights, detect=detect, extract=extract))
    with Scanner([name], weights=weights, detect=detect, extract=extract) as scanner:
        scoring = Scoring(scanner, cache, [name], policy=DEFAULT_POLICY, weights=weights)
        rows = scoring.rows(items)
        if reencode:
            rows += scoring.rows_of_copies(items, COPIES, limit=len(items), seed=0)
    own = [row for row in rows if row.level == "item" and row.detector == name]
    scored = [row for row in own if row.raw is not None]
    contents = {path: sha256_of_file(Path(path)) for path in {row.path for row in scored}}
    return Gathered(
        items=tuple(
            LabelledScore(
                raw=row.raw or 0.0,
                manipulated=bool(row.label),
                group=row.source,
                split=row.split,
                file=f"{contents[row.path]} {row.variant}".strip(),
            )
            for row in scored
        ),
        paths=tuple(Path(row.path) for row in scored),
        skipped=Counter(row.reason or "no score" for row in own if row.raw is None),
        notes=("No sources are named, so every file counts as an identity of its own.",) if are_lonely(items) else (),
    )


def scored_table(table: Path, name: str, weights_sha256: str | None) -> Gathered:
    """The items of a CSV with the columns ``raw`` and ``label``, such as the ``scores.csv`` of ``telltale evaluate``.

    Where there are columns ``detector`` and ``level``, the item rows of this detector count; ``source`` is the
    identity, else ``path``, else each row is its own; ``split`` may be ``calibrate``, ``test`` or ``train``. Which file
    a row is about is told by ``sha256`` or else ``path``, and by ``variant``, as they stand there.

    Raises:
        CommandFailed: it cannot be read, has wrong rows, or was made with other weights (exit code 2).
    """
    try:
        lines = table.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as why:
        raise CommandFailed(f"{table} cannot be read: {why}", exit_code=BAD_INPUT) from why
    notes = _require_same_weights(takewhile(_is_remark, lines), name, weights_sha256, table)
    rows = csv.DictReader(dropwhile(_is_remark, lines))
    missing = [column for column in _NEEDED if column not in (rows.fieldnames or ())]
    if missing:
        raise CommandFailed(f"{table} has no column called {' or '.join(missing)}.", exit_code=BAD_INPUT)
    own = [(number, row) for number, row in enumerate(rows, start=1) if _is_own(row, name)]
    scored = [(number, row) for number, row in own if row["raw"]]
    return Gathered(
        items=tuple(_labelled(row, number, table) for number, row in scored),
        paths=tuple(table.parent / (row.get("path") or row.get("source") or "") for _, row in scored),
        skipped=Counter(row.get("reason") or "no score" for _, row in own if not row["raw"]),
        notes=tuple(notes),
    )


def _is_remark(line: str) -> bool:
    return line.startswith("#")


def _is_own(row: Mapping[str, str], name: str) -> bool:
    return row.get("detector", name) == name and row.get("level", "item") == "item"


def _labelled(row: Mapping[str, str], number: int, table: Path) -> LabelledScore:
    label = LABELS.get((row["label"] or "").strip().lower())
    try:
        raw = float(row["raw"])
    except ValueError:
        raw = -1.0
    if label is None or not 0.0 <= raw <= 1.0:
        told = f"{table}, row {number}: a raw score of 0 to 1 and a label of {', '.join(LABELS)} are needed"
        raise CommandFailed(f"{told}, got {row['raw']!r} and {row['label']!r}.", exit_code=BAD_INPUT)
    return LabelledScore(
        raw=raw,
        manipulated=bool(label),
        group=row.get("source") or row.get("path") or f"row {number}",
        split=row.get("split") or "",
        file=f"{row.get('sha256') or row.get('path') or ''} {row.get('variant') or ''}".strip(),
    )


def _require_same_weights(remarks: Iterable[str], name: str, weights_sha256: str | None, table: Path) -> list[str]:
    said = [found["sha256"] for line in remarks if (found := _WEIGHTS_LINE.match(line)) and found["name"] == name]
    if not said:
        return [f"{table.name} does not say which weights made it; it is taken for those that lie here."]
    if said[0] != weights_sha256:
        told = f"made with the weights {said[0][:8]} of {name}, those here are {str(weights_sha256)[:8]}"
        raise CommandFailed(f"{table} cannot calibrate them: it was {told}.", exit_code=BAD_INPUT)
    return []
