"""Every topic that a stage reads, writes or keeps state in is made, with the configuration of the topic table."""

from contracts.settings import TopicSettings
from contracts.topics import every_topic
from stream_processors.aggregate import INPUTS
from stream_processors.create_topics import changelog_of, co_partitioned_topics, wanted_topics


def test_the_whole_topic_table_is_made():
    settings = TopicSettings(detectors="alpha,beta")
    wanted = wanted_topics(settings)
    assert {topic.name for topic in every_topic(("alpha", "beta"))} <= set(wanted)
    assert settings.notifications_topic in wanted


def test_verdicts_are_kept_for_ever_and_dead_letters_may_be_large():
    wanted = wanted_topics(TopicSettings())
    assert wanted["media.verdicts.v1"]["cleanup.policy"] == "compact"
    assert "retention.ms" not in wanted["media.verdicts.v1"]
    assert wanted["media.uploaded.v1"]["cleanup.policy"] == "delete"
    assert wanted["media.uploaded.v1"]["retention.ms"] == str(72 * 3_600_000)
    assert int(wanted["dead.letters.v1"]["max.message.bytes"]) > 4_000_000


def test_changelogs_are_compacted_and_partitioned_like_the_inputs():
    wanted = wanted_topics(TopicSettings())
    for table in ("items", "parts"):
        assert wanted[changelog_of(table)]["cleanup.policy"] == "compact"
        assert changelog_of(table) in co_partitioned_topics()
    assert {topic.name for topic in INPUTS} < set(co_partitioned_topics())
