"""Media ids in; those that were never announced out: what keeps restarts and repeated events from announcing twice."""

import sqlite3
from collections.abc import Collection, Iterable
from pathlib import Path

_TABLE = "CREATE TABLE IF NOT EXISTS announced (media_id TEXT PRIMARY KEY, announced_at TEXT NOT NULL) WITHOUT ROWID"
_NOTE = "INSERT OR IGNORE INTO announced VALUES (?, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))"
_AT_ONCE = 500


class Ledger:
    """A SQLite file of announced media ids; for one thread.

    An id is noted only after Kafka has confirmed its announcement: a crash in between announces twice, which the
    stages after this one do not mind; it never loses one.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @classmethod
    def open(cls, path: Path) -> "Ledger":
        """The ledger in file ``path``, made if it is missing."""
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        with connection:
            connection.execute(_TABLE)
        return cls(connection)

    def announced(self, media_ids: Collection[str]) -> set[str]:
        """Those of ``media_ids`` that were announced before."""
        found: set[str] = set()
        waiting = list(media_ids)
        for start in range(0, len(waiting), _AT_ONCE):
            some = waiting[start : start + _AT_ONCE]
            marks = ",".join("?" * len(some))
            rows = self._connection.execute(f"SELECT media_id FROM announced WHERE media_id IN ({marks})", some)  # noqa: S608 - only question marks are put in
            found.update(row[0] for row in rows)
        return found

    def note(self, media_ids: Iterable[str]) -> None:
        """Remember that these were announced."""
        with self._connection:
            self._connection.executemany(_NOTE, [(media_id,) for media_id in media_ids])

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> "Ledger":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
