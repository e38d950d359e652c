"""What the workers say of themselves in; their models, devices and memory, and an estimate for more files, out."""

import time

import streamlit as st

from dashboard import card_tables
from dashboard.look import asset
from dashboard.operations import drawings
from dashboard.operations.cost import SHARED, Estimate, StagePace, estimate, paces
from dashboard.operations.metric_pages import Look, increase, quantile
from dashboard.operations.samples import KEPT_S, Samples
from dashboard.operations.stage_tiles import WINDOW_S, in_order, stage_of, tiles_of
from dashboard.session import calm, engine, settings
from dashboard.views.freshness import data_as_of

LOOK_EVERY_S = 5
_INFERENCE, _INFO = "telltale_inference_seconds", "telltale_model_info"
HEAD = (
    "Detector",
    "Process",
    "State",
    "Version",
    "Device",
    "Load and probe",
    "Clips/min",
    "Forward pass p50",
    "p95",
    "Batch fill",
)


@calm
def draw() -> None:
    """The whole page."""
    st.title("Workers and cost")
    st.html(f"<style>{asset('operations.css')}</style>")
    _live()
    _estimator()


@st.fragment(run_every=LOOK_EVERY_S)
@calm
def _live() -> None:
    now_s, samples = time.time(), Samples(engine())
    tiles = tiles_of(samples, now_s=now_s)
    data_as_of(max((tile.looked_at_s or 0.0 for tile in tiles), default=None), now_s=now_s)
    rows = [(tile.process, tile.health.value, _part(drawings.facts_of(tile), "memory"), tile.why) for tile in tiles]
    st.html(card_tables.labelled(("Process", "State", "Memory", "Remark"), rows, caption="Processes"))
    st.subheader("Loaded detectors")
    caption = "Over the last 15 minutes. A cold detector has no process until crops wait for it."
    st.html(card_tables.labelled(HEAD, _detectors(samples, now_s), caption=caption))


def _part(facts: list[tuple[str, str]], name: str) -> str:
    return dict(facts)[name]


def _detectors(samples: Samples, now_s: float) -> list[tuple[str, ...]]:
    """A row for each detector in each process that has it loaded, and one for each that nobody has."""
    last = {name: samples.latest(name) for name in in_order(samples.processes()) if stage_of(name) == "detect"}
    answering = {name: look for name, look in last.items() if isinstance(look, Look)}
    rows, loaded = [], set[str]()
    for process, look in answering.items():
        looks = samples.since(process, now_s - WINDOW_S)
        for detector in _loaded_in(look):
            loaded.add(detector)
            rows.append(_detector(detector, process, looks, look))
    state = "not loaded" if answering else "no process"
    rows += [(name, "–", state, *["–"] * (len(HEAD) - 3)) for name in settings().detector_names if name not in loaded]
    return sorted(rows)


def _loaded_in(look: Look) -> list[str]:
    return [name for name, value in look.by("detector", _INFO).items() if value]


def _detector(name: str, process: str, looks: list[Look], last: Look) -> tuple[str, ...]:
    info = [series for series, value in last.values.items() if series.is_of(_INFO, {"detector": name}) and value]
    devices = last.by("device", f"{_INFERENCE}_count", detector=name)
    first = looks[0] if looks else last
    minutes = max((last.at_s - first.at_s) / 60.0, 1e-9)
    clips = (
        increase(first, last, "telltale_batch_clips_sum", detector=name) / minutes if last.at_s > first.at_s else None
    )
    p50, p95 = (quantile(first, last, _INFERENCE, share, detector=name) for share in (0.5, 0.95))
    fill = last.total("telltale_batch_fill_ratio", detector=name)
    return (
        name,
        process,
        "loaded",
        (info[0].label("version") or "–") if info else "–",
        ", ".join(devices) or "–",
        drawings.seconds(last.total("telltale_model_load_seconds", detector=name)),
        drawings.number(clips),
        drawings.seconds(p50),
        drawings.seconds(p95),
        "–" if fill is None else f"{fill:.0%}",
    )


@calm
def _estimator() -> None:
    st.subheader("How long, and for how much?")
    found = _measured_paces()
    if not found:
        st.info(
            "Nothing was measured in the last hours, so nothing can be estimated. Send some files: rates come from "
            "them.",
            icon=":material/timer:",
        )
        return
    columns = st.columns(4)
    files = int(columns[0].number_input("Files", min_value=1, value=1000, step=100))
    workers = {
        stage: int(columns[1 + at].number_input(f"Workers of {stage}", min_value=1, value=1))
        for at, stage in enumerate(SHARED)
    }
    price = float(columns[3].number_input("Price of a worker per hour", min_value=0.0, value=0.0, step=0.1))
    told = estimate(found, files=files, workers=workers, price_per_hour=price)
    st.html(drawings.numbers(_told(told, price)))
    st.html(
        card_tables.labelled(("Stage", "Seconds per file", "Measured on", "Busy"), _rows(found, told), caption=_CAPTION)
    )
    _more_workers(found, files, workers, price)


_CAPTION = "Measured here, on the files of the last hours; other files may take longer"


def _measured_paces() -> list[StagePace]:
    samples, since = Samples(engine()), time.time() - KEPT_S
    shared = [name for name in samples.processes() if stage_of(name) in SHARED]
    found = {name: ends for name in shared if (ends := samples.ends(name, since)) is not None}
    first, last = ({name: ends[at] for name, ends in found.items()} for at in (0, 1))
    return paces(first, last)


def _told(told: Estimate, price: float) -> list[tuple[str, str]]:
    cost = [("for all workers", f"{told.price:,.2f}")] if price else []
    return [("until all are done", drawings.seconds(told.hours * 3600.0)), ("limits it now", told.limit), *cost]


def _rows(found: list[StagePace], told: Estimate) -> list[tuple[str, ...]]:
    return [
        (pace.stage, f"{pace.seconds_per_file:.2f}", f"{pace.files:,} files", f"{told.busy[pace.stage]:.0%}")
        for pace in found
    ]


def _more_workers(found: list[StagePace], files: int, workers: dict[str, int], price: float) -> None:
    rows = []
    for times in (1, 2, 4, 8):
        more = {stage: count * times for stage, count in workers.items()}
        told = estimate(found, files=files, workers=more, price_per_hour=price)
        rows.append((f"{times} x", drawings.seconds(told.hours * 3600.0), f"{told.price:,.2f}" if price else "–"))
    st.html(
        card_tables.labelled(
            ("Workers", "Time", "Cost"), rows, caption="If stages scale evenly, up to their partitions"
        )
    )
