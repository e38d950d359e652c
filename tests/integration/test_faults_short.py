"""A short run of faults on a whole deployment, in the order of a fixed seed; ``python -m tests.chaos`` runs many."""

from pathlib import Path

import pytest

from tests.chaos import faults
from tests.chaos.run import Plan, run

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(600)]
# How fast a killed worker is made up for depends on how fast this machine starts a process; what is lost does not.
_SLOW_MACHINE_S = 120.0


def test_a_deployment_loses_and_doubles_nothing(tmp_path: Path):
    chosen = [
        faults.killed("extract", "aggregate"),
        faults.unknown_version(),
        faults.broker_away(2.0),
        faults.said_in_disorder(),
        faults.read_model_gone(),
        faults.paused("detect", 2.0),
    ]
    plan = Plan(seed=7, items=24, faults=chosen, rate=1.0, within_s=_SLOW_MACHINE_S)
    told: list[str] = []
    report = run(tmp_path, plan, told.append)
    assert report.passed, "\n".join([*told, *report.lines()])
    assert report.items >= 24
    assert len(report.faults) == 6
