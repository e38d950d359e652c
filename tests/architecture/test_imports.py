"""Imports only point down, contracts stay thin, heavy libraries stay where they belong."""

import ast
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BELOW = {
    "contracts": set(),
    "ingest": {"contracts"},
    "detectors": {"contracts"},
    "stream_processors": {"contracts", "ingest", "detectors"},
    "dashboard": {"contracts", "ingest", "detectors"},
    "telltale": {"contracts", "ingest", "detectors", "stream_processors", "dashboard"},
}
ALLOWED_IN_CONTRACTS = {"pydantic", "pydantic_settings", "numpy", "contracts"} | set(sys.stdlib_module_names)
FOREIGN = {
    "ingest": {"faust", "streamlit", "timm"},
    "detectors": {"faust", "kafka", "aiokafka", "streamlit", "boto3"},
    "dashboard": {"faust", "torch", "av", "cv2"},
}
DRAWERS = {"util", "utils", "common", "helpers", "misc"}


def modules_of(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imported_modules(file: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module)
    return names


def imported_packages(file: Path) -> set[str]:
    return {name.split(".")[0] for name in imported_modules(file)}


@pytest.mark.parametrize("package", BELOW)
def test_imports_only_point_down(package: str):
    for file in modules_of(package):
        assert imported_packages(file) & BELOW.keys() <= BELOW[package] | {package}, file


def test_contracts_stay_thin():
    lines = 0
    for file in modules_of("contracts"):
        assert imported_packages(file) <= ALLOWED_IN_CONTRACTS, file
        lines += len(file.read_text().splitlines())
    assert lines <= 1100


@pytest.mark.parametrize("package", FOREIGN)
def test_heavy_libraries_stay_where_they_belong(package: str):
    for file in modules_of(package):
        assert not imported_packages(file) & FOREIGN[package], file


@pytest.mark.parametrize("package", BELOW)
def test_no_drawers(package: str):
    assert not [file for file in modules_of(package) if file.stem in DRAWERS]


@pytest.mark.parametrize("package", BELOW)
def test_the_name_is_ours(package: str):
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    assert Path(spec.origin).is_relative_to(ROOT)


def test_no_page_shadows_a_package():
    taken = BELOW.keys() | set(sys.stdlib_module_names)
    assert not [file for file in (ROOT / "dashboard").glob("*.py") if file.stem in taken - {"dashboard"}]


def test_listing_detectors_loads_no_torch():
    program = "import sys, detectors; [detectors.card(n) for n in detectors.names()]; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == 0
