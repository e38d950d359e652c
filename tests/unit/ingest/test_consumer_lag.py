from kafka.structs import TopicPartition

from ingest.consumer_lag import unread

FIRST, SECOND = TopicPartition("crops.mesonet.v1", 0), TopicPartition("crops.mesonet.v1", 1)


def test_what_was_never_committed_counts_from_what_the_topic_still_has():
    extent = {FIRST: (10, 15), SECOND: (0, 4)}
    assert unread(extent, {FIRST: 12}.get) == 3 + 4


def test_offsets_that_the_topic_has_passed_or_not_reached_count_for_nothing_more():
    assert unread({FIRST: (10, 15)}, {FIRST: 2}.get) == 5
    assert unread({FIRST: (10, 15)}, {FIRST: 99}.get) == 0


def test_a_topic_that_is_not_there_has_nothing_unread():
    assert unread({}, {FIRST: 1}.get) == 0
