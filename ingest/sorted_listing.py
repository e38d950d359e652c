"""A bucket in; its objects in the order of their keys out, in memory that does not grow with their number.

S3 servers list in that order already. A folder's entries come in any order, so they are sorted in runs that wait in
temporary files and are merged as they are read.
"""

import heapq
import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from contracts.errors import NotNow, ObjectMissing
from ingest.object_store import ObjectStore, StoredObject
from ingest.object_stores.folder import FolderStore

# A run is a few MB of memory and one open file: ten million objects are 500 of them.
RUN_LENGTH = 20_000


def sorted_objects(store: ObjectStore, *, run_length: int = RUN_LENGTH) -> Iterator[StoredObject]:
    """Every object of ``store``, ordered by key, code point by code point.

    Raises:
        NotNow: the store is away.
    """
    if isinstance(store, FolderStore):
        yield from in_order(_files_of(store), run_length=run_length)
    else:
        yield from store.list()


def in_order(objects: Iterable[StoredObject], *, run_length: int = RUN_LENGTH) -> Iterator[StoredObject]:
    """``objects`` sorted by key; at most ``run_length`` of them are in memory at a time, the others in files."""
    waiting = iter(objects)
    with tempfile.TemporaryDirectory(prefix="telltale-listing-") as folder, ExitStack() as open_files:
        runs = []
        while some := sorted(islice(waiting, run_length), key=lambda found: found.key):
            file = Path(folder, str(len(runs)))
            file.write_text("".join(_line_of(found) for found in some), encoding="utf-8")
            runs.append(map(_object_of, open_files.enter_context(file.open(encoding="utf-8", newline="\n"))))
        yield from heapq.merge(*runs, key=lambda found: found.key)


def _files_of(store: FolderStore) -> Iterator[StoredObject]:
    """As the store lists them, without asking the file system twice about every one."""
    folders = [store.root]
    while folders:
        folder = folders.pop()
        try:
            entries = os.scandir(folder)
        except OSError as why:
            if folder == store.root:
                raise NotNow(f"the folder of bucket {store.bucket} is away: {why.strerror}") from why
            continue  # removed, or closed to us, since its parent was read
        with entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(Path(entry.path))
                elif (found := _seen(store, entry)) is not None:
                    yield found


def _seen(store: FolderStore, entry: os.DirEntry[str]) -> StoredObject | None:
    try:
        key = store.key_of(Path(entry.path))
        if not entry.is_file(follow_symlinks=False):
            return store.stat(key)  # a link: where it leads is looked into
        facts = entry.stat(follow_symlinks=False)
    except (OSError, ObjectMissing, ValueError):
        return None  # gone, leads out of the bucket, or a name that is no text
    modified_at = datetime.fromtimestamp(facts.st_mtime, UTC)
    return StoredObject(key, facts.st_size, f"{facts.st_mtime_ns}-{facts.st_size}", modified_at)


def _line_of(found: StoredObject) -> str:
    return json.dumps([found.key, found.size_bytes, found.version, found.modified_at.timestamp()]) + "\n"


def _object_of(line: str) -> StoredObject:
    key, size_bytes, version, modified_at_s = json.loads(line)
    return StoredObject(key, size_bytes, version, datetime.fromtimestamp(modified_at_s, UTC))
