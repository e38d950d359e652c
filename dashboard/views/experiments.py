"""The training runs below a folder in; a table, their curves, and settings against results as parallel lines, out."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import altair
import pandas
import streamlit as st

from dashboard import card_tables
from dashboard.look import BLUE, GREY, VERMILION
from dashboard.session import calm, settings
from detectors.training.runs.listing import Found, Run, runs_below
from detectors.training.runs.run_record import RECORD, Check

_FOLDER = "runs"
_AXES = ("learning rate", "steps", "pairs per step", "footage share", "harshness", "best watch AUC")


@calm
def draw() -> None:
    """The whole page."""
    st.title("Experiments")
    found = _found()
    if found.damaged:
        lines = [f"The record in {damaged.folder.name} cannot be read: {damaged.why}" for damaged in found.damaged]
        st.warning("\n\n".join(lines), icon=":material/report:")
    if not found.runs:
        st.html(
            '<div class="tt-empty"><p><b>No training runs here.</b></p><p>Every <code>telltale train</code> '
            "writes a record; those in the folder runs of this server, and of its home, are shown here.</p></div>"
        )
        return
    _all(found)
    _one(found)


def _found() -> Found:
    """The runs below the folders of this server; a reader must not choose what is read from its disk."""
    roots = dict.fromkeys(root.resolve() for root in (settings().home / _FOLDER, Path(_FOLDER)))
    parts = [runs_below(root) for root in roots]
    return Found(
        tuple(run for part in parts for run in part.runs), tuple(damaged for part in parts for damaged in part.damaged)
    )


def _all(found: Found) -> None:
    head = ("Run", "State", "Seed", "Steps", "Best watch AUC", "Minutes")
    st.html(card_tables.labelled(head, [_row(run) for run in found.runs], caption="Runs"))
    if len(found.runs) > 1:
        st.altair_chart(parallel([_settings(run) for run in found.runs]), width="stretch")
        st.html(
            '<p class="tt-quiet">Each line is a run; each axis reaches from its lowest to its highest value. Areas of '
            "runs that watched other people cannot be compared; <code>telltale runs compare</code> says so.</p>"
        )


def _row(run: Run) -> tuple[str, ...]:
    record = run.record
    best = "–" if record.best is None else f"{record.best.watch_auc:.3f} at {record.best.step}"
    return (
        record.name,
        run.state,
        str(record.seed),
        f"{record.step} of {record.steps}",
        best,
        f"{record.trained_s / 60.0:.0f}",
    )


def _settings(run: Run) -> dict[str, Any]:
    schedule, pairs = run.record.config.get("schedule", {}), run.record.config.get("pairs", {})
    best = run.record.best
    values = (
        schedule.get("learning_rate"),
        schedule.get("steps"),
        schedule.get("pairs_per_step"),
        pairs.get("footage_share"),
        pairs.get("harshness"),
        None if best is None else best.watch_auc,
    )
    return {"run": run.record.name, **dict(zip(_AXES, values, strict=True))}


def parallel(runs: list[dict[str, Any]]) -> altair.LayerChart | altair.FacetChart:
    """Parallel coordinates: one line per run over its settings to its result, every axis stretched to its own range."""
    points = [point for axis in _AXES for point in _stretched(axis, runs)]
    axes = [axis for axis in _AXES if any(point["axis"] == axis for point in points)]
    base = altair.Chart(pandas.DataFrame(points), height=260).encode(
        x=altair.X("axis:N", sort=axes, title=None, axis=altair.Axis(labelAngle=0, grid=True)),
        y=altair.Y("height:Q", axis=None, scale=altair.Scale(domain=[-0.15, 1.15])),
    )
    lines = base.mark_line(point=True).encode(
        color=altair.Color("run:N", title="run"), detail="run:N", tooltip=["run", "axis", "value"]
    )
    ends = base.transform_filter(altair.FieldOneOfPredicate("end", ["lowest", "highest", "only"]))
    words = [
        ends.transform_filter(f"datum.end === {end!r}").mark_text(color=GREY, dx=6, dy=dy, align="left")
        for end, dy in (("lowest", 12), ("highest", -12), ("only", -12))
    ]
    return altair.layer(lines, *(word.encode(text=altair.Text("value:Q", format=".4~g")) for word in words))


def _stretched(axis: str, runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The values of one axis, the lowest at 0 and the highest at 1; all in the middle where they are equal.

    One point of each ``end`` carries the value as a label.
    """
    known = [run for run in runs if run[axis] is not None]
    values = [float(run[axis]) for run in known]
    low, high = min(values, default=0.0), max(values, default=0.0)
    heights = [(value - low) / (high - low) if high > low else 0.5 for value in values]
    points = [
        {"run": run["run"], "axis": axis, "value": value, "height": height, "end": None}
        for run, value, height in zip(known, values, heights, strict=True)
    ]
    for height, end in ((0.0, "lowest"), (1.0, "highest"), (0.5, "only")):
        at = next((point for point in points if point["height"] == height), None)
        if at is not None and (end != "only" or high == low):
            at["end"] = end
    return points


def _one(found: Found) -> None:
    """One run: its curves, and what it left to make a detector of."""
    places = range(len(found.runs))
    chosen = st.selectbox("One run", places, index=places[-1], format_func=lambda at: found.runs[at].record.name)
    run = found.runs[chosen]
    _curves(run.record.history)
    _left(run)


def _left(run: Run) -> None:
    weights, checkpoint = run.record.artefacts.weights, run.record.artefacts.checkpoint
    rows = [
        ("Weights", _file(run, weights.file if weights else None), weights.sha256[:12] if weights else "–"),
        ("Checkpoint to go on from", _file(run, checkpoint.file if checkpoint else None), "–"),
        ("Record with all settings", RECORD, "–"),
    ]
    st.html(card_tables.labelled(("Part", "File", "SHA-256"), rows, caption=f"What {run.record.name} left"))
    if weights is not None and (run.folder / weights.file).is_file():
        st.html('<p class="tt-prose">Make a detector of it, with its weights and a card:</p>')
        st.code(f"telltale detectors new NAME --from-run {run.folder}", language=None, wrap_lines=True)


def _file(run: Run, name: str | None) -> str:
    """A record outlives the files that it names."""
    if name is None:
        return "not saved"
    return name if (run.folder / name).is_file() else f"{name} is no longer there"


def _curves(history: Sequence[Check]) -> None:
    if len(history) < 2:
        st.html('<p class="tt-quiet">This run has not been checked twice yet, so it has no curve.</p>')
        return
    checks = pandas.DataFrame([check.model_dump() for check in history])
    base = altair.Chart(checks, height=200).encode(x=altair.X("step:Q", title="step"))
    loss = base.mark_line(color=GREY).encode(y=altair.Y("loss:Q", scale=altair.Scale(zero=False)))
    auc = base.mark_line(color=BLUE, point=True).encode(
        y=altair.Y("watch_auc:Q", title="watch AUC", scale=altair.Scale(zero=False))
    )
    best = altair.Chart(checks.loc[[checks["watch_auc"].idxmax()]]).mark_point(color=VERMILION, size=90)
    left, right = st.columns(2)
    left.altair_chart(loss, width="stretch")
    right.altair_chart(auc + best.encode(x="step:Q", y="watch_auc:Q"), width="stretch")
    rows = [(str(one.step), f"{one.loss:.4f}", f"{one.watch_auc:.4f}", f"{one.watch_log_loss:.4f}") for one in history]
    with st.expander("The same as a table"):
        st.html(card_tables.labelled(("Step", "Loss", "Watch AUC", "Watch LogLoss"), rows, caption="Checks"))
