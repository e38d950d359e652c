"""``python -m tests.fuzz --inputs N --seed N --target NAME``: counts per outcome out, and 1 if anything was found.

What was found is saved under ``--save``, one file per input and beside it what happened.
"""

import argparse
import sys
from pathlib import Path

from tests.fuzz.campaign import Found, Tally, fuzz
from tests.fuzz.targets import NAMES

# Of a run on all targets: decoders take a hundred times longer per input than parsers.
SHARES = {"events": 0.35, "codec": 0.30, "probe": 0.17, "pictures": 0.12, "videos": 0.06}


def plan(inputs: int, target: str) -> dict[str, int]:
    """How many inputs each target gets."""
    return {name: round(inputs * SHARES[name]) for name in NAMES} if target == "all" else {target: inputs}


def _show(name: str, tally: Tally) -> None:
    print(f"\n{name}: {tally.inputs} inputs in {tally.seconds:.0f} s, {len(tally.found)} found", flush=True)
    for outcome, count in tally.outcomes.most_common():
        print(f"  {count:>8}  {outcome}")


def _save(found: Found, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / f"{found.target}-{found.number}"
    place.with_suffix(".input").write_bytes(found.data)
    place.with_suffix(".txt").write_text(f"{found.what}\n")
    print(f"  found {place}: {found.what.splitlines()[-1][:200]}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--target", choices=[*NAMES, "all"], default="all")
    parser.add_argument("--save", type=Path, default=Path(".cache/fuzz"))
    wish = parser.parse_args()
    print(f"seed {wish.seed}", flush=True)
    tallies = []
    for name, inputs in plan(wish.inputs, wish.target).items():
        tally = fuzz(name, inputs, wish.seed)
        _show(name, tally)
        for found in tally.found:
            _save(found, wish.save)
        tallies.append(tally)
    found = sum(len(tally.found) for tally in tallies)
    print(f"\n{sum(tally.inputs for tally in tallies)} inputs, {found} found")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
