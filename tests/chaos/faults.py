"""A running deployment in; one fault done to it on purpose, and since when which stages have to recover, out."""

import itertools
import signal
import sqlite3
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from random import Random

from kafka import KafkaProducer
from kafka.consumer.fetcher import ConsumerRecord

from contracts.topics import DETECTOR_SCORES, MEDIA_EXTRACTED, MEDIA_UPLOADED
from tests.chaos.deployment import STAGES, ChaosDeployment
from tests.chaos.watch import CROPS, Watch

_INPUTS = (MEDIA_UPLOADED, CROPS, MEDIA_EXTRACTED, DETECTOR_SCORES)
_POISON = itertools.count()


@dataclass(frozen=True)
class Hit:
    """A fault that is over: ``stages`` have to go on, and what they do is counted from ``since_s`` (since 1970).

    ``everywhere``: a part of the partitions was hit, nobody knows which, so each has to go on.
    """

    since_s: float
    stages: tuple[str, ...]
    everywhere: bool = False


@dataclass(frozen=True)
class Ground:
    """What faults are done to; ``poll`` keeps the watch going while a fault takes its time."""

    deployment: ChaosDeployment
    watch: Watch
    random: Random
    poll: Callable[[float], None]


@dataclass(frozen=True)
class Fault:
    """One kind of fault with its name in the report; the loss of a worker is promised to be made up for in time."""

    name: str
    act: Callable[[Ground], Hit]
    is_loss_of_a_worker: bool = False


def killed(*stages: str) -> Fault:
    """``kill -9``, all at the same moment."""

    def act(ground: Ground) -> Hit:
        pids = {stage: ground.deployment.pid(stage) for stage in stages}
        for stage in pids:
            ground.deployment.signal(stage, signal.SIGKILL)
        return Hit(time.time(), stages)

    return Fault(f"kill -9 {' and '.join(stages)}", act, is_loss_of_a_worker=True)


def paused(stage: str, seconds: float) -> Fault:
    """SIGSTOP, and SIGCONT after a while: a machine that was suspended, a very long garbage collection."""

    def act(ground: Ground) -> Hit:
        ground.deployment.signal(stage, signal.SIGSTOP)
        ground.poll(seconds)
        ground.deployment.signal(stage, signal.SIGCONT)
        return Hit(time.time(), (stage,))

    return Fault(f"{stage} paused {seconds:g} s", act)


def broker_away(seconds: float, *, killed: bool = False) -> Fault:
    """The broker is stopped (or dies) and comes back with its data after a while."""

    def act(ground: Ground) -> Hit:
        broker = ground.deployment.broker
        (broker.kill if killed else broker.stop)()
        ground.poll(seconds)
        broker.start()
        return Hit(time.time(), STAGES)

    return Fault(f"broker {'killed' if killed else 'stopped'}, away {seconds:g} s", act)


def read_model_locked(seconds: float) -> Fault:
    """Somebody else holds the write lock of the read model."""

    def act(ground: Ground) -> Hit:
        connection = sqlite3.connect(ground.deployment.read_model, timeout=30.0, isolation_level=None)
        try:
            connection.execute("BEGIN EXCLUSIVE")
            ground.poll(seconds)
            connection.execute("ROLLBACK")
        finally:
            connection.close()
        return Hit(time.time(), ("project",))

    return Fault(f"read model locked {seconds:g} s", act)


def read_model_gone() -> Fault:
    """Its files are removed; what it said must come back from the topics."""

    def act(ground: Ground) -> Hit:
        file = ground.deployment.read_model
        for name in (file.name, f"{file.name}-wal", f"{file.name}-shm"):
            file.with_name(name).unlink(missing_ok=True)
        return Hit(time.time(), ("project",))

    return Fault("read model removed", act)


def work_away(seconds: float) -> Fault:
    """The work bucket is no folder for a while, as a volume that is not mounted."""

    def act(ground: Ground) -> Hit:
        work = ground.deployment.work
        aside = work.with_name("work-aside")
        work.rename(aside)
        work.touch()
        ground.poll(seconds)
        work.unlink()
        aside.rename(work)
        return Hit(time.time(), ("extract", "detect"))

    return Fault(f"work bucket away {seconds:g} s", act)


def said_twice() -> Fault:
    return Fault("messages doubled", lambda ground: _said_again(ground, lambda some: some[-20:] * 2))


def said_in_disorder() -> Fault:
    def shuffled(some: list[ConsumerRecord], ground: Ground) -> list[ConsumerRecord]:
        chosen = some[-30:]
        ground.random.shuffle(chosen)
        return chosen

    return Fault("messages in disorder", lambda ground: _said_again(ground, lambda some: shuffled(some, ground)))


def said_late() -> Fault:
    return Fault("messages late", lambda ground: _said_again(ground, lambda some: some[:30]))


def unknown_version() -> Fault:
    """A message of a version that nobody knows on every input."""

    def act(ground: Ground) -> Hit:
        key = f"chaos-poison-{next(_POISON)}".encode()
        _send(ground.deployment.kafka, [(topic.name, key, b'{"schema":"from.the.future.v9"}', []) for topic in _INPUTS])
        return Hit(time.time(), STAGES)

    return Fault("unknown version", act)


def second_worker(stage: str, *, killed: bool) -> Fault:
    """Another worker takes a part of the partitions in the middle of the work and leaves again."""

    def act(ground: Ground) -> Hit:
        with ground.deployment.second_worker(stage, killed=killed):
            ground.poll(ground.random.uniform(1.0, 4.0))
            began_s = time.time()
        return Hit(began_s, (stage,), everywhere=True)

    return Fault(f"second {stage} joins and {'is killed' if killed else 'leaves'}", act, is_loss_of_a_worker=True)


def _said_again(ground: Ground, choose: Callable[[list[ConsumerRecord]], list[ConsumerRecord]]) -> Hit:
    seen = [record for topic in _INPUTS for record in ground.watch.recent[topic.name]]
    chosen = choose(sorted(seen, key=lambda record: record.timestamp))
    _send(ground.deployment.kafka, [(one.topic, one.key, one.value, one.headers) for one in chosen])
    return Hit(time.time(), ("extract", "detect", "aggregate"))


def _send(kafka: str, records: Iterable[tuple[str, bytes, bytes, list[tuple[str, bytes]]]]) -> None:
    producer = KafkaProducer(bootstrap_servers=kafka, acks="all")
    try:
        for topic, key, value, headers in records:
            producer.send(topic, key=key, value=value, headers=headers)
        producer.flush()
    finally:
        producer.close()


def every_kind(random: Random, count: int) -> list[Fault]:
    """``count`` faults in an order that ``random`` gives; from 32 on each kind is there at least once."""
    pair = random.sample(STAGES, 2)
    once = [
        *(killed(stage) for stage in STAGES),
        broker_away(2.0),
        second_worker("extract", killed=False),
        read_model_locked(8.0),
        said_twice(),
        paused("detect", 3.0),
        unknown_version(),
        broker_away(14.0),
        second_worker("detect", killed=False),
        read_model_gone(),
        said_in_disorder(),
        paused("extract", 13.0),
        *(killed(stage) for stage in STAGES),
        broker_away(1.0, killed=True),
        second_worker("aggregate", killed=True),
        said_late(),
        paused("aggregate", 13.0),
        killed(*pair),
        work_away(4.0),
        paused("project", 12.0),
        said_twice(),
        killed(random.choice(("extract", "detect", "aggregate"))),
        read_model_locked(5.0),
        paused("ingest", 3.0),
    ]
    kinds = list(itertools.islice(itertools.cycle(once), count))
    random.shuffle(kinds)
    return kinds
