"""What a person typed as paths in; the files that are meant out, each once, in a stable order."""

import glob
from collections.abc import Iterator, Sequence
from pathlib import Path

from telltale.errors import CommandFailed

NO_SUCH_PATH = 2
UNFINISHED = (".part", ".tmp", ".crdownload")


def files_of(paths: Sequence[str]) -> list[Path]:
    """Files as they are, the files below folders (hidden and unfinished ones left out), the matches of patterns.

    Raises:
        CommandFailed: a path or pattern names nothing; exit code 2.
    """
    found: dict[Path, None] = {}
    for path in paths:
        found.update(dict.fromkeys(_named_by(path)))
    return list(found)


def _named_by(text: str) -> Iterator[Path]:
    path = Path(text).expanduser()
    if path.is_dir():
        yield from _below(path)
    elif path.is_file():
        yield path
    elif path.exists():
        raise CommandFailed(f"Neither a file nor a folder: {text}", exit_code=NO_SUCH_PATH)
    else:
        yield from _matches(text)


def _matches(pattern: str) -> Iterator[Path]:
    wanted = str(Path(pattern).expanduser())
    matches = sorted(glob.glob(wanted, recursive=True))  # noqa: PTH207 - Path.glob refuses absolute patterns
    if not matches:
        raise CommandFailed(f"No such file or folder: {pattern}", exit_code=NO_SUCH_PATH)
    for match in map(Path, matches):
        yield from _below(match) if match.is_dir() else (match,)


def _below(folder: Path) -> Iterator[Path]:
    for file in sorted(folder.rglob("*")):
        inner = file.relative_to(folder)
        if file.is_file() and not any(step.startswith(".") for step in inner.parts) and not _unfinished(file):
            yield file


def _unfinished(file: Path) -> bool:
    return file.name.startswith("~") or file.name.endswith(UNFINISHED)
