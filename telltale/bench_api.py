"""Two numbers of items in; the processor time of each operation of the API over so many, and their ratio, out."""

import asyncio
import math
import random
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
from rich.table import Table
from sqlalchemy import Engine, delete, insert

from contracts.messages import (
    DetectorResult,
    Ensemble,
    MediaFacts,
    MediaUploaded,
    MediaVerdict,
    Probability,
    TrackVerdict,
)
from contracts.vocabulary import DetectorStatus, Lifecycle, MediaKind, Verdict
from dashboard.api.app import create_app
from dashboard.api.settings import ApiSettings
from dashboard.projection import ItemDocuments, row_of
from dashboard.read_model import open_engine, url_of
from dashboard.read_tables import dead_letters, documents, items, tallies, verdict_events
from dashboard.tallies import count_anew
from ingest.identity import media_id_of
from telltale.terminal import err, out, say_json

MOST_RATIO = 3.0
_ROWS_AT_ONCE = 2_000
_NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
_WORDS = ("interview", "rally", "harbour", "statement", "street")


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
    Operation("counts of the tabs", "/v1/items/counts"),
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

    middle = _uploaded(size // 2)
    place = cursor_of("newest", middle.received_at.timestamp(), middle.media_id)
    return {"middle": place, "rare": f"n{size // 3:06d}.", "item": middle.media_id, "change": size // 2}


def _filled(home: Path, size: int) -> ApiSettings:
    settings = ApiSettings(
        home=home, bucket=str(home / "in"), work_bucket=str(home / "work"), api_requests_per_minute=0
    )
    engine = open_engine(url_of(settings))
    _fill(engine, size)
    engine.dispose()
    return settings


def _fill(engine: Engine, size: int) -> None:
    """Rows as the projector would write them, in bulk; the audit log stays empty."""
    numbers = iter(range(1, size + 1))
    while some := list(islice(numbers, _ROWS_AT_ONCE)):
        told = [_rows(number) for number in some]
        with engine.begin() as connection:
            connection.execute(insert(items), [row[0] for row in told])
            connection.execute(insert(documents), [row[1] for row in told])
            connection.execute(insert(verdict_events), [row[2] for row in told])
            connection.execute(insert(dead_letters), [_letter(number) for number in some if number % 10 == 0])
    with engine.begin() as connection:
        connection.execute(delete(tallies))
        count_anew(connection)


def _rows(number: int) -> tuple[dict[str, Any], ...]:
    """The row of the list, of the documents and of the events."""
    uploaded = _uploaded(number)
    verdict = _verdict(uploaded, number)
    row = row_of(ItemDocuments(uploaded.media_id, uploaded=uploaded, verdict=verdict)) or {}
    document = {"media_id": uploaded.media_id, "uploaded": uploaded.model_dump_json()}
    probability = verdict.probability
    event = {
        "event_id": verdict.event_id,
        "media_id": uploaded.media_id,
        "seq": 1,
        "lifecycle": verdict.lifecycle.value,
        "verdict": verdict.verdict.value,
        "reasons": "",
        "low": probability.low if probability else None,
        "value": probability.value if probability else None,
        "high": probability.high if probability else None,
        "policy_version": verdict.policy_version,
        "produced_at_s": verdict.produced_at.timestamp(),
        "change": number,
    }
    kept = {**document, "extracted": None, "verdict": verdict.model_dump_json(), "failure": None}
    return {**row, "change": number, "created_change": number}, kept, event


def _uploaded(number: int) -> MediaUploaded:
    key = f"desk/{_WORDS[number % len(_WORDS)]} n{number:06d}.mp4"
    at = _NOON + timedelta(seconds=7 * number)
    facts = {"bucket": "in", "key": key, "version": "1", "size_bytes": 10**6, "source": "folder"}
    return MediaUploaded(media_id=media_id_of("in", key, "1"), uploaded_at=at, received_at=at, **facts)


def _verdict(uploaded: MediaUploaded, number: int) -> MediaVerdict:
    chance = random.Random(number)
    value = chance.random()
    probability = Probability(value=value, low=max(0.0, value - 0.1), high=min(1.0, value + 0.1), prior=0.5)
    scored = DetectorResult(
        name="telltale", version="1", status=DetectorStatus.SCORED, raw=value, calibrated=value, ms=9
    )
    word = list(Verdict)[number % len(Verdict)]
    kind = MediaKind.IMAGE if number % 20 == 0 else MediaKind.VIDEO
    return MediaVerdict(
        media_id=uploaded.media_id,
        item_id=uploaded.media_id,
        event_id=f"{number:032x}",
        seq=1,
        lifecycle=Lifecycle.FINAL,
        media=MediaFacts(kind=kind, duration_s=12.0, sha256=f"{chance.getrandbits(256):064x}"),
        uploaded=uploaded,
        verdict=word,
        probability=None if number % 7 == 0 else probability,
        ensemble=Ensemble(method="one", used=("telltale",)),
        detectors=(scored,),
        tracks=tuple(TrackVerdict(id=face, start=0.0, end=12.0, verdict=word) for face in range(2)),
        policy_version="bench",
        produced_at=uploaded.received_at,
    )


def _letter(number: int) -> dict[str, Any]:
    return {
        "dead_letter_id": f"{number:032x}",
        "media_id": _uploaded(number).media_id,
        "stage": "extract",
        "reason": "poison_message",
        "detail": "It was damaged.",
        "topic": "media.uploaded.v1",
        "partition": 0,
        "offset": number,
        "failed_at_s": _NOON.timestamp() + number,
        "attempts": 1,
    }
