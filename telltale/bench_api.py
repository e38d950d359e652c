"""Two numbers of items in; the processor time of each operation of the API over so many, and their ratio, out."""

import asyncio
import math
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from rich.table import Table

from dashboard.api.app import create_app
from dashboard.api.settings import ApiSettings
from dashboard.read_model import open_engine, url_of
from telltale.bench_items import fill, uploaded_of
from telltale.terminal import err, out, say_json

MOST_RATIO = 3.0


@dataclass(frozen=True)
class Operation:
    """One request that is measured; ``{…}`` in its address stands for something that the read model has."""

    name: str
    address: str


OPERATIONS = (
    Operation("list, newest", "/v1/items"),
    Operation("list, page in the middle", "/v1/items?cursor={middle}"),
    Operation("list, strongest", "/v1/items?sort=strongest"),
    Operation("list, one tab", "/v1/items?tab=some"),
    Operation("list, one kind", "/v1/items?kind=image"),
    Operation("search, one item", "/v1/items?q={rare}"),
    Operation("search, every item", "/v1/items?q=mp4"),
    Operation("search, none", "/v1/items?q=nowhere"),
    Operation("list, one source", "/v1/items?source=desk/"),
    Operation("list, one detector", "/v1/items?detector=telltale"),
    Operation("list, not reviewed", "/v1/items?reviewed=false"),
    Operation("counts of the tabs", "/v1/items/counts"),
    Operation("counts, search, every item", "/v1/items/counts?q=mp4&exact=false"),
    Operation("one item", "/v1/items/{item}"),
    Operation("its verdict", "/v1/items/{item}/verdict"),
    Operation("its history", "/v1/items/{item}/history"),
    Operation("its detectors", "/v1/items/{item}/detectors"),
    Operation("its tracks", "/v1/items/{item}/tracks"),
    Operation("verdict events", "/v1/verdicts?after={change}"),
    Operation("detectors", "/v1/detectors"),
    Operation("pipeline", "/v1/pipeline"),
    Operation("policy", "/v1/policy"),
    Operation("dead letters", "/v1/dead-letters"),
)


def run(small: int, large: int, *, rounds: int, as_json: bool) -> int:
    """Print the 95th percentile of each operation over both; 1 where one takes more than three times as long."""
    with tempfile.TemporaryDirectory(prefix="telltale-bench-api-") as folder, err.status("Filling read models"):
        found = asyncio.run(_measured(Path(folder), (small, large), rounds))
    over = [name for name, times in found.items() if times[1] > MOST_RATIO * times[0]]
    if as_json:
        for name, (first, second) in found.items():
            say_json({"operation": name, "p95_ms": {small: first, large: second}, "ratio": round(second / first, 2)})
    else:
        table = Table("operation", f"{small} items, p95", f"{large} items, p95", "ratio", box=None, pad_edge=False)
        for name, (first, second) in found.items():
            mark = f" over {MOST_RATIO:g}" if name in over else ""
            table.add_row(name, f"{first:.1f} ms", f"{second:.1f} ms", f"{second / first:.2f}{mark}")
        out.print(table)
    return 1 if over else 0


async def _measured(folder: Path, sizes: tuple[int, int], rounds: int) -> dict[str, tuple[float, float]]:
    """Milliseconds by operation; both sizes take turns, so that whatever else the machine does meets both."""
    apps = [create_app(_filled(folder / str(size), size), deliver=False) for size in sizes]
    clients = [
        httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://127.0.0.1", timeout=120)
        for app in apps
    ]
    places = [await _places(client, size) for client, size in zip(clients, sizes, strict=True)]
    found = {}
    for operation in OPERATIONS:
        times: tuple[list[float], list[float]] = ([], [])
        for _ in range(rounds + 1):
            for client, place, seen in zip(clients, places, times, strict=True):
                seen.append(await _timed(client, operation.address.format(**place)))
        # The first one warms up what is made once.
        found[operation.name] = (_p95(times[0][1:]), _p95(times[1][1:]))
    for client, app in zip(clients, apps, strict=True):
        await client.aclose()
        app.state.context.close()
    return found


async def _timed(client: httpx.AsyncClient, address: str) -> float:
    # Server and database run in this process: its processor time is theirs, whoever else uses the machine.
    began_s = time.process_time()
    (await client.get(address)).raise_for_status()
    return (time.process_time() - began_s) * 1e3


def _p95(times_ms: list[float]) -> float:
    return sorted(times_ms)[math.ceil(0.95 * len(times_ms)) - 1]


async def _places(client: httpx.AsyncClient, size: int) -> Mapping[str, Any]:
    from dashboard.api.cursors import cursor_of

    middle = uploaded_of(size // 2)
    place = cursor_of("newest", middle.received_at.timestamp(), middle.media_id)
    return {"middle": place, "rare": f"n{size // 3:06d}.", "item": middle.media_id, "change": size // 2}


def _filled(home: Path, size: int) -> ApiSettings:
    settings = ApiSettings(
        home=home, bucket=str(home / "in"), work_bucket=str(home / "work"), api_requests_per_minute=0
    )
    engine = open_engine(url_of(settings))
    fill(engine, size)
    engine.dispose()
    return settings
