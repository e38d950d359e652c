"""``python -m dashboard``: the environment in; the projector out, until SIGTERM or SIGINT."""

from contracts.vocabulary import Stage
from dashboard.custody.settings import CustodySettings
from dashboard.models.drift_watch import DriftWatch
from dashboard.operations.samples import Samples
from dashboard.operations.subscribers import SubscriberWatch
from dashboard.operations.watching import ProcessWatch, targets_of
from dashboard.projector import run
from dashboard.read_model import open_engine, url_of
from ingest.entry_point import ending_when_refused, parse_nothing, stop_on_signal
from ingest.kafka_login import address_of, knock_if_there
from ingest.telemetry import configure_logs


def main() -> None:
    about = "Keep the read model of the dashboard in step with the topics until SIGTERM."
    parse_nothing("python -m dashboard", about, CustodySettings)
    settings = CustodySettings()
    configure_logs(settings, Stage.PROJECT)
    engine = open_engine(url_of(settings))
    watched = ProcessWatch(targets_of(settings.metrics_targets), Samples(engine))
    with watched, DriftWatch(engine), ending_when_refused():
        knock_if_there(settings)
        with SubscriberWatch(address_of(settings), is_wanted=bool(settings.metrics_port)):
            run(settings, stop_on_signal())


if __name__ == "__main__":
    main()
