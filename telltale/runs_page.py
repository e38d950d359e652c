"""Training runs in; their curves out, in block characters for a terminal or as an HTML page that needs nothing else."""

from collections.abc import Mapping, Sequence
from html import escape

from detectors.evaluation.svg import lines
from detectors.training.runs.listing import Run, compared
from detectors.training.runs.setting_paths import changed_from_defaults

_BLOCKS = "▁▂▃▄▅▆▇█"
_WIDEST = 60
_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;color:#1b1b1b;max-width:1180px;margin:2rem auto;padding:0 1rem}
h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2.2rem;border-bottom:1px solid #ccc}
table{border-collapse:collapse;font-size:13px}th,td{padding:3px 9px;text-align:left;border-bottom:1px solid #e3e3e3}
.figures{display:flex;flex-wrap:wrap;gap:1.2rem}figure{margin:0}figcaption{font-weight:600}
svg text{font:11px system-ui,sans-serif;fill:#333}td{overflow-wrap:anywhere}
"""


def sparkline(values: Sequence[float]) -> str:
    """A curve of at most 60 block characters from the lowest to the highest value, both named after it.

    >>> sparkline([0.5, 0.75, 1.0])
    '▁▅█ 0.5 to 1'
    """
    if not values:
        return ""
    low, high = min(values), max(values)
    step = max(1, -(-len(values) // _WIDEST))
    kept = values[step - 1 :: step]
    places = [round((value - low) / (high - low) * (len(_BLOCKS) - 1)) if high > low else 0 for value in kept]
    return f"{''.join(_BLOCKS[place] for place in places)} {low:.4g} to {high:.4g}"


def page_of(runs: Sequence[Run]) -> str:
    """A page with the loss and the watch AUC of runs over their steps, and their settings."""
    last = max((check.step for run in runs for check in run.record.history), default=0)
    most = max((check.loss for run in runs for check in run.record.history), default=0.0)
    names = _names(runs)
    title = escape(", ".join(names))
    x = f"step (right: {last})"
    checks = {name: run.record.history for name, run in names.items()}
    losses = {name: [(one.step / last, one.loss / (most or 1.0)) for one in seen] for name, seen in checks.items()}
    areas = {name: [(one.step / last, one.watch_auc) for one in seen] for name, seen in checks.items()}
    figures = lines("Loss", losses, x=x, y=f"loss (top: {most:.3g})") + lines("Watch AUC", areas, x=x, y="watch AUC")
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Telltale: {title}</title>'
        f'<style>{_STYLE}</style></head><body><h1>Training: {title}</h1><div class="figures">{figures}</div>'
        f"{_differences(names)}{''.join(_settings(name, run) for name, run in names.items())}</body></html>\n"
    )


def _names(runs: Sequence[Run]) -> dict[str, Run]:
    """Names of runs; the folder where two runs have one name."""
    names = [run.record.name for run in runs]
    return {name if names.count(name) == 1 else str(run.folder): run for name, run in zip(names, runs, strict=True)}


def _differences(names: Mapping[str, Run]) -> str:
    seen = compared(list(names.values()))
    if not seen.incomparable:
        return ""
    said = escape(", ".join(seen.incomparable))
    return f"<p>These watch AUCs cannot be compared: the runs differ in {said}.</p>"


def _settings(name: str, run: Run) -> str:
    record = run.record
    rows = "".join(
        f"<tr><td>{escape(path)}</td><td>{escape(str(value))}</td></tr>"
        for path, value in changed_from_defaults(record.config).items()
    )
    best = f"best watch AUC {record.best.watch_auc:.4f} at step {record.best.step}" if record.best else "no check yet"
    said = f"{run.state}, {record.step} of {record.steps} steps, seed {record.seed}, {best}"
    return f"<h2>{escape(name)}</h2><p>{escape(said)}</p><table>{rows}</table>"
