"""Settings in; what all requests of one server share out: read model, buckets, keys, limits."""

import threading
import time
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from fastapi import Request
from sqlalchemy import Engine

from contracts.settings import DetectSettings
from contracts.topics import DEAD_LETTERS
from dashboard.access import KeyStore
from dashboard.api import webhook_tables  # noqa: F401 - its tables are made with the others
from dashboard.api.rate_limit import RateLimit
from dashboard.api.settings import ApiSettings
from dashboard.heat_map_line import HeatMapMaker
from dashboard.read_model import open_engine, url_of
from ingest.kafka_login import address_of
from ingest.object_store import ObjectStore, open_store
from ingest.publisher import Publisher

_KEYS_KNOWN_FOR_S = 2.0


@dataclass
class Context:
    """Opened once; every part is safe to use from several threads."""

    settings: ApiSettings
    engine: Engine
    keys: KeyStore
    limit: RateLimit
    announcing: threading.Lock = field(default_factory=threading.Lock)
    _any_key: tuple[float, bool] = (0.0, True)

    @classmethod
    def open(cls, settings: ApiSettings) -> "Context":
        engine = open_engine(url_of(settings))
        return cls(settings, engine, KeyStore(engine), RateLimit(settings.api_requests_per_minute))

    @cached_property
    def watched(self) -> ObjectStore:
        """The bucket that uploads go into."""
        return open_store(self.settings.bucket)

    @cached_property
    def work(self) -> ObjectStore:
        """The bucket with the crop bundles."""
        return open_store(self.settings.work_bucket)

    @cached_property
    def publisher(self) -> Publisher:
        """Announcements go through it, one request at a time (``announcing``)."""
        return Publisher(address_of(self.settings), largest_message_bytes=DEAD_LETTERS.max_message_bytes)

    @property
    def weights(self) -> Path:
        return self.settings.home.expanduser().absolute() / "weights"

    @property
    def weights_in_use(self) -> Path:
        """Where detectors of this machine look for their weights."""
        return DetectSettings().weights or self.weights

    @cached_property
    def heat_maps(self) -> HeatMapMaker:
        """Heat maps are computed in its line, one at a time for all requests."""
        return HeatMapMaker(self.weights_in_use)

    @property
    def scratch(self) -> Path:
        """Where uploads lie until they are whole."""
        return self.settings.home.expanduser().absolute() / "api-uploads"

    @property
    def is_open(self) -> bool:
        """Whether callers without a key are let in: this machine only, and only until there is a key."""
        if not self.settings.is_loopback:
            return False
        asked_s, known = self._any_key
        if time.monotonic() - asked_s > _KEYS_KNOWN_FOR_S:
            known = self.keys.any_in_use()
            self._any_key = (time.monotonic(), known)
        return not known

    def close(self) -> None:
        if "publisher" in self.__dict__:
            self.publisher.close()
        if "heat_maps" in self.__dict__:
            self.heat_maps.close()
        self.engine.dispose()


def context_of(request: Request) -> Context:
    """The context of the server that got this request."""
    return request.app.state.context
