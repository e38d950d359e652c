"""Too many dead letters in too short a time stop a stage until somebody says go on."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from contracts.errors import TooManyDeadLetters
from contracts.settings import ProcessSettings
from contracts.vocabulary import Stage
from ingest.fuse import FOLDER, BlownFuse, DeadLetterBudget, Fuse, blown_fuses, clear, this_process
from ingest.telemetry import metric


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def gauge(stage: Stage) -> float:
    return metric("telltale_fuse_blown").labels(stage=stage)._value.get()


def test_more_than_so_many_within_the_time_are_too_many():
    clock = Clock()
    budget = DeadLetterBudget(most=3, within_s=10.0, clock=clock)
    for clock.now_s in (0.0, 4.0, 8.0, 10.5, 14.5):
        budget.record(parked=True)
    clock.now_s = 15.0
    with pytest.raises(TooManyDeadLetters, match="4 messages were parked within 10 s"):
        budget.record(parked=True)


def test_what_went_through_stops_nothing():
    budget = DeadLetterBudget(window=4, share=0.2, most=1)
    budget.record(parked=True)
    for _ in range(10):
        budget.record(parked=False)


def test_a_blown_fuse_is_seen_and_an_operator_mends_it(tmp_path: Path):
    fuse = Fuse.of(Stage.EXTRACT, ProcessSettings(home=tmp_path, fuse_letters=2))
    assert [fuse.blows(parked=True) for _ in range(3)] == [False, False, True]
    assert fuse.is_blown
    assert gauge(Stage.EXTRACT) == 1
    (blown,) = blown_fuses(tmp_path)
    assert (blown.stage, blown.process) == (Stage.EXTRACT, this_process())
    assert clear(tmp_path, Stage.DETECT) == []
    assert clear(tmp_path, Stage.EXTRACT) == [blown]
    fuse.wait(threading.Event())
    assert gauge(Stage.EXTRACT) == 0
    assert not fuse.blows(parked=True)


def test_waiting_ends_with_the_process(tmp_path: Path):
    fuse = Fuse.of(Stage.PROJECT, ProcessSettings(home=tmp_path, fuse_letters=1))
    fuse.blows(parked=True)
    fuse.blows(parked=True)
    stop = threading.Event()
    stop.set()
    fuse.wait(stop)
    assert fuse.is_blown


def test_zero_switches_it_off(tmp_path: Path):
    fuse = Fuse.of(Stage.DETECT, ProcessSettings(home=tmp_path, fuse_letters=0))
    assert not any(fuse.blows(parked=True) for _ in range(500))


def test_a_restart_clears_the_fuse_of_a_process_that_is_gone_and_no_other(tmp_path: Path):
    host = this_process().rpartition(":")[0]
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    for process in (f"{host}:{gone.pid}", f"{host}:1", "elsewhere:1"):
        blown = BlownFuse.model_validate(
            {"stage": "extract", "why": "x", "process": process, "blown_at": "2026-01-01T00:00:00Z"}
        )
        (tmp_path / FOLDER).mkdir(exist_ok=True)
        (tmp_path / FOLDER / f"extract-{process.replace(':', '-')}.json").write_text(blown.model_dump_json())
    Fuse.of(Stage.EXTRACT, ProcessSettings(home=tmp_path))
    assert {one.process for one in blown_fuses(tmp_path)} == {f"{host}:1", "elsewhere:1"}
    assert len(clear(tmp_path)) == 2
