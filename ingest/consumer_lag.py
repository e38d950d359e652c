"""A topic and what a consumer group has committed in; how many messages the group has still to read out."""

from collections.abc import Callable, Mapping

from kafka import KafkaConsumer
from kafka.structs import TopicPartition

Extent = Mapping[TopicPartition, tuple[int, int]]


def extent_of(consumer: KafkaConsumer, topic: str) -> Extent:
    """The first offset and the one behind the last of each partition; nothing where there is no such topic.

    Raises:
        KafkaError: the broker is away.
    """
    places = [TopicPartition(topic, partition) for partition in sorted(consumer.partitions_for_topic(topic) or ())]
    if not places:
        return {}
    starts, ends = consumer.beginning_offsets(places), consumer.end_offsets(places)
    return {place: (starts[place], ends[place]) for place in places}


def unread(extent: Extent, committed: Callable[[TopicPartition], int | None]) -> int:
    """Messages behind the committed offsets; all that are left of a partition without one."""
    return sum(max(0, end - max(start, committed(place) or 0)) for place, (start, end) in extent.items())
