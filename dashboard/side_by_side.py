"""Two items in; the rows of a table that tells where they are alike and where not out."""

from dataclasses import dataclass
from datetime import UTC

from contracts.messages import MediaVerdict
from dashboard import wording
from dashboard.projection import ItemDocuments
from dashboard.view_models import file_facts

_OWN = ("Arrived", "Key", "Item")


@dataclass(frozen=True)
class Pair:
    """One thing said of both items."""

    name: str
    left: str
    right: str

    @property
    def differs(self) -> bool:
        return self.left != self.right


def pairs_of(left: ItemDocuments, right: ItemDocuments) -> list[Pair]:
    """What is said of both, verdicts first, then detectors, then files; a dash where one side has nothing."""
    told, facts = (_verdict(left), _verdict(right)), (_facts(left), _facts(right))
    return [*_paired(*told), *_paired(*facts)]


def summary_of(pairs: list[Pair]) -> str:
    """In one sentence what the table comes to."""
    checksums = [pair for pair in pairs if pair.name == "SHA-256"]
    names = [pair.name for pair in pairs if pair.differs and pair not in checksums]
    if checksums and not checksums[0].differs:
        return "Both are the same file, byte for byte."
    if not names:
        return "The files differ, but nothing that is told of them does."
    return f"They differ in {len(names)} of {len(pairs)} points: {', '.join(names)}."


def _paired(left: dict[str, str], right: dict[str, str]) -> list[Pair]:
    return [Pair(name, left.get(name, "–"), right.get(name, "–")) for name in dict.fromkeys((*left, *right))]


def _verdict(item: ItemDocuments) -> dict[str, str]:
    verdict = item.verdict
    if verdict is None:
        return {"Verdict": wording.LIFECYCLE_WORDS[item.lifecycle]}
    return {
        "Verdict": wording.headline(verdict.verdict, verdict.reasons),
        "Estimate": wording.frequency_range(verdict.probability) if verdict.probability else "no estimate",
        "Reasons": ", ".join(wording.REASON_WORDS[reason].short for reason in verdict.reasons) or "none",
        "People": str(len(verdict.tracks)),
        **_detectors(verdict),
        "Policy": verdict.policy_version,
    }


def _detectors(verdict: MediaVerdict) -> dict[str, str]:
    return {
        f"Detector {result.name}": wording.DETECTOR_STATUS_WORDS[result.status]
        if result.calibrated is None
        else wording.frequency(result.calibrated)
        for result in verdict.detectors
    }


def _facts(item: ItemDocuments) -> dict[str, str]:
    return {name: value for name, value in file_facts(item, UTC) if name not in _OWN}
