"""What ``telltale status`` shows of a run."""

from pathlib import Path

import pytest

from contracts.messages import utc_now
from telltale import run_state, status
from telltale.run_state import RunState


def test_untrained_detectors_are_marked(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    state = RunState(
        home=str(tmp_path), detectors=("telltale", "wild"), untrained=("wild",), started_at=utc_now(), running=True
    )
    run_state.write(tmp_path, state)
    assert status.run(tmp_path, as_json=False) == status.NOTHING_RUNS
    assert "telltale, wild (untrained)" in capsys.readouterr().out
    status.run(tmp_path, as_json=True)
    assert '"untrained":["wild"]' in capsys.readouterr().out.replace(" ", "")
