"""Contracts in, the generated tables of README and docs out; run as ``python -m deploy.write_tables``."""

from pathlib import Path

from pydantic_core import PydanticUndefined

from contracts.settings import EVERY_SETTINGS, DashboardSettings, ProcessSettings
from contracts.telemetry import METRICS
from contracts.topics import FIXED_TOPICS, Topic, crops_for
from dashboard.api.settings import ApiSettings
from dashboard.custody.settings import CustodySettings

ROOT = Path(__file__).parents[1]


def topic_table() -> str:
    """One row per topic, in the order of the data."""
    uploaded, *later = FIXED_TOPICS
    rows = [_topic_row(topic) for topic in (uploaded, crops_for("DETECTOR"), *later)]
    return "\n".join(["| topic | carries | written by | read by | kept |", "|---|---|---|---|---|", *rows])


def _topic_row(topic: Topic) -> str:
    kept = "the last of each item, for ever" if topic.retention_hours is None else f"{topic.retention_hours} h"
    return f"| `{topic.name}` | {topic.carries.__name__} | {topic.written_by} | {topic.read_by} | {kept} |"


def metric_table() -> str:
    """One row per metric."""
    rows = [
        f"| `{name}` | {metric.kind} | {', '.join(metric.labels) or '–'} | {metric.meaning} |"
        for name, metric in METRICS.items()
    ]
    return "\n".join(["| metric | kind | labels | meaning |", "|---|---|---|---|", *rows])


def settings_table() -> str:
    """One row per environment variable, with the processes that read it."""
    rows: dict[str, str] = {}
    for settings in (*EVERY_SETTINGS, CustodySettings, ApiSettings):
        inherited = () if settings is ProcessSettings else ProcessSettings.model_fields
        for name, field in settings.model_fields.items():
            reader = "every process" if name in inherited else settings.__name__.removesuffix("Settings").lower()
            variable = "KAFKA_BOOTSTRAP_SERVERS" if name == "kafka_bootstrap_servers" else f"TELLTALE_{name.upper()}"
            default = "–" if field.default in (None, PydanticUndefined) else f"`{field.default}`"
            if settings in (CustodySettings, ApiSettings) and name in DashboardSettings.model_fields:
                continue  # those stand there already
            rows.setdefault(f"{variable} {reader}", f"| `{variable}` | {reader} | {default} | {field.description} |")
    return "\n".join(["| variable | read by | default | meaning |", "|---|---|---|---|", *rows.values()])


TABLES = {
    ROOT / "README.md": {"topics": topic_table},
    ROOT / "docs" / "operations.md": {"metrics": metric_table, "settings": settings_table},
}


def with_tables(page: Path) -> str:
    """The text of a page with its generated tables renewed between their marks."""
    text = page.read_text()
    for mark, table in TABLES[page].items():
        before, opening, rest = text.partition(f"<!-- {mark} -->\n")
        _, closing, after = rest.partition(f"<!-- /{mark} -->")
        if not (opening and closing):
            raise ValueError(f"{page.name} has no marks for the table {mark!r}")
        text = f"{before}{opening}{table()}\n{closing}{after}"
    return text


if __name__ == "__main__":
    for page in TABLES:
        page.write_text(with_tables(page))
