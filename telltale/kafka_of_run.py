"""A run of ``telltale up``, or the environment, in; the address of its Kafka with its login out."""

import os
from pathlib import Path

from contracts.security import KafkaSettings
from ingest.kafka_login import KafkaAddress, address_of
from telltale import run_state
from telltale.run_state import RunState

KAFKA_VARIABLE = "KAFKA_BOOTSTRAP_SERVERS"
LOGIN_VARIABLES = frozenset(f"TELLTALE_{name.upper()}" for name in KafkaSettings.model_fields)
LOCAL_KAFKA = "kafka"


def kafka_of_run(state: RunState) -> KafkaAddress:
    """The Kafka of a run: its own, which asks nobody who is there, or the one that it was given with its login.

    Raises:
        ValueError: the settings of the login contradict each other.
    """
    if LOCAL_KAFKA in state.stages:
        return KafkaAddress(str(state.kafka))
    return address_of(KafkaSettings(kafka_bootstrap_servers=str(state.kafka)))


def kafka_of(home: Path) -> KafkaAddress:
    """The Kafka of the run in ``home``, else the one that KAFKA_BOOTSTRAP_SERVERS names.

    Raises:
        CommandFailed: nothing runs in ``home`` and the variable is not set.
        ValueError: the settings of the login contradict each other.
    """
    state = run_state.read(home)
    if state.kafka is None and os.environ.get(KAFKA_VARIABLE):
        return address_of(KafkaSettings())
    return kafka_of_run(run_state.running(home))


def kafka_of_children(servers: str) -> KafkaAddress:
    """The Kafka at ``servers`` as the children of a run see it; raises ``ValueError`` as above."""
    return address_of(KafkaSettings()) if servers == os.environ.get(KAFKA_VARIABLE) else KafkaAddress(servers)


def environment_for(servers: str) -> dict[str, str]:
    """This process's variables without the login, where ``servers`` is a broker of the run's own that wants none."""
    if servers == os.environ.get(KAFKA_VARIABLE):
        return dict(os.environ)
    return {name: value for name, value in os.environ.items() if name not in LOGIN_VARIABLES}
