"""The topics of this deployment in; what subscribers can read, who reads it, and how to begin, out."""

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

import streamlit as st

from contracts.topics import MEDIA_VERDICTS, every_topic
from dashboard import card_tables
from dashboard.access import Role
from dashboard.api.webhook_store import WebhookStore
from dashboard.operations.samples import Samples
from dashboard.operations.subscribers import told_subscribers
from dashboard.recent_answers import latest_verdicts
from dashboard.session import calm, engine, principal, settings
from dashboard.views.freshness import data_as_of

LOOK_EVERY_S = 10
_DELIVERIES = 100
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
    _subscribers()
    _schemas()
    st.subheader("A subscriber in Python")
    kafka = str(settings().kafka_bootstrap_servers)
    st.code(_SAMPLE.format(topic=MEDIA_VERDICTS.name, kafka=kafka), language="python")
    _webhooks()


@st.fragment(run_every=LOOK_EVERY_S)
@calm
def _subscribers() -> None:
    st.subheader("Who reads the verdicts")
    groups, at_s = told_subscribers(Samples(engine()))
    data_as_of(at_s)
    if not groups:
        st.html(
            '<p class="tt-prose">No consumer group of another system has noted on Kafka how far it has read. Readers '
            "without a group, or that never commit, cannot be seen.</p>"
        )
        return
    rows = [(group, f"{waiting:,.0f}") for group, waiting in groups.items()]
    st.html(card_tables.labelled(("Consumer group", "Verdicts behind"), rows, caption=MEDIA_VERDICTS.name))


def _schemas() -> None:
    st.subheader("What a message looks like")
    carried = {topic.carries.__name__: topic.carries for topic in every_topic(settings().detector_names)}
    name = st.selectbox("Message", list(carried), index=list(carried).index(MEDIA_VERDICTS.carries.__name__))
    schema = json.dumps(carried[name].model_json_schema(mode="serialization"), indent=2)
    with st.expander(f"JSON Schema of {name}"):
        st.code(schema, language="json")
    st.download_button("Download the schema", schema, f"{name}.schema.json", "application/json")
    newest = latest_verdicts(engine(), limit=1)
    if newest and name == MEDIA_VERDICTS.carries.__name__:
        with st.expander("The newest verdict, as subscribers got it"):
            st.code(newest[0].model_dump_json(indent=2), language="json")


def _webhooks() -> None:
    """Addresses are for operators only: whoever knows one can pretend to be us, where its receiver checks nothing."""
    st.subheader("Webhooks")
    if not principal().role.includes(Role.OPERATOR):
        st.caption("Who has the role operator sees them here.")
        return
    store = WebhookStore(engine())
    webhooks = store.every()
    if not webhooks:
        st.html(
            '<p class="tt-prose">None is registered. <code>POST /v1/webhooks</code> registers one: each verdict is '
            "then sent to it, signed, and tried again until it is taken.</p>"
        )
        return
    rows = [_webhook_row(webhook, store) for webhook in webhooks]
    st.html(card_tables.labelled(_WEBHOOKS_HEAD, rows, caption="Registered by the API"))


_WEBHOOKS_HEAD = ("Address", "For", "State", "Latest deliveries", "The last one")


def _webhook_row(webhook: Mapping[str, Any], store: WebhookStore) -> tuple[str, ...]:
    latest = store.log(webhook["webhook_id"], state=None, before=None, limit=_DELIVERIES)
    states = Counter(delivery["state"] for delivery in latest)
    told = ", ".join(f"{number} {state}" for state, number in sorted(states.items())) or "none yet"
    last = next((one for one in latest if one["tries"]), None)
    said = "–" if last is None else f"{last['state']}: {last['last_status'] or last['last_detail'] or 'no answer'}"
    state = "active" if webhook["active"] else "paused"
    return (webhook["url"], webhook["description"] or "–", state, told, said)


def _kept(hours: int | None) -> str:
    if hours is None:
        return "the last of each item, for ever"
    return f"{hours // 24} days" if hours % 24 == 0 else f"{hours} h"
