"""The name of a detector in; what answers for it now out: it, loaded and proved, or why it cannot run here."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

import detectors
from contracts.errors import DetectorUnavailable
from contracts.settings import DetectSettings
from detectors import Detector
from detectors.fetch_record import stamp_of
from detectors.probe import prove
from detectors.residence import WarmDetector
from detectors.weights import folder_of
from ingest.telemetry import metric, start_at_zero

CHANGES = ("taken", "refused")
_log = structlog.get_logger()


@dataclass(frozen=True)
class Unavailable:
    """Stands where a detector cannot run; ``detail`` names the command that mends it."""

    spec: detectors.DetectorSpec
    detail: str


Answerer = Detector | Unavailable


class Serving:
    """What answers for one detector; other weights are loaded beside the old ones and take over between two batches.

    Args:
        load: gives the detector, loaded and proved, or why it cannot run; called at once and after every change.
        stamp: something that changes when the detector's weights do, cheap enough to be asked for all the time.

    Raises:
        BrokenDetector: the first one failed its probe.
    """

    def __init__(self, name: str, *, load: Callable[[], Answerer], stamp: Callable[[], object]) -> None:
        self.name = name
        self._load = load
        self._stamp_of = stamp
        self._stamp = stamp()
        start_at_zero("telltale_weights_changes_total", detector=[name], outcome=CHANGES)
        self._now = load()
        _show(self._now, 1)

    @property
    def now(self) -> Answerer:
        """Whoever answers for the next batch."""
        return self._now

    def look(self) -> None:
        """Take other weights if there are any; keep what serves if they cannot be loaded or fail their probe.

        For a thread beside the one that scores: loading takes its time.
        """
        stamp = self._stamp_of()
        if stamp != self._stamp:
            self._stamp = stamp
            self._renew()
        if isinstance(self._now, WarmDetector) and self._now.release_if_idle():
            _log.info("weights released", detector=self.name)

    def _renew(self) -> None:
        try:
            fresh = self._load()
        # Whatever is wrong with new weights, the old ones serve on; a process that ends here would end them too.
        except Exception as why:  # noqa: BLE001
            self._refuse(str(why) or type(why).__name__)
            return
        if worse := _why_worse(fresh, self._now):
            self._refuse(worse)
            return
        if _identity_of(fresh) == _identity_of(self._now):
            self._now = fresh if isinstance(fresh, Unavailable) else self._now
            return
        _show(self._now, 0)
        self._now = fresh
        _show(fresh, 1)
        metric("telltale_weights_changes_total").labels(detector=self.name, outcome="taken").inc()
        _log.info("weights changed", detector=self.name, **_described(fresh))

    def _refuse(self, why: str) -> None:
        metric("telltale_weights_changes_total").labels(detector=self.name, outcome="refused").inc()
        _log.error("new weights refused", detector=self.name, why=why, **_described(self._now))


def serving(name: str, settings: DetectSettings) -> Serving:
    """What answers for a detector with these settings.

    Raises:
        BrokenDetector: it failed its probe.
        UnknownDetector: no detector has this name.
    """
    weights = settings.weights or settings.home / "weights"
    folder = folder_of(detectors.card(name), weights)
    return Serving(name, load=lambda: _resident(name, weights, settings), stamp=lambda: stamp_of(folder))


def _resident(name: str, weights: Path, settings: DetectSettings) -> Answerer:
    def load() -> Detector:
        return _proved(name, weights, settings)

    try:
        return WarmDetector(load, idle_s=settings.idle_s) if settings.residence == "warm" else load()
    except DetectorUnavailable as why:
        _log.warning("detector unavailable", detector=name, why=str(why))
        return Unavailable(detectors.spec(name), str(why))


def created(name: str, weights: Path, settings: DetectSettings) -> Detector:
    """The detector, loaded as the settings say and not yet proved. Raises as ``detectors.create``."""
    return detectors.create(
        name,
        weights=weights,
        device=settings.device,
        precision=settings.precision,
        compiled=settings.compile_networks,
        channels_last=settings.channels_last,
        allow_untrained=settings.allow_untrained,
    )


def _proved(name: str, weights: Path, settings: DetectSettings) -> Detector:
    began_s = time.monotonic()
    detector = created(name, weights, settings)
    prove(detector)
    took_s = time.monotonic() - began_s
    metric("telltale_model_loads_total").labels(detector=name).inc()
    metric("telltale_model_load_seconds").labels(detector=name).set(took_s)
    _log.info("detector proved", detector=name, took_s=took_s, device=detector.device, **_described(detector))
    return detector


def _why_worse(fresh: Answerer, old: Answerer) -> str | None:
    """What speaks against giving up what serves; a detector that runs is not given up for none, or for an untrained."""
    if isinstance(old, Unavailable):
        return None
    if isinstance(fresh, Unavailable):
        return fresh.detail
    return "the weights are gone" if fresh.untrained and not old.untrained else None


def _identity_of(one: Answerer) -> object:
    return None if isinstance(one, Unavailable) else (one.version, one.weights_sha256, one.untrained)


def _described(one: Answerer) -> dict[str, str]:
    if isinstance(one, Unavailable):
        return {"state": one.detail}
    return {"version": one.version, "weights": (one.weights_sha256 or "untrained")[:12]}


def _show(one: Answerer, value: int) -> None:
    if not isinstance(one, Unavailable):
        metric("telltale_model_info").labels(detector=one.spec.name, **_described(one)).set(value)
