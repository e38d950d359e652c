"""An S3 bucket in; everything in it out again and again, some objects at a time: what makes up for lost notifications.

A bucket whose store writes no notifications is watched by this alone.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice

import structlog

from ingest.object_store import StoredObject
from ingest.object_stores.s3 import S3Store, has_etag
from ingest.sightings import count

_AT_ONCE = 500

_log = structlog.get_logger()


@dataclass
class BucketListing:
    """Reads the bucket's pages once per ``interval_s``, and gives way to other work between them.

    Uploads in parts are not listed before they are complete. An object without an ETag was written past the server
    and may still grow: it is left for a later listing until it is ``settle_s`` old.
    """

    store: S3Store
    announce: Callable[[Sequence[StoredObject]], int]
    interval_s: float
    settle_s: float = 0.0
    clock: Callable[[], float] = time.monotonic
    _pages: Iterator[StoredObject] | None = field(default=None, init=False)
    _due_s: float = field(default=float("-inf"), init=False)

    @property
    def is_under_way(self) -> bool:
        return self._pages is not None

    @property
    def rest_s(self) -> float:
        """Seconds until there is something to do."""
        return 0.0 if self.is_under_way else max(0.0, self._due_s - self.clock())

    def go_on(self) -> None:
        """Announce some objects of a listing that is due; raises ``NotNow``, after which it begins anew."""
        if self._pages is None and self.clock() < self._due_s:
            return
        # Out of the field while it is read: a listing that breaks off begins again with the next step.
        pages, self._pages = self._pages or self.store.list(), None
        some = list(islice(pages, _AT_ONCE))
        fresh = self.announce([found for found in some if self._is_settled(found)])
        if fresh:
            _log.info("listing_found_uploads", count=fresh)
            count("listed", fresh)
        if len(some) == _AT_ONCE:
            self._pages = pages
        else:
            self._due_s = self.clock() + self.interval_s

    def _is_settled(self, found: StoredObject) -> bool:
        return has_etag(found) or datetime.now(UTC) - found.modified_at >= timedelta(seconds=self.settle_s)
