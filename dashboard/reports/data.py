"""An item in; its verdict event as JSON and its detectors as rows out, number for number as on the topic."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from contracts.messages import MediaVerdict
from dashboard.item_queries import Row
from dashboard.reviews import Label, Review

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
COLUMNS = (
    "media_id",
    "key",
    "sha256",
    "event_id",
    "lifecycle",
    "verdict",
    "reasons",
    "probability",
    "low",
    "high",
    "prior",
    "policy",
    "detector",
    "version",
    "weights",
    "status",
    "raw",
    "calibrated",
    "weight",
    "clips",
    "ms",
)


def as_json(verdict: MediaVerdict, *, history: Sequence[Row], reviews: Sequence[Review]) -> bytes:
    """The event as it was published under ``verdict``, what led to it, and what people said."""
    whole = {
        "verdict": verdict.model_dump(mode="json"),
        "history": [dict(row) for row in history],
        "reviews": [asdict(review) for review in reviews],
    }
    return (json.dumps(whole, ensure_ascii=False, indent=2) + "\n").encode("utf-8")


def as_csv(verdict: MediaVerdict) -> bytes:
    """One row for each detector; a score that there is not stays empty."""
    return _rows(COLUMNS, ({**_item(verdict), **_detector(result)} for result in verdict.detectors or (None,)))


def labels_csv(labels: Iterable[Label]) -> bytes:
    """What people concluded, as a manifest for ``telltale evaluate``."""
    head = ("path", "label", "sha256", "media_id", "reviewer", "reviewed_at_s", "basis", "before_verdict")
    return _rows(head, (asdict(label) for label in labels))


def _item(verdict: MediaVerdict) -> dict[str, Any]:
    probability = verdict.probability
    return {
        "media_id": verdict.media_id,
        "key": verdict.uploaded.key,
        "sha256": verdict.media.sha256,
        "event_id": verdict.event_id,
        "lifecycle": verdict.lifecycle.value,
        "verdict": verdict.verdict.value,
        "reasons": " ".join(verdict.reasons),
        "probability": probability.value if probability else None,
        "low": probability.low if probability else None,
        "high": probability.high if probability else None,
        "prior": probability.prior if probability else None,
        "policy": verdict.policy_version,
    }


def _detector(result: Any) -> dict[str, Any]:
    if result is None:
        return {}
    return {
        "detector": result.name,
        "version": result.version,
        "weights": result.weights_hash,
        "status": result.status.value,
        **{name: getattr(result, name) for name in ("raw", "calibrated", "weight", "clips", "ms")},
    }


def _rows(columns: Sequence[str], rows: Iterable[dict[str, Any]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, columns)
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _safe(row.get(name)) for name in columns})
    return out.getvalue().encode("utf-8")


def _safe(value: object) -> object:
    # A spreadsheet would run a file name that begins like a formula.
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
