"""Settings and a group name in; a Faust app out that loses nothing: manual acknowledgements, no surprises, no web."""

from typing import Any, cast

import faust
from mode import CrashingSupervisor

from contracts.settings import ProcessSettings
from contracts.topics import DEAD_LETTERS
from ingest.kafka_login import KafkaAddress, address_of, tls_context
from stream_processors.rewinding import StageApp

# Recovery after kill -9 takes one session time-out; the broker's lower bound is 6 s.
_SESSION_S = 10.0
_HEARTBEAT_S = 1.0
# A single item may be extracted for hours; a worker that heartbeats is alive however long that takes.
_LONGEST_WORK_S = 86_400.0


def build_app(settings: ProcessSettings, group: str, *, partitions: int = 1) -> faust.App:
    """The app of one stage; ``group`` is its consumer group, ``partitions`` those of its tables' topics.

    Delivery is at least once. Topics are made by ``create-topics``, never here; an exception that leaves an agent
    ends the worker.
    """
    kafka = address_of(settings)
    app = StageApp(
        group,
        broker=_broker(kafka.servers),
        broker_credentials=_credentials(kafka),
        datadir=str(settings.home.absolute() / "faust" / group),
        web_enabled=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        topic_partitions=partitions,
        table_standby_replicas=0,
        agent_supervisor=CrashingSupervisor,
        broker_session_timeout=_SESSION_S,
        broker_heartbeat_interval=_HEARTBEAT_S,
        broker_max_poll_interval=_LONGEST_WORK_S,
        broker_commit_interval=1.0,
        broker_commit_livelock_soft_timeout=_LONGEST_WORK_S,
        consumer_auto_offset_reset="earliest",
        producer_acks=-1,
        producer_max_request_size=DEAD_LETTERS.max_message_bytes,
        stream_buffer_maxsize=16,
        stream_processing_timeout=_LONGEST_WORK_S,
        # Work in hand is idempotent and unacknowledged: a rebalance does not wait for it.
        stream_wait_empty=False,
    )
    cast(Any, app.on_rebalance_complete).connect(hold_records)  # Faust types its signals as None
    return app


async def hold_records(app: faust.App, **_: object) -> None:
    """Keep records back from the moment the tables are recovered until Faust resumes the flow.

    Faust 0.15.3 opens the partitions, seeks to the committed offsets, and then empties every agent's queue as it
    resumes. Whatever was delivered in between would be gone until the next rebalance, and the gap would stop commits.
    """
    app.consumer.stop_flow()
    app.flow_control.suspend()


def _broker(bootstrap_servers: str) -> str:
    return ";".join(f"kafka://{address.strip()}" for address in bootstrap_servers.split(",") if address.strip())


def _credentials(kafka: KafkaAddress) -> faust.SASLCredentials | faust.SSLCredentials | None:
    context = tls_context(kafka) if kafka.has_tls else None
    if kafka.has_login and kafka.password is not None:
        return faust.SASLCredentials(
            username=kafka.username,
            password=kafka.password.get_secret_value(),
            mechanism=kafka.mechanism,
            ssl_context=context,
        )
    return faust.SSLCredentials(context) if context else None
