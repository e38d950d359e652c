"""The folder of a detector's weights in; what was fetched into it, when and from where, out and back in."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from detectors.cards import DetectorCard

RECORD = "fetched.json"


@dataclass(frozen=True, kw_only=True)
class FetchedFile:
    """One weights file that lies in place: what it is, and where its original came from."""

    file: str
    sha256: str
    original: str
    original_sha256: str
    fetched_from: str
    fetched_at: str


Record = dict[str, FetchedFile]


def read_record(folder: Path) -> Record:
    """What was fetched into ``folder``, by file name; nothing where no record lies, or one that cannot be read."""
    try:
        files = json.loads((folder / RECORD).read_text(encoding="utf-8"))["files"]
        return {entry["file"]: FetchedFile(**entry) for entry in files}
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (ValueError, LookupError, TypeError):
        return {}  # the hashes that it held are lost: files that the card does not pin must be fetched again


def write_record(folder: Path, card: DetectorCard, record: Record) -> None:
    """Put the record in place in one step; whoever reads it meanwhile sees the old one or the new one."""
    body = {
        "detector": card.spec.name,
        "version": card.spec.version,
        "files": [asdict(record[file]) for file in sorted(record)],
    }
    fresh = folder / f"{RECORD}.part"
    fresh.write_text(json.dumps(body, indent=2) + "\n", encoding="utf-8")
    fresh.replace(folder / RECORD)


def stamp_of(folder: Path) -> tuple[int, int] | None:
    """What changes when the record does, at the price of one look at the disk; ``None`` without a record."""
    try:
        facts = (folder / RECORD).stat()
    except OSError:
        return None
    return facts.st_mtime_ns, facts.st_ino
