"""``python -m tests.parity DIR``: every golden fixture of a folder, one line each; fails when any of them is off."""

import argparse
import sys
import traceback
from pathlib import Path

from tests.parity.fixtures import OWN, fixtures_in, lines_of


def main(arguments: list[str] | None = None) -> int:
    """Print the lines; 0 when all are within their tolerance, else 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.parity", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=OWN, help="folder of fixtures (default: our own copy)")
    parser.add_argument("--only", default="", help="only files whose name contains this")
    chosen = parser.parse_args(arguments)
    failed = compared = 0
    for file in fixtures_in(chosen.folder):
        if chosen.only not in file.name:
            continue
        good, bad = _report(file)
        compared, failed = compared + good + bad, failed + bad
    print(f"{compared} comparisons, {failed} failed")
    return 1 if failed or not compared else 0


def _report(file: Path) -> tuple[int, int]:
    """Print the lines of one file; how many were good and how many bad, a crash being one bad line."""
    good = bad = 0
    print(f"{file.name}")
    try:
        for line in lines_of(file):
            print(f"  {line}", flush=True)
            good, bad = good + line.ok, bad + (not line.ok)
    except Exception as why:  # one broken fixture must not hide the others
        traceback.print_exc()
        print(f"  FAIL {type(why).__name__}: {why}", flush=True)
        bad += 1
    return good, bad


if __name__ == "__main__":
    sys.exit(main())
