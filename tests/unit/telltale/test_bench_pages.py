"""The measurement of the pages draws every page over both read models, fails for a broken one, and leaves no trace."""

import json
import os

import pytest
from streamlit import config

from dashboard.views import guide
from telltale import bench_pages
from telltale.bench_pages import VIEWS, Times, View
from telltale.errors import CommandFailed

SOME = tuple(view for view in VIEWS if view.page in ("guide", "queues", "item") or "middle" in view.name)


def test_each_view_is_measured_over_both_and_nothing_is_left_changed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(bench_pages, "VIEWS", SOME)
    environment, address = dict(os.environ), config.get_option("server.address")
    assert bench_pages.run(12, 24, rounds=2, as_json=True) in (0, 1)
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["view"] for one in said] == [view.name for view in SOME]
    for one in said:
        assert set(one["p95_ms"]) == {"12", "24"}
        assert all(one["p95_ms"][size] >= one["p50_ms"][size] > 0 for size in ("12", "24"))
    assert (dict(os.environ), config.get_option("server.address")) == (environment, address)


def test_a_page_that_breaks_is_no_measurement(monkeypatch: pytest.MonkeyPatch):
    def broken() -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(bench_pages, "VIEWS", (View("guide", "guide"),))
    monkeypatch.setattr(guide, "draw", broken)
    with pytest.raises(CommandFailed, match="The page guide could not be drawn"):
        bench_pages.run(10, 10, rounds=1, as_json=True)


def test_many_items_may_take_three_times_as_long():
    assert Times(small=(1.0, 2.0), large=(5.0, 6.0)).ratio == 3.0
    assert bench_pages.p95(tuple(map(float, range(1, 101)))) == 95.0
    assert bench_pages.p50((3.0, 1.0, 2.0)) == 2.0


@pytest.mark.parametrize(("slow_ms", "status"), [(30.0, 0), (31.0, 1)])
def test_the_exit_status_tells_of_the_worst(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], slow_ms: float, status: int
):
    monkeypatch.setattr(bench_pages, "VIEWS", (View("guide", "guide"),))
    monkeypatch.setattr(bench_pages, "_measured", lambda *_: Times((10.0,), (slow_ms,)))
    assert bench_pages.run(10, 10, rounds=1, as_json=False) == status
    assert ("over 3" in capsys.readouterr().out) == (status == 1)
