"""An evidence crop in; the heat map that was made of it before out: kept beside its bundle, under what it was made of.

A kept map shows a face, so it goes when the evidence of its item goes (``dashboard.custody``).
"""

import hashlib
from pathlib import Path

import structlog

import detectors
from contracts.errors import DetectorUnavailable, NotNow, ObjectMissing
from contracts.messages import Evidence
from dashboard.custody.retention import HEAT_MAP
from detectors.heat_maps import DETECTOR, METHOD, DamagedMaps, HeatMap, packed_maps, unpacked
from ingest.object_store import ObjectStore

_log = structlog.get_logger()


class KeptMaps:
    """The maps of one detector with the weights that lie in ``weights`` now."""

    def __init__(self, weights: Path) -> None:
        self._weights = weights

    def key_of(self, evidence: Evidence) -> str:
        """Where the map of a crop is kept; another crop, version, weights or method gives another key.

        Raises:
            DetectorUnavailable: the weights are missing.
        """
        state = detectors.availability(DETECTOR, self._weights)
        if not state.available:
            raise DetectorUnavailable(state.detail)
        version = detectors.spec(DETECTOR).version
        made_of = (evidence.bundle.sha256, evidence.crop, DETECTOR, version, state.weights_sha256, METHOD)
        name = hashlib.sha256(repr(made_of).encode()).hexdigest()[:32]
        return f"{evidence.bundle.key.rpartition('/')[0]}/{HEAT_MAP}{name}.npz"

    def find(self, store: ObjectStore, evidence: Evidence) -> HeatMap | None:
        """The map of a crop, where there is one that can be read.

        Raises:
            DetectorUnavailable: the weights are missing.
            NotNow: the store is away.
        """
        key = self.key_of(evidence)
        try:
            return unpacked(store.read(key))[0]
        except ObjectMissing:
            return None
        except (DamagedMaps, IndexError) as why:
            _log.warning("kept_heat_map_is_damaged", key=key, why=str(why))
            return None

    def keep(self, store: ObjectStore, evidence: Evidence, made: HeatMap) -> None:
        """Keep a map; a store that does not take it costs a second computation, nothing else.

        That of an item that was deleted meanwhile goes with the next round of expiry.
        """
        try:
            store.write(self.key_of(evidence), packed_maps([made]))
        except (NotNow, DetectorUnavailable) as why:
            _log.warning("heat_map_not_kept", why=str(why))
