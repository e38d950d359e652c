"""The command line in, the right command called; everything heavy is imported by the command that needs it."""

import os
import sys
import traceback
from pathlib import Path
from typing import Annotated

import typer

from telltale import cli_custody, cli_operations
from telltale.cli_keys import keys_app
from telltale.cli_training import runs_app, train_app
from telltale.errors import CommandFailed

DEBUG_VARIABLE = "TELLTALE_DEBUG"
INTERRUPTED = 130

app = typer.Typer(
    name="telltale",
    help="Drop a video or a picture into a watched bucket; verdicts say whether its faces were manipulated.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # help texts name [/PREFIX] and [default: …], which are no markup
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
detectors_app = typer.Typer(no_args_is_help=True, help="The detectors: which there are, what is known, their weights.")
bench_app = typer.Typer(no_args_is_help=True, help="Measure this machine.")
app.add_typer(detectors_app, name="detectors")
app.add_typer(bench_app, name="bench")
app.add_typer(train_app, name="train")
app.add_typer(runs_app, name="runs")
app.add_typer(keys_app, name="keys")
cli_operations.register(app, bench_app)
cli_custody.register(app)

Home = Annotated[
    Path, typer.Option("--home", envvar="TELLTALE_HOME", help="Folder for everything that Telltale writes.")
]
Detectors = Annotated[
    str | None,
    typer.Option("--detectors", help="Names of detectors, comma-separated, or all. [default: TELLTALE_DETECTORS]"),
]
RandomWeights = Annotated[
    bool,
    typer.Option(
        "--random-weights", help="Run detectors without their weights too; what they say is marked and not counted."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object per line instead of text.")]
Bucket = Annotated[
    str | None, typer.Option("--bucket", help="Watched folder or s3://NAME[/PREFIX]. [default: HOME/bucket]")
]
DEFAULT_HOME = Path(".telltale")


@app.command()
def scan(
    paths: Annotated[list[str], typer.Argument(help="Files, folders and patterns.", show_default=False)],
    as_json: AsJson = False,
    detectors: Detectors = None,
    weights: Annotated[Path | None, typer.Option(help="Folder of fetched weights. [default: HOME/weights]")] = None,
    home: Home = DEFAULT_HOME,
    random_weights: RandomWeights = False,
    one_at_a_time: Annotated[
        bool | None,
        typer.Option(
            "--one-at-a-time/--together",
            help="Let go of each detector before the next one is loaded. [default: where memory is short]",
        ),
    ] = None,
) -> None:
    """Judge files in this process, without a broker; the verdicts are those of the pipeline."""
    from telltale import scan as command

    command.run(
        paths,
        as_json=as_json,
        detectors=detectors,
        weights=weights,
        home=home,
        random_weights=random_weights,
        one_at_a_time=one_at_a_time,
    )


@app.command()
def evaluate(
    manifests: Annotated[
        list[str],
        typer.Argument(
            help="CSV files with the columns path and label (real, fake), or folders as real:DIR and fake:DIR.",
            show_default=False,
        ),
    ],
    detectors: Detectors = None,
    folder: Annotated[
        Path | None, typer.Option("--out", help="Folder of the report. [default: HOME/evaluations/TIME]")
    ] = None,
    robustness: Annotated[
        str | None,
        typer.Option(metavar="NAMES", help="Score altered copies of files too: quick, all, or names with commas."),
    ] = None,
    against: Annotated[
        Path | None, typer.Option(metavar="REPORT.json", help="Tell what changed since an earlier report.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Most files that copies are made of.")] = 20,
    split: Annotated[str | None, typer.Option(help="Only the items of this split.")] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Resamples of the sources behind the intervals.")] = 500,
    seed: Annotated[int, typer.Option(help="Seed of the resamples.")] = 0,
    fresh: Annotated[bool, typer.Option("--fresh", help="Score files again that were scored before.")] = False,
    weights: Annotated[Path | None, typer.Option(help="Folder of fetched weights. [default: HOME/weights]")] = None,
    home: Home = DEFAULT_HOME,
    random_weights: RandomWeights = False,
    as_json: AsJson = False,
) -> None:
    """Measure on labelled files how much the detectors and their verdicts are worth; writes a report."""
    from telltale import evaluate as command

    wish = command.Wish(
        detectors=detectors,
        folder=folder,
        home=home,
        weights=weights,
        random_weights=random_weights,
        robustness=tuple(filter(None, (robustness or "").split(","))),
        against=against,
        limit=limit,
        split=split,
        rounds=rounds,
        seed=seed,
        fresh=fresh,
        as_json=as_json,
    )
    command.run(manifests, wish)


@app.command()
def calibrate(
    detector: Annotated[str, typer.Option(help="Name of the detector.", show_default=False)],
    manifests: Annotated[
        list[str] | None,
        typer.Argument(help="CSV files of labelled files, or folders as real:DIR and fake:DIR.", show_default=False),
    ] = None,
    method: Annotated[str, typer.Option(help="auto, none, temperature, platt, beta or isotonic.")] = "auto",
    scores: Annotated[Path | None, typer.Option(help="Fit on a table of raw scores instead of scoring files.")] = None,
    reencode: Annotated[bool, typer.Option("--reencode", help="Score re-encoded copies of files too.")] = False,
    false_alarms: Annotated[str, typer.Option(help="Wanted rates at the lower and the upper limit.")] = "0.10,0.02",
    valid_days: Annotated[int, typer.Option(min=1, help="Days until it is to be renewed.")] = 365,
    allow_training_data: Annotated[
        bool, typer.Option("--allow-training-data", help="Fit even on what the detector learned from.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing.")] = False,
    weights: Annotated[Path | None, typer.Option(help="Folder of fetched weights. [default: HOME/weights]")] = None,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Fit on labelled files how a detector's scores become probabilities; writes calibration.json by its weights."""
    from telltale import calibrate as command

    wish = command.Wish(
        detector=detector,
        method=method,
        scores=scores,
        reencode=reencode,
        false_alarms=false_alarms,
        valid_days=valid_days,
        allow_training_data=allow_training_data,
        dry_run=dry_run,
        as_json=as_json,
        home=home,
        weights=weights,
    )
    command.run(manifests or [], wish)


@app.command()
def up(
    home: Home = DEFAULT_HOME,
    bucket: Bucket = None,
    detectors: Detectors = None,
    dashboard: Annotated[bool, typer.Option("--dashboard/--no-dashboard", help="Serve the dashboard.")] = True,
    port: Annotated[int | None, typer.Option(help="Port of the dashboard. [default: 8501 or a free one]")] = None,
    api: Annotated[bool, typer.Option("--api/--no-api", help="Serve the API.")] = True,
    api_port: Annotated[int | None, typer.Option(help="Port of the API. [default: 8502 or a free one]")] = None,
    kafka_port: Annotated[int | None, typer.Option(help="Port of a local Kafka. [default: a free one]")] = None,
    random_weights: RandomWeights = False,
) -> None:
    """Run the whole pipeline on this machine until Ctrl-C: Kafka, every stage, the API, the dashboard."""
    from telltale import up as command

    command.run(
        home=home,
        bucket=bucket,
        detectors=detectors,
        dashboard=dashboard,
        dashboard_port=port,
        api=api,
        api_port=api_port,
        kafka_port=kafka_port,
        random_weights=random_weights,
    )


@app.command()
def status(home: Home = DEFAULT_HOME, as_json: AsJson = False) -> None:
    """Tell what runs in a home folder, where, and how each part fares. Exit status 1 where nothing runs."""
    from telltale import status as command

    raise typer.Exit(command.run(home, as_json=as_json))


@app.command()
def submit(
    paths: Annotated[list[str] | None, typer.Argument(help="Files, folders and patterns.", show_default=False)] = None,
    home: Home = DEFAULT_HOME,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the final verdicts and print them.")] = False,
    as_json: AsJson = False,
    timeout_s: Annotated[float, typer.Option("--timeout", help="Longest wait in seconds.")] = 3600.0,
    keys: Annotated[
        str | None,
        typer.Option(
            "--keys", help="Instead of files: a list of keys in the bucket, one per line or .csv; - is stdin."
        ),
    ] = None,
    bucket: Annotated[
        str | None, typer.Option("--bucket", help="The bucket of the keys. [default: the watched bucket]")
    ] = None,
) -> None:
    """Copy files into the bucket of a running pipeline, or announce objects that lie in it already."""
    from telltale import submit as command

    command.run(paths or [], home=home, wait=wait, as_json=as_json, timeout_s=timeout_s, keys=keys, bucket=bucket)


@app.command()
def watch(
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
    from_beginning: Annotated[bool, typer.Option("--from-beginning", help="Start with the oldest verdict.")] = False,
) -> None:
    """Show verdicts as they come, until Ctrl-C."""
    from telltale import watch as command

    command.run(home, as_json=as_json, from_beginning=from_beginning)


@app.command()
def dashboard(
    address: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8501,
) -> None:
    """Serve the dashboard alone, with the settings of the environment; `up` does this by itself."""
    from telltale import serve_dashboard as command

    command.run(address=address, port=port)


@app.command()
def doctor(
    home: Home = DEFAULT_HOME,
    bucket: Bucket = None,
    detectors: Detectors = None,
    record: Annotated[bool, typer.Option("--record", help="Keep the report for the health page.")] = False,
    every_s: Annotated[
        float | None, typer.Option("--every", min=1.0, help="With --record: again so often (s).")
    ] = None,
) -> None:
    """Check every part that Telltale needs and say what to do. Exit status 1 where a needed part is missing."""
    from telltale import doctor, health_record

    if every_s is not None and not record:
        raise typer.BadParameter("--every makes sense with --record only.")
    if record:
        wish = health_record.Wish(home=home, bucket=bucket, detectors=detectors, every_s=every_s)
        raise typer.Exit(health_record.run(wish))
    raise typer.Exit(doctor.run(home=home, bucket=bucket, detectors=detectors))


@app.command()
def demo(
    paths: Annotated[list[str] | None, typer.Argument(help="Files to use instead.", show_default=False)] = None,
    dashboard: Annotated[bool, typer.Option("--dashboard/--no-dashboard", help="Serve the dashboard.")] = True,
    timeout_s: Annotated[float, typer.Option("--timeout", help="Longest wait for verdicts in seconds.")] = 600.0,
) -> None:
    """Run the pipeline on files made on the spot, print their verdicts, leave nothing running."""
    from telltale import demo as command

    raise typer.Exit(command.run(paths or [], dashboard=dashboard, timeout_s=timeout_s))


@detectors_app.command("list")
def detectors_list(home: Home = DEFAULT_HOME, as_json: AsJson = False) -> None:
    """Name every detector, what it looks for and whether it can run here."""
    from telltale import detector_commands as command

    command.show_all(home, as_json=as_json)


@detectors_app.command("show")
def detectors_show(
    name: Annotated[str, typer.Argument(show_default=False)], home: Home = DEFAULT_HOME, as_json: AsJson = False
) -> None:
    """Print the card of a detector: training, measured figures, blind spots."""
    from telltale import detector_cards as command

    command.show(name, home, as_json=as_json)


@detectors_app.command("compare")
def detectors_compare(names: Annotated[list[str], typer.Argument(show_default=False)], as_json: AsJson = False) -> None:
    """Lay the cards of two or more detectors side by side: aims, figures of equal names, costs, licences."""
    from telltale import detector_cards as command

    command.compare(names, as_json=as_json)


@detectors_app.command("fetch")
def detectors_fetch(
    name: Annotated[str, typer.Argument(show_default=False)],
    source: Annotated[
        str | None,
        typer.Argument(help="Address, file, folder, archive or s3://NAME/PREFIX. [default: the card's address]"),
    ] = None,
    home: Home = DEFAULT_HOME,
    replace: Annotated[bool, typer.Option("--replace", help="Take files other than those fetched before.")] = False,
) -> None:
    """Get the published weights of a detector, checked against its card and against what was fetched before."""
    from telltale import detector_commands as command

    command.fetch(name, source, home, replace=replace)


@detectors_app.command("original")
def detectors_original(
    name: Annotated[str, typer.Argument(show_default=False)],
    path: Annotated[Path, typer.Argument(help="A video.", show_default=False)],
    home: Home = DEFAULT_HOME,
    corrected: Annotated[bool, typer.Option("--corrected", help="Without the defects of the original.")] = False,
    random_weights: Annotated[bool, typer.Option("--random-weights", help="Run on random weights.")] = False,
    as_json: AsJson = False,
) -> None:
    """Score a video as a founding system published it: its own frames, face finder, rules and defects."""
    from telltale import original_score as command

    compat = "corrected" if corrected else "original"
    command.run(name, path, home, compat=compat, random_weights=random_weights, as_json=as_json)


@detectors_app.command("export")
def detectors_export(
    name: Annotated[str, typer.Argument(show_default=False)],
    folder: Annotated[Path | None, typer.Option(help="Where to write the files. [default: NAME-onnx]")] = None,
    home: Home = DEFAULT_HOME,
    int8: Annotated[bool, typer.Option("--int8", help="Also write a copy in 8-bit integers, for processors.")] = False,
    random_weights: Annotated[bool, typer.Option("--random-weights", help="Export random weights.")] = False,
) -> None:
    """Write a detector's networks as ONNX files and say how closely they agree with the original."""
    from telltale import detector_export as command

    raise typer.Exit(command.run(name, folder or Path(f"{name}-onnx"), home, int8=int8, random_weights=random_weights))


@detectors_app.command("new")
def detectors_new(
    name: Annotated[str, typer.Argument(show_default=False)],
    folder: Annotated[Path | None, typer.Option(help="Where to write it. [default: telltale-NAME]")] = None,
    from_run: Annotated[
        Path | None, typer.Option("--from-run", help="Folder of a training run, to take its weights.")
    ] = None,
    looks_for: Annotated[
        str, typer.Option(help="With --from-run: kinds of manipulation, with commas, if its settings do not tell.")
    ] = "",
    home: Home = DEFAULT_HOME,
) -> None:
    """Write the package of a new detector: a plug-in, its card and a test that it passes."""
    from telltale import detector_making as command

    kinds = [kind.strip() for kind in looks_for.split(",") if kind.strip()]
    command.new(name, folder or Path(f"telltale-{name}"), home, from_run=from_run, looks_for=kinds)


@detectors_app.command("check")
def detectors_check(
    name: Annotated[str, typer.Argument(show_default=False)],
    home: Home = DEFAULT_HOME,
    random_weights: Annotated[bool, typer.Option("--random-weights", help="Check it on random weights.")] = False,
) -> None:
    """Hold a detector to every promise that Telltale relies on. Exit status 1 where it breaks one."""
    from telltale import detector_making as command

    raise typer.Exit(command.check(name, home, random_weights=random_weights))


@bench_app.command("extract")
def bench_extract(
    paths: Annotated[list[Path] | None, typer.Argument(help="Videos to measure with.", show_default=False)] = None,
    as_json: AsJson = False,
) -> None:
    """Time extraction against reading every sampled frame in full size with OpenCV and MTCNN."""
    from telltale import bench_extract as command

    command.run(paths or [], as_json=as_json)


@bench_app.command("detectors")
def bench_detectors(
    names: Annotated[str | None, typer.Argument(help="Detector names, comma-separated. [default: all]")] = None,
    home: Home = DEFAULT_HOME,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N.")] = "auto",
    limit_s: Annotated[float, typer.Option("--limit", help="Longest time in seconds for one batch.")] = 120.0,
    as_json: AsJson = False,
    into_cards: Annotated[bool, typer.Option("--into-cards", help="Write the costs into the cards.")] = False,
) -> None:
    """Measure what each detector costs: parameters, multiply-adds, memory, time per face at batch 1, 8 and 32."""
    from telltale import bench_detectors as command
    from telltale.detector_commands import weights_folder

    weights = weights_folder(home)
    command.run(names, weights=weights, device=device, limit_s=limit_s, as_json=as_json, into_cards=into_cards)


def main() -> None:
    """Run the command line; what a person can mend is one sentence on stderr, never a traceback."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:  # the reader of our output, for instance `head`, has seen enough
        sys.stdout = None
        sys.exit(0)
    except CommandFailed as why:
        _fail(str(why), why.exit_code)
    except Exception as why:  # noqa: BLE001 - the top of the program: nobody else can turn it into a sentence
        _fail(_sentence_of(why), 1)


def _fail(sentence: str, exit_code: int) -> None:
    from ingest.redaction import learn, redacted, secrets_of

    learn(secrets_of(os.environ))
    if os.environ.get(DEBUG_VARIABLE):
        typer.echo(redacted(traceback.format_exc()), err=True)
    typer.echo(f"telltale: {redacted(sentence)}", err=True)
    sys.exit(exit_code)


def _sentence_of(why: Exception) -> str:
    """One line; errors that were raised for people are shown as they are."""
    from contracts.errors import DetectorUnavailable, NotNow
    from dashboard.read_model import ReadModelDamaged
    from detectors import UnknownDetector

    text = " ".join(str(why).split()) or type(why).__name__
    if isinstance(why, DetectorUnavailable | NotNow | ReadModelDamaged | UnknownDetector):
        return text
    return f"{type(why).__name__}: {text} ({DEBUG_VARIABLE}=1 shows where)"
