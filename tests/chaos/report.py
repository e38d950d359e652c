"""What happened to a deployment in; a table for people and one answer, passed or failed, out."""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class FaultResult:
    """One fault: seconds until every hit stage put out something new, by stage, and what must not have happened."""

    number: int
    name: str
    began_s: float
    recovered_s: dict[str, float] = field(default_factory=dict)
    never: tuple[str, ...] = ()
    passed_over: list[str] = field(default_factory=list)
    within_s: float | None = None
    load: float = 0.0
    in_flight: int = 0
    lost: int = 0
    doubled: int = 0

    @property
    def longest_s(self) -> float | None:
        return max(self.recovered_s.values(), default=None)

    @property
    def complaints(self) -> list[str]:
        """Why this fault is not survived; nothing where it is."""
        found = [f"{stage} did not go on" for stage in self.never]
        if self.within_s is not None and (self.longest_s or 0.0) > self.within_s:
            found.append(f"recovered after {self.longest_s:.1f} s, promised are {self.within_s:g} s")
        return found + self.passed_over


@dataclass
class Report:
    """A whole run."""

    seed: int
    items: int
    took_s: float
    faults: Sequence[FaultResult]
    lost: list[str]
    doubled: list[str]
    both: list[str]
    late: list[str]
    repeated: int
    unparked: list[str]
    not_shown: list[str]
    passed_over: list[str]
    restarts: dict[str, int]
    not_done: int = 0

    @property
    def complaints(self) -> list[str]:
        whole = (
            ("items without an end", self.lost),
            ("items with two final verdicts", self.doubled),
            ("items with a final verdict and a dead letter", self.both),
            ("items ended by the deadline", self.late),
            ("poison without its letters", self.unparked),
            ("items whose end the read model does not know", self.not_shown),
            ("offsets past unfinished work", self.passed_over),
        )
        found = [f"{len(items)} {what}: {', '.join(items[:5])}" for what, items in whole if items]
        found += [f"{self.not_done} faults were not done in the time"] if self.not_done else []
        return found + [f"fault {one.number} ({one.name}): {what}" for one in self.faults for what in one.complaints]

    @property
    def passed(self) -> bool:
        return not self.complaints

    def lines(self) -> list[str]:
        rows = [_row(one) for one in self.faults]
        return [
            f"{'no':>3}  {'fault':38} {'at s':>5} {'load':>5} {'in flight':>9} {'lost':>4} {'twice':>5} {'on in s':>8}",
            *rows,
            *_summary(self.faults),
            f"{self.items} items, {len(self.faults)} faults, {self.took_s:.0f} s, seed {self.seed}: "
            f"{len(self.lost)} lost, {len(self.doubled)} doubled finals, {self.repeated} final verdicts said again "
            f"with the same event_id; restarts {self.restarts}",
            *(f"FAILED: {what}" for what in self.complaints),
            "passed" if self.passed else "failed",
        ]


def _row(one: FaultResult) -> str:
    longest = "-" if one.longest_s is None else f"{one.longest_s:.1f}"
    by_stage = " ".join(f"{stage} {seconds:.1f}" for stage, seconds in one.recovered_s.items())
    return (
        f"{one.number:>3}  {one.name:38} {one.began_s:5.0f} {one.load:5.1f} {one.in_flight:>9} {one.lost:>4} "
        f"{one.doubled:>5} {longest:>8}  {by_stage}{''.join(f' {stage} NEVER' for stage in one.never)}"
    )


def _summary(faults: Sequence[FaultResult]) -> list[str]:
    by_kind: dict[str, list[float]] = {}
    for one in faults:
        if one.longest_s is not None:
            by_kind.setdefault(one.name, []).append(one.longest_s)
    lines = ["", f"{'kind':38} {'times':>5} {'least s':>8} {'most s':>8}"]
    return [
        *lines,
        *(f"{kind:38} {len(all_s):>5} {min(all_s):8.1f} {max(all_s):8.1f}" for kind, all_s in sorted(by_kind.items())),
        "",
    ]
