"""Contracts in, JSON Schemas and an AsyncAPI 3.0 document out; run as ``python -m deploy.write_schemas``.

AsyncAPI's Kafka binding is that of version 0.5.0: channel (topic, partitions, configuration) and message (key).
"""

import json
from pathlib import Path
from typing import Any

from contracts.messages import Message
from contracts.settings import TopicSettings
from contracts.topics import DEAD_LETTERS, FIXED_TOPICS, Topic, crops_for

DOCS = Path(__file__).parents[1] / "docs"
EXAMPLES = Path(__file__).parents[1] / "contracts" / "examples"
ANY_DETECTOR = crops_for("{detector}")
EVERY_TOPIC = (*FIXED_TOPICS, ANY_DETECTOR)
HOUR_MS = 3_600_000


def json_schema(carries: type[Message]) -> dict[str, Any]:
    """The schema of a message as it travels, its ``schema`` field included; open for fields of later versions."""
    schema = carries.model_json_schema(mode="serialization")
    schema["properties"] = {"schema": {"const": carries.SCHEMA}, **schema["properties"]}
    schema["required"] = ["schema", *schema.get("required", [])]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:telltale:{carries.SCHEMA}",
        **schema,
    }


def asyncapi() -> dict[str, Any]:
    """The document of every topic: key, retention, who sends, who receives, an example of its message."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Telltale",
            "version": "1.0.0",
            "description": "Uploads become verdicts. Deliveries are at least once, ordered per media_id; a higher seq "
            "replaces lower ones; act on lifecycle 'final' only and treat unknown verdicts as 'inconclusive'.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {"kafka": {"host": "{broker}", "protocol": "kafka", "variables": {"broker": {"default": "kafka"}}}},
        "channels": {_id(topic): _channel(topic) for topic in EVERY_TOPIC},
        "operations": {_id(topic): _operation(topic) for topic in EVERY_TOPIC},
        "components": {"messages": {topic.carries.SCHEMA: _message(topic) for topic in EVERY_TOPIC}},
    }


def _id(topic: Topic) -> str:
    return "crops" if topic is ANY_DETECTOR else topic.name.removesuffix(".v1").replace(".", "_")


def _channel(topic: Topic) -> dict[str, Any]:
    retention_ms = -1 if topic.retention_hours is None else topic.retention_hours * HOUR_MS
    channel: dict[str, Any] = {
        "address": topic.name,
        "description": f"written by {topic.written_by}; read by {topic.read_by}",
        "messages": {topic.carries.SCHEMA: {"$ref": f"#/components/messages/{topic.carries.SCHEMA}"}},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": TopicSettings.model_fields["topic_partitions"].default,
                "topicConfiguration": {
                    "cleanup.policy": ["delete"],
                    "retention.ms": retention_ms,
                    "max.message.bytes": topic.max_message_bytes,
                },
                "bindingVersion": "0.5.0",
            }
        },
    }
    if topic is ANY_DETECTOR:
        channel["parameters"] = {"detector": {"description": "name of a registered detector"}}
    return channel


def _operation(topic: Topic) -> dict[str, Any]:
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{_id(topic)}"},
        "summary": (topic.carries.__doc__ or "").strip().splitlines()[0],
    }


def _message(topic: Topic) -> dict[str, Any]:
    example = json.loads((EXAMPLES / f"{topic.carries.SCHEMA}.json").read_text())
    return {
        "name": topic.carries.SCHEMA,
        "payload": {"$ref": f"schemas/{topic.carries.SCHEMA}.json"},
        "bindings": {"kafka": {"key": {"type": "string", "description": topic.key}, "bindingVersion": "0.5.0"}},
        "examples": [{"payload": example}],
    }


def documents() -> dict[Path, str]:
    """Every generated file with its text."""
    files: dict[Path, Any] = {DOCS / "asyncapi.json": asyncapi()}
    for carries in {topic.carries for topic in (*EVERY_TOPIC, DEAD_LETTERS)}:
        files[DOCS / "schemas" / f"{carries.SCHEMA}.json"] = json_schema(carries)
    return {path: json.dumps(body, indent=2, ensure_ascii=False) + "\n" for path, body in files.items()}


if __name__ == "__main__":
    for path, text in documents().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
