"""Every topic of a deployment in; what was finished when, by whom, and whether an offset passed unfinished work out."""

import json
import time
from collections import Counter, defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from kafka import KafkaConsumer
from kafka.consumer.fetcher import ConsumerRecord
from kafka.errors import KafkaError
from kafka.structs import TopicPartition

from contracts.topics import (
    DEAD_LETTERS,
    DETECTOR_SCORES,
    MEDIA_EXTRACTED,
    MEDIA_UPLOADED,
    MEDIA_VERDICTS,
    Topic,
    crops_for,
)
from tests.chaos.deployment import DETECTOR, GROUPS

CROPS = crops_for(DETECTOR)
TOPICS = (MEDIA_UPLOADED, CROPS, MEDIA_EXTRACTED, DETECTOR_SCORES, MEDIA_VERDICTS, DEAD_LETTERS)
INPUTS: dict[str, tuple[Topic, ...]] = {
    "extract": (MEDIA_UPLOADED,),
    "detect": (CROPS,),
    "aggregate": (MEDIA_EXTRACTED, DETECTOR_SCORES),
}
Place = tuple[str, int, int]
Work = tuple[str, ...]


@dataclass
class Flow:
    """The input and output of one stage over time, by partition; times are seconds since 1970."""

    arrived: dict[int, list[tuple[float, Work]]] = field(default_factory=lambda: defaultdict(list))
    finished_s: dict[Work, float] = field(default_factory=dict)
    outputs_s: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))

    def arrive(self, partition: int, at_s: float, work: Work) -> None:
        self.arrived[partition].append((at_s, work))

    def put_out(self, partition: int, at_s: float) -> None:
        self.outputs_s[partition].append(at_s)

    def finish(self, work: Work, at_s: float) -> None:
        self.finished_s.setdefault(work, at_s)

    def recovery_s(self, after_s: float, *, everywhere: bool = False) -> float | None:
        """The wait for the first output after a moment, counted from when there was work; nothing while it is awaited.

        ``everywhere``: the longest wait of all partitions instead, of which each must have had work. In a backlog a
        partition also waits for its turn.
        """
        waits = [self._wait_s(partition, after_s) for partition in list(self.arrived)]
        known = [wait for wait in waits if wait is not None]
        if everywhere:
            return max(known, default=None) if len(known) == len(waits) else None
        return min(known, default=None)

    def _wait_s(self, partition: int, after_s: float) -> float | None:
        began_s = self._had_work_s(self.arrived[partition], after_s)
        first_s = min((one for one in self.outputs_s[partition] if one > after_s), default=None)
        return None if began_s is None or first_s is None else max(0.0, first_s - began_s)

    def _had_work_s(self, arrivals: Iterable[tuple[float, Work]], after_s: float) -> float | None:
        open_s = [at_s for at_s, work in arrivals if self.finished_s.get(work, float("inf")) > after_s]
        return max(after_s, min(open_s)) if open_s else None


class Watch:
    """A plain consumer of every topic from its beginning; it never joins a group."""

    def __init__(self, kafka: str) -> None:
        self.flows = {name: Flow() for name in ("ingest", "extract", "detect", "aggregate")}
        self.uploads: dict[Place, str] = {}
        self.crops: dict[Place, Work] = {}
        self.scores: dict[Work, Place] = {}
        self.complete: dict[str, tuple[Place, int]] = {}
        self.finals: dict[str, Counter[str]] = defaultdict(Counter)
        self.final_s: dict[str, float] = {}
        self.late: set[str] = set()
        self.letters: dict[str, dict[str, Any]] = {}
        self.recent: dict[str, deque[ConsumerRecord]] = {topic.name: deque(maxlen=200) for topic in TOPICS}
        self.poison: list[Place] = []
        self._kafka = kafka
        self._consumer = self._new_consumer()
        self._committed: dict[str, KafkaConsumer] = {}

    def read(self, *, wait_s: float = 0.1) -> None:
        """Take in what has come since the last look; nothing while the broker is away."""
        try:
            polled = self._consumer.poll(timeout_ms=int(wait_s * 1000), max_records=2000)
        except KafkaError:
            return
        for record in (record for batch in polled.values() for record in batch):
            self.recent[record.topic].append(record)
            self._take(record)

    def catch_up(self, *, timeout_s: float = 60.0) -> None:
        """Read everything that is written up to now. Raises ``TimeoutError`` where the broker does not answer."""
        ends = self._consumer.end_offsets(list(self._consumer.assignment()))
        give_up_s = time.monotonic() + timeout_s
        while any((self._consumer.position(place) or 0) < end for place, end in ends.items()):
            self.read()
            if time.monotonic() > give_up_s:
                raise TimeoutError("the topics cannot be read to their ends")

    def passed_over(self) -> list[str]:
        """Committed offsets behind which unfinished work lies, one sentence each; none is right."""
        committed = {stage: self._offsets_of(stage) for stage in INPUTS}
        self.catch_up()
        parked = {(one["topic"], one["partition"], one["offset"]) for one in self.letters.values()}
        found = [
            f"extract committed past {place} of {media_id}"
            for place, media_id in self.uploads.items()
            if _is_behind(place, committed["extract"]) and media_id not in self.complete and place not in parked
        ]
        found += [
            f"detect committed past {place} of {work}"
            for place, work in self.crops.items()
            if _is_behind(place, committed["detect"]) and work not in self.scores and place not in parked
        ]
        return found + self._unjudged(committed["aggregate"])

    def lag(self, stage: str) -> int:
        """Messages that a stage has not committed yet."""
        committed = self._offsets_of(stage)
        ends = self._consumer.end_offsets(list(committed))
        return sum(max(0, ends[place] - offset) for place, offset in committed.items())

    def unparked(self) -> list[str]:
        """Poison that one of its readers has not parked."""
        parked = {(one["stage"], one["topic"], one["partition"], one["offset"]) for one in self.letters.values()}
        return [
            f"{stage} has not parked {place}"
            for place in self.poison
            for stage in _READERS[place[0]]
            if (stage, *place) not in parked
        ]

    def close(self) -> None:
        for consumer in (self._consumer, *self._committed.values()):
            consumer.close()

    def _unjudged(self, committed: dict[TopicPartition, int]) -> list[str]:
        answered: dict[str, list[Place]] = defaultdict(list)
        for (media_id, *_), place in self.scores.items():
            answered[media_id].append(place)
        lettered = {one["media_id"] for one in self.letters.values()}
        found = []
        for media_id, (place, batches) in self.complete.items():
            facts = [place, *answered[media_id]]
            told = len(answered[media_id]) >= batches and all(_is_behind(one, committed) for one in facts)
            if told and media_id not in self.finals and media_id not in lettered:
                found.append(f"aggregate committed past everything about {media_id}, which has no verdict")
        return found

    def _offsets_of(self, stage: str) -> dict[TopicPartition, int]:
        if stage not in self._committed:
            group = GROUPS[stage]
            self._committed[stage] = KafkaConsumer(
                bootstrap_servers=self._kafka, group_id=group, enable_auto_commit=False
            )
        consumer = self._committed[stage]
        names = {topic.name for topic in INPUTS[stage]}
        places = [place for place in self._consumer.assignment() if place.topic in names]
        return {place: consumer.committed(place) or 0 for place in places}

    def _new_consumer(self) -> KafkaConsumer:
        consumer = KafkaConsumer(
            bootstrap_servers=self._kafka,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            reconnect_backoff_max_ms=500,
            request_timeout_ms=10_000,
        )
        names = [topic.name for topic in TOPICS]
        places = [TopicPartition(name, part) for name in names for part in consumer.partitions_for_topic(name) or ()]
        consumer.assign(places)
        consumer.seek_to_beginning()
        return consumer

    def _take(self, record: ConsumerRecord) -> None:
        try:
            body = json.loads(record.value)
        except ValueError:
            body = {}
        place = (record.topic, record.partition, record.offset)
        at_s = record.timestamp / 1000.0
        if body.get("schema") != _SCHEMAS[record.topic]:
            self.poison.append(place)
            return
        {
            MEDIA_UPLOADED.name: self._take_upload,
            CROPS.name: self._take_crops,
            MEDIA_EXTRACTED.name: self._take_extraction,
            DETECTOR_SCORES.name: self._take_score,
            MEDIA_VERDICTS.name: self._take_verdict,
            DEAD_LETTERS.name: self._take_letter,
        }[record.topic](body, place, at_s)

    def _take_upload(self, body: dict[str, Any], place: Place, at_s: float) -> None:
        work = (body["media_id"],)
        self.uploads[place] = body["media_id"]
        self.flows["ingest"].put_out(0, at_s)
        self.flows["ingest"].finish(work, at_s)
        self.flows["extract"].arrive(place[1], at_s, work)

    def _take_crops(self, body: dict[str, Any], place: Place, at_s: float) -> None:
        self.crops[place] = work = (body["media_id"], body["detector"], str(body["chunk_index"]))
        self.flows["detect"].arrive(place[1], at_s, work)

    def _take_extraction(self, body: dict[str, Any], place: Place, at_s: float) -> None:
        self.flows["extract"].put_out(place[1], at_s)
        if body["complete"]:
            batches = sum(one["batches"] for one in body["expected"].values())
            self.complete.setdefault(body["media_id"], (place, batches))
            self.flows["extract"].finish((body["media_id"],), at_s)
            if not batches:
                self.flows["aggregate"].arrive(place[1], at_s, (body["media_id"],))

    def _take_score(self, body: dict[str, Any], place: Place, at_s: float) -> None:
        work = (body["media_id"], body["detector"], str(body["chunk_index"]))
        self.scores.setdefault(work, place)
        self.flows["detect"].put_out(place[1], at_s)
        self.flows["detect"].finish(work, at_s)
        self.flows["aggregate"].arrive(place[1], at_s, (body["media_id"],))

    def _take_verdict(self, body: dict[str, Any], place: Place, at_s: float) -> None:
        self.flows["aggregate"].put_out(place[1], at_s)
        if body["lifecycle"] != "final":
            return
        self.finals[body["media_id"]][body["event_id"]] += 1
        self.final_s.setdefault(body["media_id"], at_s)
        self.flows["aggregate"].finish((body["media_id"],), at_s)
        if "timeout" in body["reasons"]:
            self.late.add(body["media_id"])

    def _take_letter(self, body: dict[str, Any], place: Place, at_s: float) -> None:
        self.letters[body["dead_letter_id"]] = body


_READERS = {
    MEDIA_UPLOADED.name: ("extract", "project"),
    CROPS.name: ("detect",),
    MEDIA_EXTRACTED.name: ("aggregate", "project"),
    DETECTOR_SCORES.name: ("aggregate",),
}
_SCHEMAS = {topic.name: topic.carries.SCHEMA for topic in TOPICS}


def _is_behind(place: Place, committed: dict[TopicPartition, int]) -> bool:
    return place[2] < committed.get(TopicPartition(place[0], place[1]), 0)
