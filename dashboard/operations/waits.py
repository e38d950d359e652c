"""Looks at the aggregator in; how long items wait from arrival to first look and to the end, as medians, out."""

from dashboard.operations.metric_pages import quantile
from dashboard.operations.samples import Samples
from dashboard.operations.stage_tiles import WINDOW_S

LIFECYCLES = ("provisional", "final")


def median_waits(samples: Samples, *, now_s: float) -> dict[str, float | None]:
    """Seconds from arrival to each of ``LIFECYCLES`` over the last 15 minutes; empty where nobody measured."""
    ends = samples.ends("aggregate", now_s - WINDOW_S)
    if ends is None:
        return {}
    return {name: quantile(*ends, "telltale_end_to_end_seconds", 0.5, lifecycle=name) for name in LIFECYCLES}
