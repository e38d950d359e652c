"""Two numbers of items in; the processor time of each view of the pages over so many, and their ratio, out."""

import logging
import math
import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.table import Table

from contracts.settings import DashboardSettings
from dashboard.item_pages import cursor_of
from dashboard.item_question import Order
from dashboard.projection import Tab
from dashboard.read_model import ReadModelWriter, open_engine, url_of
from telltale.bench_items import REVIEWERS, fill, uploaded_of
from telltale.errors import CommandFailed
from telltale.terminal import err, out, say_json

MOST_RATIO = 3.0
_PATIENCE_S = 120
_BROKEN = ("could not be drawn", "cannot be reached")


@dataclass(frozen=True)
class View:
    """One look at a page; ``{…}`` in its address stands for something that the read model has."""

    name: str
    page: str = "inbox"
    address: Mapping[str, str] = field(default_factory=dict)


VIEWS = (
    View("inbox, newest"),
    *(View(f"inbox, tab {tab.value}", address={"tab": tab.value}) for tab in Tab),
    View("inbox, search, one item", address={"q": "{rare}"}),
    View("inbox, search, every item", address={"q": "mp4"}),
    View("inbox, search, every fifth", address={"q": "interview"}),
    View("inbox, search, none", address={"q": "nowhere"}),
    View("inbox, pictures", address={"kind": "image"}),
    View("inbox, one day", address={"from": "2026-01-01", "to": "2026-01-01"}),
    View("inbox, one source", address={"source": "desk/"}),
    View("inbox, one detector", address={"detector": "telltale"}),
    View("inbox, not reviewed", address={"reviewed": "no"}),
    View("inbox, one reviewer", address={"reviewed": f"by:{REVIEWERS[0]}"}),
    View("inbox, oldest", address={"sort": "oldest"}),
    View("inbox, strongest", address={"sort": "strongest"}),
    View("inbox, next page in the middle", address={"after": "{middle}"}),
    View("inbox, page before the middle", address={"before": "{middle}"}),
    View("item", "item", address={"item": "{item}"}),
    View("compare", "compare"),
    View("submit", "submit"),
    View("detectors", "catalogue"),
    View("guide", "guide"),
    View("pipeline", "pipeline"),
    View("queues and dead letters", "queues"),
    View("workers and cost", "workers"),
    View("outputs", "outputs"),
    View("health", "health"),
    View("evaluation", "evaluations"),
    View("calibration and policy", "policy"),
    View("drift and disagreement", "drift"),
    View("label queue", "labels"),
    View("experiments", "experiments"),
)


@dataclass(frozen=True)
class Times:
    """Milliseconds of processor time that one view took, over each of both read models."""

    small: tuple[float, ...]
    large: tuple[float, ...]

    @property
    def ratio(self) -> float:
        return p95(self.large) / p95(self.small)


def run(small: int, large: int, *, rounds: int, as_json: bool) -> int:
    """Print median and 95th percentile of each view over both; 1 where one takes more than three times as long.

    Raises:
        CommandFailed: a page could not be drawn.
    """
    with tempfile.TemporaryDirectory(prefix="telltale-bench-pages-") as folder:
        with err.status("Filling read models"):
            homes = [_filled(Path(folder, name), size) for name, size in (("small", small), ("large", large))]
        with err.status("Drawing pages") as status, _quiet(), _on_loopback():
            found = {}
            for view in VIEWS:
                status.update(f"Drawing {view.name}")
                found[view.name] = _measured(view, homes, rounds)
    _print(found, (small, large), as_json=as_json)
    return 1 if any(times.ratio > MOST_RATIO for times in found.values()) else 0


def p95(times_ms: tuple[float, ...]) -> float:
    """The 95th percentile: the least time that 95 % do not exceed."""
    return sorted(times_ms)[math.ceil(0.95 * len(times_ms)) - 1]


@dataclass(frozen=True)
class _Home:
    """A deployment without a pipeline; ``places`` are what views ask for by name."""

    environment: Mapping[str, str]
    places: Mapping[str, str]


def _filled(folder: Path, size: int) -> _Home:
    settings = DashboardSettings(home=folder, bucket=str(folder / "in"), work_bucket=str(folder / "work"))
    for needed in (folder / "in", folder / "work"):
        needed.mkdir(parents=True)
    engine = open_engine(url_of(settings))
    fill(engine, size)
    ReadModelWriter(engine).beat()
    engine.dispose()
    middle = uploaded_of(size // 2)
    row = {"arrived_at_s": middle.received_at.timestamp(), "media_id": middle.media_id}
    place = cursor_of(row, Order.NEWEST)
    environment = {
        "TELLTALE_HOME": str(folder),
        "TELLTALE_BUCKET": settings.bucket,
        "TELLTALE_WORK_BUCKET": settings.work_bucket,
        "TELLTALE_READ_MODEL_URL": url_of(settings),
    }
    return _Home(environment, {"middle": place, "rare": f"n{size // 3:06d}.", "item": middle.media_id})


def _measured(view: View, homes: list[_Home], rounds: int) -> Times:
    """Both read models take turns, so that whatever else the machine does meets both."""
    apps = [_app(view, home) for home in homes]
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds + 1):
        for home, app, seen in zip(homes, apps, times, strict=True):
            seen.append(_timed(view, home, app))
    # The first one warms up what is made once.
    return Times(tuple(times[0][1:]), tuple(times[1][1:]))


def _app(view: View, home: _Home) -> Any:
    from streamlit.testing.v1 import AppTest

    address = {name: value.format(**home.places) for name, value in view.address.items()}
    call = f"draw({address['item']!r})" if view.page == "item" else "draw()"
    app = AppTest.from_string(
        f"from dashboard.views import {view.page}\n{view.page}.{call}\n", default_timeout=_PATIENCE_S
    )
    for name, value in address.items():
        app.query_params[name] = value
    return app


def _timed(view: View, home: _Home, app: Any) -> float:
    os.environ.update(home.environment)
    # Pages and database run in this process: its processor time is theirs, whoever else uses the machine.
    began_s = time.process_time()
    app.run()
    took_ms = (time.process_time() - began_s) * 1e3
    broken = [one.value for one in (*app.exception, *app.warning) if any(word in str(one.value) for word in _BROKEN)]
    if app.exception or broken:
        raise CommandFailed(f"The page {view.name} could not be drawn: {[*app.exception, *broken]}")
    return took_ms


@contextmanager
def _quiet() -> Iterator[None]:
    """Streamlit warns that there is no browser; the environment is put back as it was."""
    before, environment = logging.root.manager.disable, dict(os.environ)
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
        os.environ.clear()
        os.environ.update(environment)


@contextmanager
def _on_loopback() -> Iterator[None]:
    """Pages let nobody in without a key unless their server listens on loopback only."""
    from streamlit import config

    before = config.get_option("server.address")
    config.set_option("server.address", "127.0.0.1")
    try:
        yield
    finally:
        config.set_option("server.address", before)


def _print(found: Mapping[str, Times], sizes: tuple[int, int], *, as_json: bool) -> None:
    if as_json:
        for name, times in found.items():
            both = dict(zip(sizes, (times.small, times.large), strict=True))
            p50s = {size: round(p50(taken), 2) for size, taken in both.items()}
            p95s = {size: round(p95(taken), 2) for size, taken in both.items()}
            say_json({"view": name, "p50_ms": p50s, "p95_ms": p95s, "ratio": round(times.ratio, 2)})
        return
    table = Table(box=None, pad_edge=False)
    for head in ("view", *(f"{size} items, p50, p95" for size in sizes), "ratio"):
        table.add_column(head, no_wrap=True)
    for name, times in found.items():
        mark = f" over {MOST_RATIO:g}" if times.ratio > MOST_RATIO else ""
        numbers = [f"{p50(taken):.1f}, {p95(taken):.1f} ms" for taken in (times.small, times.large)]
        table.add_row(name, *numbers, f"{times.ratio:.2f}{mark}")
    out.print(table)


def p50(times_ms: tuple[float, ...]) -> float:
    """The median."""
    return sorted(times_ms)[(len(times_ms) - 1) // 2]
