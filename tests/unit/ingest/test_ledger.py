"""The ledger remembers over restarts and answers for any number of ids."""

import sqlite3
from pathlib import Path

import pytest

from ingest.ledger import Ledger


def test_it_remembers_over_a_restart(tmp_path: Path):
    path = tmp_path / "home" / "ingest.sqlite"
    with Ledger.open(path) as ledger:
        ledger.note(["a", "b"])
    with Ledger.open(path) as ledger:
        assert ledger.announced(["a", "b", "c"]) == {"a", "b"}


def test_noting_twice_changes_nothing(tmp_path: Path):
    with Ledger.open(tmp_path / "ledger") as ledger:
        ledger.note(["a"])
        ledger.note(["a", "a"])
        assert ledger.announced(["a"]) == {"a"}


def test_it_answers_for_more_ids_than_sqlite_takes_at_once(tmp_path: Path):
    many = [str(number) for number in range(70_000)]
    with Ledger.open(tmp_path / "ledger") as ledger:
        ledger.note(many[::2])
        assert ledger.announced(many) == set(many[::2])


def test_it_knows_nothing_of_nothing(tmp_path: Path):
    with Ledger.open(tmp_path / "ledger") as ledger:
        assert ledger.announced([]) == set()


def test_half_a_note_is_no_note(tmp_path: Path):
    def ids():
        yield "a"
        raise RuntimeError("interrupted")

    with Ledger.open(tmp_path / "ledger") as ledger:
        with pytest.raises(RuntimeError, match="interrupted"):
            ledger.note(ids())
        assert ledger.announced(["a"]) == set()


def test_a_file_that_is_no_ledger_is_refused(tmp_path: Path):
    (tmp_path / "ledger").write_bytes(b"this is no database at all, " * 100)
    with pytest.raises(sqlite3.DatabaseError):
        Ledger.open(tmp_path / "ledger")
