"""The app's settings hold the promises that the stages rely on."""

from types import SimpleNamespace

from contracts.settings import ProcessSettings
from contracts.topics import DEAD_LETTERS
from stream_processors.app import build_app, hold_records


def an_app(tmp_path, servers: str = "one:9092, two:9092"):
    settings = ProcessSettings(kafka_bootstrap_servers=servers, home=tmp_path)
    return build_app(settings, "telltale.test", partitions=3)


def test_the_group_is_the_name_and_every_broker_is_known(tmp_path):
    conf = an_app(tmp_path).conf
    assert conf.id == "telltale.test"
    assert [str(url) for url in conf.broker] == ["kafka://one:9092", "kafka://two:9092"]


def test_nothing_is_acknowledged_made_or_shown_by_faust_itself(tmp_path):
    conf = an_app(tmp_path).conf
    assert not conf.web_enabled
    assert not conf.topic_allow_declare
    assert conf.topic_disable_leader
    assert conf.consumer_auto_offset_reset == "earliest"
    assert str(conf.processing_guarantee) == "ProcessingGuarantee.AT_LEAST_ONCE"
    assert conf.producer_max_request_size >= DEAD_LETTERS.max_message_bytes


def test_a_killed_worker_is_missed_soon_and_a_slow_item_is_no_reason_to_leave(tmp_path):
    conf = an_app(tmp_path).conf
    assert conf.broker_session_timeout <= 10
    assert conf.broker_request_timeout >= conf.broker_session_timeout
    assert conf.broker_max_poll_interval >= 6 * 3600


def test_building_an_app_writes_nothing(tmp_path):
    an_app(tmp_path)
    assert list(tmp_path.iterdir()) == []


async def test_records_are_held_back_while_tables_are_being_opened():
    calls: list[str] = []
    app = SimpleNamespace(
        consumer=SimpleNamespace(stop_flow=lambda: calls.append("stop_flow")),
        flow_control=SimpleNamespace(suspend=lambda: calls.append("suspend")),
    )
    await hold_records(app)  # type: ignore[arg-type]
    assert sorted(calls) == ["stop_flow", "suspend"]
