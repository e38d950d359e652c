"""``python -m tests.chaos --items 300 --faults 30 --seed 7``: a deployment is hurt on purpose; 0 leaves if it held."""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.chaos.run import Plan, run


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--items", type=int, default=300, help="uploads at least")
    parser.add_argument("--faults", type=int, default=32)
    parser.add_argument("--seed", type=int, default=random.randrange(10_000), help="default: any; it is printed")
    parser.add_argument("--minutes", type=float, default=10.0, help="for all uploads; no fault begins later")
    parser.add_argument("--within", type=float, default=15.0, help="seconds in which a killed worker is made up for")
    parser.add_argument("--keep", type=Path, help="folder for everything that is written, kept afterwards")
    asked = parser.parse_args()
    plan = Plan.of(
        seed=asked.seed, items=asked.items, faults=asked.faults, minutes=asked.minutes, within_s=asked.within
    )
    say(f"seed {asked.seed}; importing torch and faust takes {import_s():.1f} s now, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory(prefix="telltale-chaos-") as folder:
        report = run(asked.keep or Path(folder), plan, say)
    for line in report.lines():
        say(line)
    return 0 if report.passed else 1


def import_s() -> float:
    """How long a worker's imports alone take, which a killed worker has to do again."""
    began_s = time.monotonic()
    subprocess.run([sys.executable, "-c", "import torch, faust"], check=True)
    return time.monotonic() - began_s


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
