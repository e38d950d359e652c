"""A number of files in; how long comparing them with a read model takes and how much memory out, printed."""

import os
import resource
import tempfile
import tracemalloc
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, insert

from dashboard.read_model import open_engine
from dashboard.read_tables import items
from ingest.identity import media_id_of
from ingest.object_store import StoredObject
from ingest.object_stores.folder import FolderStore
from ingest.reconciliation import Gap
from ingest.sorted_listing import sorted_objects
from telltale.reconcile import Tally, compare
from telltale.terminal import say, say_json

IN_A_FOLDER = 5_000
APART = 1_000
ROWS_AT_ONCE = 2_000
_MIB = 2**20
_OLD_S = 3_600


def run(objects: int, *, as_json: bool) -> None:
    """Make the files and the read model, compare twice, print time and memory."""
    with tempfile.TemporaryDirectory(prefix="telltale-bench-") as folder:
        say(f"Making {objects} files and as many rows")
        store = make_files(Path(folder, "bucket"), objects)
        engine = open_engine(f"sqlite:///{Path(folder, 'read_model.sqlite')}")
        fill(engine, store)
        measured = measure(store, engine)
        engine.dispose()
    if as_json:
        say_json({"objects": objects, **measured})
        return
    say(
        f"{objects} objects against {objects} rows in {measured['seconds']:.1f} s; Python's memory grew by at most "
        f"{measured['peak_mib']:.1f} MiB, the process by {measured['rss_growth_mib']:.1f} MiB; "
        f"{measured['missing']} missing, {measured['changed']} changed, {measured['vanished']} vanished."
    )


def make_files(root: Path, count: int) -> FolderStore:
    """A bucket of empty files, a few thousand to a folder, an hour old."""
    store = FolderStore.make(root)
    for number in range(count):
        folder = root / f"day-{number // IN_A_FOLDER:04d}"
        if number % IN_A_FOLDER == 0:
            folder.mkdir()
        file = folder / f"clip {(number * 7_919) % count:07d}.mp4"
        file.touch()
        os.utime(file, (_OLD_S, _OLD_S))
    return store


def fill(engine: Engine, store: FolderStore) -> None:
    """A read model of the bucket in which one of a thousand objects is missing, one outdated and one vanished."""
    rows = (row for number, found in enumerate(sorted_objects(store)) for row in _rows_of(number, found, store.bucket))
    while some := list(islice(rows, ROWS_AT_ONCE)):
        with engine.begin() as connection:
            connection.execute(insert(items), some)


def measure(store: FolderStore, engine: Engine) -> dict[str, Any]:
    """Compare once for the time and the process's memory, once more for Python's own memory (which is slower)."""
    before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    tally = compare(store, engine, tell=_nobody)
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib
    return {
        **_gaps(tally),
        "seconds": tally.seconds,
        "rss_growth_mib": grown_kib / 1024,
        "peak_mib": peak_mib(store, engine),
    }


def peak_mib(store: FolderStore, engine: Engine) -> float:
    """The most memory that Python objects took during one comparison, in MiB."""
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        compare(store, engine, tell=_nobody)
        return (tracemalloc.get_traced_memory()[1] - before) / _MIB
    finally:
        tracemalloc.stop()


def _gaps(tally: Tally) -> dict[str, int]:
    return {gap.value: getattr(tally, gap.value) for gap in Gap}


def _nobody(_: object) -> None:
    """Gaps are counted by the tally."""


def _rows_of(number: int, found: StoredObject, bucket: str) -> Iterator[dict[str, Any]]:
    place = number % APART
    if place == 1:
        return
    if place == 3:
        yield _row(f"{found.key} that was", "1-0", bucket, number)
    yield _row(found.key, "older" if place == 2 else found.version, bucket, number)


def _row(key: str, version: str, bucket: str, number: int) -> dict[str, Any]:
    return {
        "media_id": media_id_of(bucket, key, version),
        "change": number,
        "created_change": number,
        "name": key.rpartition("/")[2],
        "source_key": key,
        "bucket": bucket,
        "arrived_at_s": float(number),
        "lifecycle": "final",
        "tab": "none",
        "kind": "video",
        "seq": 1,
        "untrained": False,
        "detectors_done": 1,
        "detectors_all": 1,
    }
