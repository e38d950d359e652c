"""The topic table is complete and consistent."""

import pytest

from contracts.topics import DEAD_LETTERS, FIXED_TOPICS, crops_for, every_topic

ALL = every_topic(("telltale", "mesonet"))


@pytest.mark.parametrize("topic", ALL, ids=lambda topic: topic.name)
def test_the_key_is_a_field_of_the_message(topic):
    assert topic.key in topic.carries.model_fields


def test_no_two_topics_share_a_name():
    assert len({topic.name for topic in ALL}) == len(ALL) == len(FIXED_TOPICS) + 2


@pytest.mark.parametrize("topic", ALL, ids=lambda topic: topic.name)
def test_the_name_ends_with_the_version_of_the_message(topic):
    assert topic.name.rpartition(".")[2] == topic.carries.SCHEMA.rpartition(".")[2]


def test_a_dead_letter_has_room_for_the_message_it_carries():
    assert (
        max(topic.max_message_bytes for topic in ALL if topic is not DEAD_LETTERS) * 2 < DEAD_LETTERS.max_message_bytes
    )


def test_each_detector_has_its_own_crop_topic():
    assert crops_for("telltale").name == "crops.telltale.v1"
