"""Detector names in; the consumer group of the worker that serves them out."""

from collections.abc import Iterable

GROUP_PREFIX = "telltale.detect."


def group_of(detectors: Iterable[str]) -> str:
    """The consumer group of one detect worker: workers of the same detectors share their partitions."""
    return GROUP_PREFIX + "+".join(detectors)
