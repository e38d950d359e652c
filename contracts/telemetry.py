"""The closed list of metric names, the fields that every log line may carry, and the trace id in message headers."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

MetricName = Literal[
    "telltale_events_total",
    "telltale_stage_seconds",
    "telltale_decoder_runs_total",
    "telltale_frames_sampled_total",
    "telltale_face_searches_total",
    "telltale_crops_total",
    "telltale_crops_dropped_total",
    "telltale_batch_clips",
    "telltale_batch_fill_ratio",
    "telltale_batch_wait_seconds",
    "telltale_inference_seconds",
    "telltale_model_loads_total",
    "telltale_model_load_seconds",
    "telltale_model_info",
    "telltale_weights_changes_total",
    "telltale_items_open",
    "telltale_verdicts_total",
    "telltale_gates_total",
    "telltale_end_to_end_seconds",
    "telltale_dead_letters_total",
    "telltale_fuse_blown",
    "telltale_consumer_lag_messages",
    "telltale_subscriber_lag_messages",
]


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One metric: its kind, the labels it carries (few and bounded, never an id) and what it means."""

    kind: Literal["counter", "gauge", "histogram"]
    meaning: str
    labels: tuple[str, ...] = ()


METRICS: dict[MetricName, Metric] = {
    "telltale_events_total": Metric(
        kind="counter", labels=("stage", "outcome"), meaning="messages a stage has finished, by outcome"
    ),
    "telltale_stage_seconds": Metric(kind="histogram", labels=("stage",), meaning="time a stage spent on one message"),
    "telltale_decoder_runs_total": Metric(kind="counter", meaning="times a media item was decoded"),
    "telltale_frames_sampled_total": Metric(kind="counter", meaning="frames taken out of media items"),
    "telltale_face_searches_total": Metric(
        kind="counter", labels=("kind",), meaning="face searches: over the full frame or around a followed face"
    ),
    "telltale_crops_total": Metric(kind="counter", meaning="face crops cut out of sampled frames"),
    "telltale_crops_dropped_total": Metric(
        kind="counter", labels=("detector",), meaning="face crops of runs too short to be a clip of this detector"
    ),
    "telltale_batch_clips": Metric(kind="histogram", labels=("detector",), meaning="clips in one micro-batch"),
    "telltale_batch_fill_ratio": Metric(
        kind="gauge", labels=("detector",), meaning="last micro-batch's clips over its limit; 1 is a full one"
    ),
    "telltale_batch_wait_seconds": Metric(
        kind="histogram", labels=("detector",), meaning="time the oldest crop batch waited for its forward pass"
    ),
    "telltale_inference_seconds": Metric(
        kind="histogram", labels=("detector", "device"), meaning="time of one forward pass with its preprocessing"
    ),
    "telltale_model_loads_total": Metric(kind="counter", labels=("detector",), meaning="times a detector was loaded"),
    "telltale_model_load_seconds": Metric(kind="gauge", labels=("detector",), meaning="last load and probe took this"),
    "telltale_model_info": Metric(
        kind="gauge", labels=("detector", "version", "weights"), meaning="1 for each detector that serves"
    ),
    "telltale_weights_changes_total": Metric(
        kind="counter", labels=("detector", "outcome"), meaning="new weights of a running detector, taken or refused"
    ),
    "telltale_items_open": Metric(kind="gauge", meaning="media items that wait for their final verdict"),
    "telltale_verdicts_total": Metric(
        kind="counter", labels=("lifecycle", "verdict"), meaning="verdict events by life cycle and word"
    ),
    "telltale_gates_total": Metric(kind="counter", labels=("reason",), meaning="final verdicts by reason named"),
    "telltale_end_to_end_seconds": Metric(
        kind="histogram", labels=("lifecycle",), meaning="from upload to first and to final verdict"
    ),
    "telltale_dead_letters_total": Metric(kind="counter", labels=("stage", "reason"), meaning="dead letters parked"),
    "telltale_fuse_blown": Metric(kind="gauge", labels=("stage",), meaning="1 while a stage has stopped itself"),
    "telltale_consumer_lag_messages": Metric(
        kind="gauge", labels=("group", "topic"), meaning="messages a consumer group has still to read"
    ),
    "telltale_subscriber_lag_messages": Metric(
        kind="gauge", labels=("group",), meaning="verdict messages that another system's group has still to read"
    ),
}

TRACE_HEADER = "traceparent"
LOG_FIELDS = ("media_id", "trace_id", "stage", "detector", "topic", "partition", "offset")

_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")


def new_traceparent() -> str:
    """A W3C trace-context value for an item that just arrived."""
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"


def trace_id_of(headers: Mapping[str, str | bytes]) -> str | None:
    """The 32 hex digits of the trace that ``headers`` belong to, or nothing."""
    value = headers.get(TRACE_HEADER)
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else value
    found = _TRACEPARENT.fullmatch(text or "")
    return found.group(1) if found else None
