"""Records of training runs to order, written into folders as a run would write them."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from detectors.training.configuration import Data, TrainingConfig
from detectors.training.runs.run_record import (
    Artefacts,
    Best,
    Check,
    RunRecord,
    RunState,
    Versions,
    WeightsFile,
    write_record,
)
from detectors.training.runs.setting_paths import with_values

AT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def a_config(out: Path, **settings: Any) -> TrainingConfig:
    """A configuration with these settings; two underscores stand for the dot of a path."""
    values = {path.replace("__", "."): value for path, value in settings.items()}
    plain = TrainingConfig(name=out.name, out=out, data=Data(portraits=Path("portraits")))
    return TrainingConfig.model_validate(with_values(plain.model_dump(mode="json"), values))


def a_record(
    config: TrainingConfig, *aucs: float, state: RunState = "finished", updated_at: datetime = AT
) -> RunRecord:
    """The record of a run with one check per 100 steps."""
    history = tuple(
        Check(
            step=100 * at,
            loss=0.7 / at,
            watch_auc=auc,
            watch_log_loss=0.6,
            learning_rate=1e-4,
            pictures_per_s=10.0 * at,
        )
        for at, auc in enumerate(aucs, 1)
    )
    best = max(history, key=lambda check: check.watch_auc, default=None)
    return RunRecord(
        name=config.name,
        seed=config.seed,
        config=config.model_dump(mode="json"),
        state=state,
        started_at=AT,
        updated_at=updated_at,
        step=100 * len(aucs),
        steps=config.schedule.steps,
        trained_s=125.0,
        best=Best(step=best.step, watch_auc=best.watch_auc) if best else None,
        history=history,
        artefacts=Artefacts(weights=WeightsFile(file="telltale.safetensors", sha256="ab" * 32, bytes=9)),
        versions=Versions(python="3.11", torch="2", telltale="0"),
    )


def a_run(folder: Path, *aucs: float, state: RunState = "finished", **settings: Any) -> TrainingConfig:
    """Write the record of a run into its folder; returns its configuration."""
    config = a_config(folder, **settings)
    write_record(a_record(config, *aucs, state=state), folder)
    return config
