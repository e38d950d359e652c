"""An item in; its verdict judged again from the scores that Kafka still holds, and compared with the one on record."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime

from kafka import KafkaConsumer
from kafka.errors import KafkaError
from kafka.structs import TopicPartition

from contracts.codec import decode
from contracts.errors import PoisonMessage
from contracts.messages import DetectorScore, MediaExtracted, MediaVerdict
from contracts.topics import DETECTOR_SCORES, MEDIA_EXTRACTED, Topic
from dashboard.custody.checks import Finding, Item, State
from dashboard.custody.facts import DECIDED
from ingest.kafka_login import KafkaAddress, client_arguments
from stream_processors.judgement import judge
from stream_processors.members import members_of
from stream_processors.policy import Policy
from telltale.custody_parts import Parts
from telltale.errors import CommandFailed
from telltale.kafka_of_run import kafka_of

WHAT = "judged again"
_POLL_MS = 500


def rejudge_finding(item: Item, parts: Parts) -> Finding:
    """Whether the recorded policy and gates give the recorded verdict on the stored scores."""
    verdict = item.documents.verdict
    if verdict is None or verdict.lifecycle not in DECIDED:
        return Finding(WHAT, State.UNCHECKABLE, "It has no final verdict.")
    if _policy_of(verdict) is None:
        said = f"It was judged by policy {verdict.policy_version}; this code has {Policy().policy_version}."
        return Finding(WHAT, State.UNCHECKABLE, said)
    try:
        extracted, scores = _stored(kafka_of(parts.settings.home), verdict)
    except (CommandFailed, KafkaError) as why:
        return Finding(WHAT, State.UNCHECKABLE, f"The scores lie in Kafka, which was not reached: {why}")
    if extracted is None:
        return Finding(WHAT, State.UNCHECKABLE, "Kafka no longer holds the scores of this item.")
    members = members_of([result.name for result in verdict.detectors], parts.weights)
    return compared(verdict, extracted, scores, judged_again(verdict, extracted, scores, members))


def judged_again(
    verdict: MediaVerdict, extracted: MediaExtracted, scores: list[DetectorScore], members: tuple
) -> MediaVerdict:
    """The verdict that the same facts, scores and gates lead to now."""
    return judge(
        extracted,
        scores,
        members=members,
        policy=_policy_of(verdict) or Policy(gates=frozenset(verdict.gates or ())),
        seq=verdict.seq,
        lifecycle=verdict.lifecycle,
        supersedes=verdict.supersedes,
    )


def _policy_of(verdict: MediaVerdict) -> Policy | None:
    """The policy that the verdict names, with its gates; nothing where this code does not know its numbers."""
    policy = Policy.of_version(verdict.policy_version)
    return None if policy is None or verdict.gates is None else replace(policy, gates=frozenset(verdict.gates))


def compared(
    verdict: MediaVerdict, extracted: MediaExtracted, scores: list[DetectorScore], again: MediaVerdict
) -> Finding:
    """One finding on two verdicts about the same item."""
    if again.event_id == verdict.event_id:
        return Finding(WHAT, State.HOLDS, f"{len(scores)} stored scores give the same verdict in every part.")
    same_word = (again.verdict, again.probability) == (verdict.verdict, verdict.probability)
    if same_word:
        return Finding(WHAT, State.HOLDS, f"{len(scores)} stored scores give the same word and probability.")
    owed = sum(expected.batches for expected in extracted.expected.values())
    if len(scores) < owed:
        return Finding(WHAT, State.UNCHECKABLE, f"Kafka holds {len(scores)} of {owed} scores of this item.")
    if _means(again) != _means(verdict):
        return Finding(WHAT, State.UNCHECKABLE, "Other calibrations are in force than those that the verdict names.")
    told = f"{again.verdict.value} {_odds(again)} instead of {verdict.verdict.value} {_odds(verdict)}"
    return Finding(WHAT, State.BROKEN, f"The stored scores give {told}.")


def _means(verdict: MediaVerdict) -> dict[str, str | None]:
    return {result.name: result.calibration_sha256 for result in verdict.detectors if result.weight is not None}


def _odds(verdict: MediaVerdict) -> str:
    return f"({verdict.probability.value})" if verdict.probability else "(no probability)"


def _stored(kafka: KafkaAddress, verdict: MediaVerdict) -> tuple[MediaExtracted | None, list[DetectorScore]]:
    """The last extraction facts and every score of the item that came before its verdict."""
    since = verdict.uploaded.received_at
    extractions = [
        one
        for raw in _values(kafka, MEDIA_EXTRACTED, verdict.media_id, since)
        if isinstance(one := _decoded(raw, MediaExtracted), MediaExtracted) and one.extracted_at <= verdict.produced_at
    ]
    scores: dict[tuple[str, int], DetectorScore] = {}
    for raw in _values(kafka, DETECTOR_SCORES, verdict.media_id, since):
        one = _decoded(raw, DetectorScore)
        if isinstance(one, DetectorScore) and one.scored_at <= verdict.produced_at:
            scores.setdefault((one.detector, one.chunk_index), one)
    last = max(extractions, key=lambda one: (one.complete, one.chunks), default=None)
    return last, list(scores.values())


def _decoded(raw: bytes, carries: type) -> MediaExtracted | DetectorScore | None:
    try:
        return decode(raw, carries)
    except PoisonMessage:
        return None


def _values(kafka: KafkaAddress, topic: Topic, media_id: str, since: datetime) -> Iterator[bytes]:
    """What a topic still holds about one item, written after ``since``."""
    consumer = KafkaConsumer(**client_arguments(kafka), enable_auto_commit=False)
    with closing(consumer):
        numbers = sorted(consumer.partitions_for_topic(topic.name) or ())
        places = [TopicPartition(topic.name, number) for number in numbers]
        if not places:
            return
        consumer.assign(places)
        ends = consumer.end_offsets(places)
        begins = consumer.offsets_for_times({place: int(since.timestamp() * 1000) for place in places})
        for place in places:
            found = begins.get(place)
            consumer.seek(place, ends[place] if found is None else found.offset)
        while any((consumer.position(place) or 0) < end for place, end in ends.items()):
            for records in consumer.poll(timeout_ms=_POLL_MS).values():
                yield from (one.value for one in records if one.key == media_id.encode() and one.value is not None)
