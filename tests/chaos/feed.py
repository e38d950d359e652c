"""A bucket and a pace in; small uploads of every kind out, each remembered with its id and the time it was placed."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

import cv2
import numpy as np

from ingest.identity import media_id_of
from ingest.object_stores.folder import FolderStore
from tests.support.short_clips import a_face_clip, a_picture


@dataclass(frozen=True)
class Placed:
    """One upload; ``at_s`` is seconds since 1970."""

    media_id: str
    key: str
    at_s: float


class Feed:
    """Places uploads from a thread of its own, ``rate`` a second, until it is told to end.

    ``enough`` says that the pipeline has work for now: a backlog would only hide what a fault does.
    """

    def __init__(
        self, bucket: FolderStore, *, seed: int, rate: float, enough: Callable[[], bool] = lambda: False
    ) -> None:
        self.placed: dict[str, Placed] = {}
        self.rate = rate
        self._bucket = bucket
        self._enough = enough
        self._random = Random(seed)
        self._clips = [a_face_clip(number, frames=6) for number in range(2)]
        self._plain = cv2.imencode(".png", np.full((120, 160, 3), 90, np.uint8))[1].tobytes()
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="feed", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self._ended.set()
        self._thread.join()

    def place(self) -> Placed:
        """One more upload: mostly a picture, now and then a clip, a picture without a face, or no media at all."""
        with self._lock:
            number = len(self.placed)
            draw = self._random.random()
            kinds = ((0.04, "mp4"), (0.08, "png"), (0.12, "txt"), (1.0, "jpg"))
            kind = next(name for limit, name in kinds if draw < limit)
            key = f"{number % 10}/item {number:05}.{kind}"
            self._bucket.write(key, self._bytes(kind, number))
            version = self._bucket.stat(key).version
            placed = Placed(media_id_of(self._bucket.bucket, key, version), key, time.time())
            self.placed[placed.media_id] = placed
            return placed

    def _bytes(self, kind: str, number: int) -> bytes:
        if kind == "jpg":
            return a_picture(number)
        if kind == "mp4":
            return self._clips[number % len(self._clips)]
        return self._plain if kind == "png" else b"no media at all\n" * (1 + number % 5)

    def _run(self) -> None:
        while not self._ended.wait(1.0 / self.rate):
            if not self._enough():
                self.place()
