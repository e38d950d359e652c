"""The topics of this deployment in; what subscribers can read, who reads it, and how to begin, out."""

import streamlit as st

from contracts.topics import MEDIA_VERDICTS, every_topic
from dashboard import card_tables
from dashboard.session import calm, settings

_SAMPLE = """from kafka import KafkaConsumer
import json

verdicts = KafkaConsumer("{topic}", bootstrap_servers="{kafka}", group_id="my-desk", enable_auto_commit=False)
seen = set()
for record in verdicts:
    if record.value is None:  # the item of this key was deleted
        continue
    verdict = json.loads(record.value)
    if verdict["lifecycle"] == "final" and verdict["event_id"] not in seen:  # delivery is at least once
        seen.add(verdict["event_id"])
        print(verdict["verdict"], verdict["reasons"], verdict["probability"])
    verdicts.commit()
"""


@calm
def draw() -> None:
    """The whole page."""
    st.title("Outputs")
    st.html(
        '<p class="tt-prose">Other systems subscribe to the verdict topic. Act on final verdicts only, take a word '
        "that you do not know for inconclusive, and ignore an event_id that you have seen: delivery is at least "
        "once.</p>"
    )
    rows = [
        (topic.name, topic.carries.__name__, topic.written_by, topic.read_by, _kept(topic.retention_hours))
        for topic in every_topic(settings().detector_names)
    ]
    st.html(card_tables.labelled(("Topic", "Carries", "Written by", "Read by", "Kept"), rows, caption="Topics"))
    st.subheader("A subscriber in Python")
    kafka = str(settings().kafka_bootstrap_servers)
    st.code(_SAMPLE.format(topic=MEDIA_VERDICTS.name, kafka=kafka), language="python")
    st.html(
        '<p class="tt-prose">The schema of each message lies in docs/schemas, and docs/asyncapi.json has them all.</p>'
    )


def _kept(hours: int | None) -> str:
    if hours is None:
        return "the last of each item, for ever"
    return f"{hours // 24} days" if hours % 24 == 0 else f"{hours} h"
