"""Fetched weights reach running detect workers: other weights, another version, and no stage is restarted."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from contracts.codec import decode
from contracts.messages import DetectorResult, MediaVerdict
from contracts.topics import MEDIA_VERDICTS
from contracts.vocabulary import DetectorStatus, Lifecycle
from detectors.fetching import fetch
from detectors.systems.catalogue import original_network
from tests.support.checkpoints import write_checkpoint
from tests.support.children import wait_until
from tests.support.kafka_broker import KafkaBroker, Tail
from tests.support.short_clips import a_picture
from tests.support.stages import Stages

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(600)]
NAME = "dessa"
SETTINGS = {"TELLTALE_WEIGHTS_INTERVAL_S": "0.5", "TELLTALE_GRACE_S": "20", "TELLTALE_REMINDER_INTERVAL_S": "0.5"}
_PATIENCE_S = 240.0


@pytest.fixture
def stages(tmp_path: Path) -> Iterator[Stages]:
    with (
        KafkaBroker(tmp_path / "kafka") as broker,
        Stages(tmp_path, broker.bootstrap_servers, detectors=NAME, env=SETTINGS) as running,
    ):
        running.create_topics()
        running.start()
        yield running


def checkpoint(path: Path, *, decided: float) -> Path:
    """Weights whose answers on two faces differ the more, the more ``decided`` they are."""
    tensors = original_network("dessa/resnet18_plain").random().state_dict()
    tensors |= {key: tensor * decided for key, tensor in tensors.items() if key.startswith("fc.")}
    return write_checkpoint(path, {"state_dict": tensors, "epoch": torch.tensor(1)})


def changes(stages: Stages, outcome: str) -> float:
    return stages["detect"].count("telltale_weights_changes_total", detector=NAME, outcome=outcome)


def has_final(media_id: str) -> Callable[[object], bool]:
    return lambda records: any(
        event.media_id == media_id and event.lifecycle is Lifecycle.FINAL
        for event in (decode(record.value, MediaVerdict) for record in records)
    )


def result_of(stages: Stages, verdicts: Tail, key: str) -> DetectorResult:
    """What became of the detector on one more picture."""
    (upload,) = stages.upload({key: a_picture(1)})
    verdicts.read_until(has_final(upload.media_id), timeout_s=_PATIENCE_S)
    events = [decode(record.value, MediaVerdict) for record in verdicts.records]
    (result,) = next(e for e in events if e.media_id == upload.media_id and e.lifecycle is Lifecycle.FINAL).detectors
    return result


def test_fetched_weights_serve_without_a_restart(stages: Stages, tmp_path: Path):
    weights, source = tmp_path / "weights", tmp_path / "best_model.pth"
    with stages.tail(MEDIA_VERDICTS) as verdicts:
        before = result_of(stages, verdicts, "before.jpg")
        assert before.status is DetectorStatus.UNAVAILABLE
        assert "telltale detectors fetch dessa" in (before.detail or "")

        results = []
        for number, decided in enumerate((1.0, 0.02), start=1):
            fetch(NAME, weights, checkpoint(source, decided=decided), replace=True)
            wait_until(lambda number=number: changes(stages, "taken") == number, timeout_s=_PATIENCE_S)
            results.append(result_of(stages, verdicts, f"with-{number}.jpg"))
        first, second = results
        assert first.status is second.status is DetectorStatus.SCORED
        assert not first.untrained
        assert first.version != second.version
        assert first.weights_hash != second.weights_hash
        assert first.raw != second.raw

        fetch(NAME, weights, checkpoint(source, decided=0.0), replace=True)
        wait_until(lambda: changes(stages, "refused") == 1, timeout_s=_PATIENCE_S)
        kept = result_of(stages, verdicts, "kept.jpg")
        assert (kept.version, kept.raw) == (second.version, second.raw), "the one that failed its probe does not serve"
    assert stages["detect"].returncode is None
