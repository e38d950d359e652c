"""The read model and this machine's run in; how the pipeline fares and which policy judges out."""

import json
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ValidationError

from contracts.messages import Thresholds
from contracts.settings import AggregateSettings
from contracts.vocabulary import Reason
from dashboard import item_queries, recent_answers
from dashboard.api.answers import moment
from dashboard.api.callers import Here, Viewer
from dashboard.operations.queue_lags import queues_of
from dashboard.operations.samples import Samples
from dashboard.operations.stage_tiles import Health, Tile, tiles_of
from dashboard.operations.subscribers import told_subscribers
from dashboard.operations.waits import median_waits
from dashboard.view_models import Freshness, freshness
from ingest.fuse import blown_fuses

router = APIRouter(prefix="/v1", tags=["pipeline"])
_RUN_FILE = Path("run") / "state.json"


class StageState(BaseModel):
    """One supervised process of ``telltale up``."""

    state: str
    pid: int | None = None
    restarts: int = 0
    since: datetime
    detail: str | None = None


class BlownFuse(BaseModel):
    """A stage that stopped itself because it parked too many messages."""

    stage: str
    why: str
    blown_at: datetime


class Process(BaseModel):
    """One process over the last quarter of an hour, as the projector saw its metrics; what was not measured is null.

    ``per_minute`` counts finished messages, ``p50_s`` and ``p95_s`` are seconds per message, ``parked`` counts dead
    letters, ``lag`` messages that wait, by consumer group.
    """

    process: str
    health: Health
    why: str
    looked_at: datetime | None
    per_minute: float | None
    p50_s: float | None
    p95_s: float | None
    parked: float | None
    waiting: float | None
    lag: dict[str, float]
    memory_mib: float | None


class Queue(BaseModel):
    """Messages of a topic that a consumer group has still to read."""

    group: str
    topic: str
    waiting: float


class Subscriber(BaseModel):
    """A consumer group of another system on the verdict topic, and how many messages it has still to read."""

    group: str
    waiting: float


class Waits(BaseModel):
    """Median seconds from arrival to the first look and to the final verdict, over the last 15 minutes."""

    provisional_s: float | None
    final_s: float | None


class Pipeline(BaseModel):
    """How current the data is, how much there is, how fast it moves, and what stands still.

    ``stages`` are those of a run of ``telltale up`` that shares this server's home folder; ``processes`` are those
    whose metrics the projector reads (``TELLTALE_METRICS_TARGETS``), wherever they run. ``last_change`` is the number
    that verdict streams go on from.
    """

    freshness: Freshness
    age_s: float | None
    last_change: int
    items: int
    waiting: int
    failed: int
    open_dead_letters: int
    fuses: list[BlownFuse]
    stages: dict[str, StageState]
    processes: list[Process]
    queues: list[Queue]
    subscribers: list[Subscriber]
    arrival_to: Waits


class MemberInForce(BaseModel):
    """One detector that the latest verdicts were fused from."""

    name: str
    version: str | None
    weight: float | None
    calibrated: bool


class Policy(BaseModel):
    """By what the latest final verdict was judged; ``gates`` are those in the settings of this server."""

    policy_version: str | None
    method: str | None
    prior: float | None
    calibration_id: str | None
    thresholds: Thresholds | None
    members: list[MemberInForce]
    gates: list[Reason]
    seen_in_event: str | None
    produced_at: datetime | None


@router.get("/pipeline")
def show_pipeline(here: Here, _: Viewer) -> Pipeline:
    """The state of the pipeline."""
    age_s = item_queries.heartbeat_age_s(here.engine)
    pulse = item_queries.pulse(here.engine)
    home = here.settings.home
    samples, now_s = Samples(here.engine), time.time()
    waits = median_waits(samples, now_s=now_s)
    fuses = [BlownFuse(stage=one.stage, why=one.why, blown_at=one.blown_at) for one in blown_fuses(home)]
    return Pipeline(
        freshness=freshness(age_s),
        age_s=age_s,
        last_change=item_queries.last_change(here.engine),
        items=pulse.items,
        waiting=pulse.waiting,
        failed=pulse.failed,
        open_dead_letters=pulse.dead_letters,
        fuses=fuses,
        stages=_stages(home),
        processes=[_process(tile) for tile in tiles_of(samples, now_s=now_s)],
        queues=[
            Queue(group=group, topic=topic, waiting=waiting)
            for (group, topic), waiting in queues_of(samples).waiting.items()
        ],
        subscribers=[
            Subscriber(group=group, waiting=waiting) for group, waiting in told_subscribers(samples)[0].items()
        ],
        arrival_to=Waits(provisional_s=waits.get("provisional"), final_s=waits.get("final")),
    )


def _process(tile: Tile) -> Process:
    same = {name: getattr(tile, name) for name in Process.model_fields if name not in ("looked_at", "lag")}
    looked_at = None if tile.looked_at_s is None else moment(tile.looked_at_s)
    return Process(**same, looked_at=looked_at, lag=tile.lag or {})


@router.get("/policy")
def show_policy(here: Here, _: Viewer) -> Policy:
    """The policy in force, as the latest final verdict names it."""
    latest = next(iter(recent_answers.latest_verdicts(here.engine, limit=1)), None)
    gates = sorted(AggregateSettings().gate_reasons)
    if latest is None:
        return _no_policy(gates)
    used = [result for result in latest.detectors if result.weight is not None]
    return Policy(
        policy_version=latest.policy_version,
        method=latest.ensemble.method,
        prior=latest.probability.prior if latest.probability else None,
        calibration_id=latest.probability.calibration_id if latest.probability else None,
        thresholds=latest.thresholds,
        members=[
            MemberInForce(name=one.name, version=one.version, weight=one.weight, calibrated=one.calibrated is not None)
            for one in used
        ],
        gates=gates,
        seen_in_event=latest.event_id,
        produced_at=latest.produced_at,
    )


def _no_policy(gates: list[Reason]) -> Policy:
    unknown: dict[str, Any] = dict.fromkeys(Policy.model_fields)
    return Policy(**{**unknown, "members": [], "gates": gates})


def _stages(home: Path) -> dict[str, StageState]:
    try:
        said = json.loads((home / _RUN_FILE).read_text(encoding="utf-8"))
        return {name: StageState.model_validate(state) for name, state in said["stages"].items()}
    except (OSError, ValueError, ValidationError, KeyError, AttributeError, TypeError):
        return {}
