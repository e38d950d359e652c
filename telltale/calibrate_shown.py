"""A fitted calibration in; what it is worth, its limits and its reliability diagram out, as text for a terminal."""

from collections.abc import Iterator, Sequence

from rich.table import Table

from detectors.calibration.cross_fitting import FittedCalibration, Measured
from detectors.calibration.false_alarms import FalseAlarms
from detectors.calibration.stored import StoredCalibration
from detectors.evaluation.metrics import Bin
from telltale.terminal import out

_WIDTH = 40
_NAMES = {"log_loss": "LogLoss", "brier": "Brier score", "ece": "calibration error"}


def show(stored: StoredCalibration, fitted: FittedCalibration) -> None:
    """Print everything that the file keeps, and the diagrams that it does not."""
    fit = stored.calibration
    told = f"{fit.n_genuine} genuine items of {fit.genuine_identities} identities, {fit.n_manipulated} manipulated"
    out.print(f"{fit.id}: {fit.method}, fitted on {told} of {fit.manipulated_identities}", markup=False)
    if fitted.compared:
        out.print(_methods(fitted))
    out.print(_before_after(fitted))
    out.print(_limits((stored.lower, stored.upper)))
    for title, bins in (("Before", fitted.reliability_before()), ("After", fitted.reliability_after())):
        out.print(f"\n{title}: stated probability against the share of manipulated items", markup=False)
        for line in diagram(bins):
            out.print(line, markup=False, soft_wrap=True)
    if not stored.upper.reachable:
        out.print("\nNo score reaches the upper limit: this detector cannot call anything manipulated.", markup=False)


def diagram(bins: Sequence[Bin]) -> Iterator[str]:
    """A line per bin: stated, seen, how many; ``#`` up to what was seen, ``|`` where it should end."""
    yield "  stated    seen  items"
    for one in bins:
        bar = list("#" * round(_WIDTH * one.seen) + " " * (_WIDTH + 1 - round(_WIDTH * one.seen)))
        bar[round(_WIDTH * one.said)] = "|"
        yield f"   {one.said:.3f}   {one.seen:.3f}  {one.items:5.0f}  {''.join(bar).rstrip()}"


def _methods(fitted: FittedCalibration) -> Table:
    table = Table("method", "LogLoss on others", "worse by", "standard error", box=None, pad_edge=False)
    for one in fitted.compared:
        chosen = " (chosen)" if one.method == fitted.calibration.method else ""
        numbers = (one.log_loss, one.worse_by, one.standard_error)
        table.add_row(f"{one.method}{chosen}", *(f"{number:.4f}" for number in numbers))
    return table


def _before_after(fitted: FittedCalibration) -> Table:
    table = Table("figure", "before", "after", box=None, pad_edge=False, title=fitted.reported_on, title_justify="left")
    for key, name in _NAMES.items():
        table.add_row(name, _cell(fitted.before[key]), _cell(fitted.after[key]))
    return table


def _cell(figure: Measured) -> str:
    if figure.low is None or figure.high is None:
        return f"{figure.value:.3f}"
    return f"{figure.value:.3f} ({figure.low:.3f} to {figure.high:.3f})"


def _limits(both: Sequence[FalseAlarms]) -> Table:
    heads = ("limit", "at", "false alarms wanted", "measured", "at most (95 %)", "genuine items", "worth", "hits")
    table = Table(*heads, box=None, pad_edge=False)
    for word, one in zip(("lower", "upper"), both, strict=True):
        shares = (one.wanted, one.measured, one.bound)
        numbers = (f"{one.items}", f"{one.effective_items:.0f}", f"{one.hits:.1%}")
        table.add_row(word, f"{one.limit:.3f}", *(f"{share:.1%}" for share in shares), *numbers)
    return table
