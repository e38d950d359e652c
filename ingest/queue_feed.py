"""An SQS queue of an S3 bucket's notifications in; the objects that may be new out, to whoever announces them."""

import math
import threading
from collections.abc import Callable, Iterator, Sequence

import structlog

from contracts.errors import NotNow, PoisonMessage
from ingest.bucket_listing import BucketListing
from ingest.object_store import StoredObject
from ingest.sightings import Sightings, count
from ingest.sqs_queue import QueuedMessage, SqsQueue

LONGEST_WAIT_S = 5

_log = structlog.get_logger()


class HeldMessages:
    """The messages in hand: kept hidden from other readers by a thread of its own, however long the work takes."""

    def __init__(self, queue: SqsQueue) -> None:
        self._queue = queue
        self._messages: Sequence[QueuedMessage] = ()
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def now(self) -> Sequence[QueuedMessage]:
        with self._lock:
            return self._messages

    def take(self, messages: Sequence[QueuedMessage]) -> None:
        """Hold these instead of the ones before."""
        with self._lock:
            self._messages = messages
        if messages and self._thread is None:
            self._thread = threading.Thread(target=self._keep_hidden, name="held-messages", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Show what is still in hand to the next reader at once."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()
        left = self.now()
        if left:
            self._hide(left, for_s=0)

    def _keep_hidden(self) -> None:
        while not self._over.wait(self._queue.hidden_s / 3):
            with self._lock:  # not while they are being let go of
                if self._messages:
                    self._hide(self._messages, for_s=self._queue.hidden_s)

    def _hide(self, messages: Sequence[QueuedMessage], *, for_s: int) -> None:
        try:
            self._queue.hide(messages, for_s=for_s)
        except NotNow as why:  # they show themselves again in time, and what comes twice is announced once
            _log.warning("messages_not_hidden", why=str(why))


class QueueFeed:
    """Reads the queue for speed and lists the bucket for the notifications that got lost; one ``step`` after the other.

    ``announce`` and ``park`` return when Kafka has confirmed, or raise ``NotNow``. Only then are messages deleted;
    until then they stay in hand and hidden, so that an outage does not use up the deliveries after which a queue's own
    redrive policy gives a message up.
    """

    def __init__(
        self,
        queue: SqsQueue,
        sightings: Sightings,
        listing: BucketListing,
        *,
        announce: Callable[[Sequence[StoredObject]], int],
        park: Callable[[QueuedMessage, PoisonMessage], None],
    ) -> None:
        self._queue = queue
        self._sightings = sightings
        self._listing = listing
        self._announce = announce
        self._park = park
        self._held = HeldMessages(queue)

    def step(self) -> None:
        """Handle the messages that are in hand or there, then some objects of a listing that is due.

        Raises:
            NotNow: the store, Kafka or the queue is away. The messages stay in hand; the next step tries them again.
        """
        if not self._held.now():
            wait_s = min(LONGEST_WAIT_S, math.ceil(self._listing.rest_s))
            self._held.take(self._queue.receive(wait_s=wait_s))
        messages = self._held.now()
        if messages:
            self._handle(messages)
            self._queue.delete(messages)
            self._held.take(())
        self._listing.go_on()

    def close(self) -> None:
        """Let go of what is in hand, for the next process to take at once."""
        self._held.close()

    def _handle(self, messages: Sequence[QueuedMessage]) -> None:
        seen = [found for message in messages for found in self._seen_by(message)]
        fresh = self._announce(seen)
        count("known", len(seen) - fresh)

    def _seen_by(self, message: QueuedMessage) -> Iterator[StoredObject]:
        try:
            yield from self._sightings.of(message.body)
        except PoisonMessage as why:
            self._park(message, why)
            count("dead_letter")
