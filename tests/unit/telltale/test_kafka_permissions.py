import pytest

from contracts.settings import TopicSettings
from contracts.topics import Topic, every_topic
from contracts.vocabulary import Stage
from telltale.errors import CommandFailed
from telltale.kafka_acls import Wish, run
from telltale.kafka_permissions import permissions_of

DETECTORS = ("mesonet", "telltale")
PARTS = permissions_of(TopicSettings(detectors=",".join(DETECTORS)))


@pytest.mark.parametrize("topic", every_topic(DETECTORS), ids=lambda topic: topic.name)
def test_whoever_the_table_of_topics_names_may_and_nobody_else(topic: Topic):
    writers = {part.part for part in PARTS if topic.name in part.writes} - {"operator"}
    readers = {part.part for part in PARTS if topic.name in part.reads} - {"operator"}
    stages = {stage.value for stage in Stage}
    assert writers == (stages if topic.written_by == "every stage" else {topic.written_by})
    named = {name.split(" (")[0].removesuffix("s") for name in topic.read_by.split(", ")}
    assert readers == named - {"operator"}


def test_no_two_parts_share_a_consumer_group():
    stages = [part for part in PARTS if part.part in set(Stage)]
    groups = [group.removesuffix("*") for part in stages for group in part.groups]
    assert len(stages) == len(groups) == len(set(Stage))
    assert not [(one, other) for one in groups for other in groups if one != other and one.startswith(other)]


def test_a_part_that_does_not_exist_is_refused():
    wish = Wish(parts=("ingest", "janitor"), prefix="", is_applied=False, as_json=False)
    with pytest.raises(CommandFailed, match=r"No such part: janitor\. There are setup, ingest,"):
        run(wish, None)
