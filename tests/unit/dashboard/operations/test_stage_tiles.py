"""A tile says what was measured, and says so when nothing was."""

from pathlib import Path

import pytest

from dashboard.operations.cost import StagePace, estimate, paces
from dashboard.operations.metric_pages import Look, Series
from dashboard.operations.samples import Failure, Samples
from dashboard.operations.stage_tiles import Health, tile_of
from dashboard.read_model import open_engine

NOW = 1_000_000.0


@pytest.fixture
def samples(tmp_path: Path) -> Samples:
    return Samples(open_engine(f"sqlite:///{tmp_path / 'model.sqlite'}"))


def a_look(at_s: float, done: float, *, lag: float = 0.0, parked: float = 0.0, blown: float = 0.0) -> Look:
    stage = ("stage", "extract")
    return Look(
        at_s,
        {
            Series("telltale_events_total", (("outcome", "done"), stage)): done,
            Series("telltale_dead_letters_total", (("reason", "poison_message"), stage)): parked,
            Series("telltale_stage_seconds_bucket", (("le", "1.0"), stage)): done,
            Series("telltale_stage_seconds_bucket", (("le", "+Inf"), stage)): done,
            Series("telltale_stage_seconds_sum", (stage,)): done * 0.4,
            Series("telltale_consumer_lag_messages", (("group", "telltale.extract"), ("topic", "t"))): lag,
            Series("telltale_fuse_blown", (stage,)): blown,
            Series("process_resident_memory_bytes"): 64.0 * 2**20,
        },
    )


def test_a_working_process_is_told_in_rates(samples: Samples):
    for minute in range(11):
        samples.add("extract", a_look(NOW - 600.0 + 60.0 * minute, 30.0 * minute, lag=4.0, parked=float(minute > 5)))
    tile = tile_of("extract", samples, now_s=NOW)
    assert tile.health is Health.WORKING
    assert tile.per_minute == pytest.approx(30.0)
    assert tile.p50_s == pytest.approx(0.5)
    assert (tile.parked, tile.waiting, tile.memory_mib) == (1.0, 4.0, 64.0)
    assert sum(tile.sparks) / len(tile.sparks) == pytest.approx(30.0)


def test_a_process_without_work_is_idle_and_has_no_times(samples: Samples):
    for at_s in (NOW - 10.0, NOW):
        samples.add("extract", a_look(at_s, 5.0))
    tile = tile_of("extract", samples, now_s=NOW)
    assert tile.health is Health.IDLE
    assert tile.per_minute == 0.0
    assert tile.p50_s is None


def test_one_that_stopped_itself_or_does_not_answer_says_so(samples: Samples):
    samples.add("extract", a_look(NOW - 5.0, 5.0, blown=1.0))
    assert tile_of("extract", samples, now_s=NOW).health is Health.STOPPED_ITSELF
    samples.add("extract", Failure(NOW, "ConnectionRefusedError"))
    silent = tile_of("extract", samples, now_s=NOW)
    assert (silent.health, silent.why, silent.per_minute) == (Health.SILENT, "ConnectionRefusedError", None)


def test_one_that_nobody_looked_at_is_unknown_and_not_idle(samples: Samples):
    assert tile_of("detect", samples, now_s=NOW).health is Health.UNKNOWN
    samples.add("extract", a_look(NOW - 100.0, 5.0))
    assert tile_of("extract", samples, now_s=NOW).health is Health.UNKNOWN


def test_an_estimate_rests_on_measured_seconds_and_the_slowest_stage():
    found = paces({"extract": a_look(0.0, 0.0)}, {"extract": a_look(60.0, 20.0)})
    assert [(pace.stage, pace.files) for pace in found] == [("extract", 20)]
    assert found[0].seconds_per_file == pytest.approx(0.4)
    both = [*found, StagePace(stage="detect", seconds_per_file=1.0, files=20)]
    told = estimate(both, files=3600, workers={"extract": 1, "detect": 2}, price_per_hour=3.0)
    assert (told.hours, told.limit) == (0.5, "detect")
    assert told.price == pytest.approx(0.5 * 3 * 3.0)
    assert told.busy == {"extract": pytest.approx(0.8), "detect": 1.0}


def test_without_a_measurement_there_is_no_estimate():
    assert paces({"extract": a_look(0.0, 3.0)}, {"extract": a_look(60.0, 3.0)}) == []
    with pytest.raises(ValueError, match="nothing was measured"):
        estimate([], files=1, workers={}, price_per_hour=0.0)
    with pytest.raises(ValueError, match="at least one worker"):
        estimate([StagePace(stage="detect", seconds_per_file=1.0, files=1)], files=1, workers={}, price_per_hour=1.0)
