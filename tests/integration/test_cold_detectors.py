"""Cold detectors run no process until crops wait for them, and end it when there is nothing left to do."""

import json
from pathlib import Path

import pytest

from telltale.run_state import ChildState
from tests.support.pipeline import RunningPipeline
from tests.support.short_clips import a_picture

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(600)]
COLD = {"TELLTALE_RESIDENCE": "cold", "TELLTALE_IDLE_S": "3", "TELLTALE_WEIGHTS_INTERVAL_S": "1"}


def test_work_wakes_them_and_its_end_lets_them_go(tmp_path: Path):
    with RunningPipeline(tmp_path / "home", str(tmp_path / "bucket"), env=COLD) as pipeline:
        assert pipeline.status["stages"]["detect"]["state"] == ChildState.COLD
        assert pipeline.status["stages"]["detect"]["pid"] is None
        for number in (1, 2):
            file = tmp_path / f"picture {number}.jpg"
            file.write_bytes(a_picture(number))
            submitted = pipeline.command(
                "submit", str(file), "--home", str(pipeline.home), "--wait", "--json", "--timeout", "240"
            )
            assert submitted.returncode == 0, submitted.stderr + pipeline.ends_of_logs()
            (detector,) = json.loads(submitted.stdout)["detectors"]
            assert (detector["name"], detector["status"]) == ("telltale", "scored")
            pipeline.wait_until(lambda: pipeline.status["stages"]["detect"]["state"] == ChildState.COLD, timeout_s=120)
        assert pipeline.status["stages"]["detect"]["restarts"] == 0
