"""Files and functions keep the size in which they can be read at one sitting; words mean one thing."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("contracts", "ingest", "detectors", "stream_processors", "dashboard", "telltale")
LONGEST_FUNCTION = 60
LONGEST_FILE = 500
EMPTY_WORDS = re.compile(r"(Manager|Helper|Util|Handler|Processor)s?$")

FILES = [file for package in PACKAGES for file in sorted((ROOT / package).rglob("*.py"))]


def in_short(file: Path) -> str:
    return str(file.relative_to(ROOT))


def definitions(file: Path, *kinds: type[ast.AST]) -> Iterator[ast.AST]:
    yield from (node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, kinds))


@pytest.mark.parametrize("file", FILES, ids=in_short)
def test_a_file_has_one_subject_and_says_which(file: Path):
    source = file.read_text()
    assert len(source.splitlines()) <= LONGEST_FILE
    assert ast.get_docstring(ast.parse(source)), "every module starts with what enters and what leaves"


@pytest.mark.parametrize("file", FILES, ids=in_short)
def test_functions_are_small(file: Path):
    for node in definitions(file, ast.FunctionDef, ast.AsyncFunctionDef):
        assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        length = (node.end_lineno or node.lineno) - node.lineno + 1
        assert length <= LONGEST_FUNCTION, f"{node.name} has {length} lines"


@pytest.mark.parametrize("file", FILES, ids=in_short)
def test_classes_say_what_they_do(file: Path):
    for node in definitions(file, ast.ClassDef):
        assert isinstance(node, ast.ClassDef)
        assert not EMPTY_WORDS.search(node.name), node.name


def test_every_package_tells_type_checkers_that_it_is_typed():
    assert all((ROOT / package / "py.typed").exists() for package in PACKAGES)
