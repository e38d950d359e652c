"""A run says that it is ready only when every part of it does its work."""

from pathlib import Path

import pytest

from telltale import up
from telltale.deployment import Deployment
from telltale.run_state import RunState, read
from telltale.supervisor import ChildSpec
from telltale.up import Run, StopRequest, set_large_logs_aside, topics_of
from tests.support.children import STEADY, a_child


class ThreeStages(Deployment):
    """A deployment whose stages are small programs."""

    def children(self, kafka: str) -> list[ChildSpec]:
        return [a_child(self.home, name, STEADY) for name in ("ingest", "extract", "detect")]


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    return ThreeStages(
        home=tmp_path / "home",
        bucket=str(tmp_path / "bucket"),
        detectors="telltale",
        notifications_topic="bucket.notifications",
        dashboard_port=None,
    )


def test_ready_means_every_stage_and_is_said_once(deployment: Deployment, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(up.KAFKA_VARIABLE, "127.0.0.1:9")
    monkeypatch.setattr(up, "answers", lambda address: True)
    seen: list[RunState] = []
    monkeypatch.setattr(Run, "_create_topics", lambda run, bootstrap: seen.append(run.state))
    monkeypatch.setattr(up.run_state, "write", lambda home, state: seen.append(state))
    stop = StopRequest()

    def when_ready(state: RunState) -> None:
        seen.append(state)
        stop._note(15, None)

    Run(deployment, stop=stop, tell=lambda sentence: None).go(when_ready)
    ready = [state for state in seen if state.ready]
    assert {len(state.stages) for state in ready} == {3}
    assert {stage.state for state in ready for stage in state.stages.values()} == {"ready"}
    assert seen[0].kafka is None
    assert ready[0].kafka == "127.0.0.1:9"
    assert (seen[-1].ready, seen[-1].kafka) == (False, None)
    assert {stage.state for stage in seen[-1].stages.values()} == {"stopped"}


def test_a_kafka_that_does_not_answer_ends_the_run_with_a_sentence(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(up.KAFKA_VARIABLE, "127.0.0.1:9")
    monkeypatch.setattr(up, "answers", lambda address: False)
    with pytest.raises(up.CommandFailed, match=r"says 127\.0\.0\.1:9, and no Kafka answers there"):
        Run(deployment, stop=StopRequest(), tell=lambda sentence: None).go(lambda state: None)
    assert read(deployment.home).running is False


def test_topics_are_told_by_what_they_carry():
    topics = topics_of(("telltale", "mesonet"))
    assert topics["verdicts"] == "media.verdicts.v1"
    assert topics["crops_mesonet"] == "crops.mesonet.v1"


def test_large_logs_are_set_aside_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(up, "LARGEST_LOG_BYTES", 10)
    (tmp_path / "extract.log").write_text("x" * 11)
    (tmp_path / "ingest.log").write_text("x" * 10)
    set_large_logs_aside(tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["extract.log.1", "ingest.log"]
