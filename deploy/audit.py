"""Locked requirements in; known flaws, unfit licences and missing pins out; run as ``python -m deploy.audit``.

Advisories are on the net. Where they cannot be reached it is said and nothing is claimed; with REQUIRE_AUDIT=1 that is
a failure, and so is every package that could not be looked up.
"""

import json
import os
import re
import subprocess
import sys
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOCKS = (ROOT / "requirements.lock", ROOT / "deploy" / "docker" / "requirements.lock")
TOOL = "pip-audit==2.10.1"
FOUND, UNREACHED = 1, 3
# Licences whose terms an Apache-2.0 project that ships no copy of the packages can keep.
ALLOWED = re.compile(
    r"apache|\bmit\b|\bbsd\b|\b0bsd\b|\bisc\b|\bpsf\b|python software foundation|python-2\.0|mpl[- ]?2|mozilla public|"
    r"unlicense|public domain|zlib|hpnd|historical permission|\blgpl|lesser general public|cc0|boost|mit-cmu",
    re.IGNORECASE,
)
# Drivers of a GPU: proprietary, redistributed by their maker only; they are fetched, never shipped by us.
PROPRIETARY = re.compile(r"^(nvidia-|cuda-)")


@dataclass(frozen=True)
class Audit:
    """What the advisories say: packages that were looked up, those that were not, and findings in words."""

    looked_up: int
    skipped: tuple[str, ...]
    findings: tuple[str, ...]


def unpinned(lock: Path) -> list[str]:
    """Lines of a lock that would let another version in: anything but ``name==version`` and what follows a hash."""
    lines = (line.split("#")[0].strip() for line in lock.read_text().splitlines())
    fit = re.compile(
        r"[A-Za-z0-9._-]+(\[[A-Za-z0-9,._-]+\])?==[A-Za-z0-9.+!_-]+( ;.*)?( \\)?|--hash=sha256:[0-9a-f]{64}( \\)?"
    )
    return [line for line in lines if line and not fit.fullmatch(line)]


def names_in(lock: Path) -> list[str]:
    """The packages of a lock."""
    return [
        line.split("==")[0].split("[")[0] for line in lock.read_text().splitlines() if re.match(r"[A-Za-z0-9]", line)
    ]


def licence_of(name: str) -> str:
    """What an installed package says of its licence, in one line; empty where it says nothing."""
    facts = metadata.metadata(name)
    expression, *_ = *(facts.get_all("License-Expression") or ()), ""
    full_text, *_ = *(facts.get_all("License") or ()), ""
    classifiers = [line for line in facts.get_all("Classifier") or () if line.startswith("License ::")]
    said = [expression, *classifiers, full_text.split("\n\n")[0][:200]]
    return " ".join(" | ".join(filter(None, said)).split())


def unfit_licences(lock: Path) -> Iterator[str]:
    """Installed packages of a lock whose licence is not on the list, with what they say; others are passed over."""
    for name in names_in(lock):
        try:
            licence = licence_of(name)
        except metadata.PackageNotFoundError:
            continue
        if not ALLOWED.search(licence) and not PROPRIETARY.match(name):
            yield f"{name}: {licence or 'says nothing'}"


def audit_of(report: str) -> Audit:
    """The report of pip-audit, which calls a package that it could not look up no failure."""
    packages = json.loads(report)["dependencies"]
    skipped = tuple(one["name"] for one in packages if "skip_reason" in one)
    findings = tuple(
        f"{one['name']} {one['version']}: {flaw['id']}, mended in {', '.join(flaw['fix_versions']) or 'no version yet'}"
        for one in packages
        for flaw in one.get("vulns", ())
    )
    return Audit(len(packages) - len(skipped), skipped, findings)


def ask_advisories(lock: Path) -> Audit:
    """Raises ``OSError`` where the tool cannot be had or has no answer."""
    done = subprocess.run(
        [str(_tool()), "--disable-pip", "--no-deps", "--progress-spinner=off", "-f", "json", "-r", str(lock)],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    if not done.stdout.strip():
        raise OSError((done.stderr.strip().splitlines() or ["no answer"])[-1])
    return audit_of(done.stdout)


def _tool() -> Path:
    """pip-audit in an environment of its own, so that its needs are none of ours."""
    folder = ROOT / ".cache" / "audit"
    if not (folder / "bin" / "pip-audit").exists():
        venv.create(folder, with_pip=True, clear=True)
        install = [str(folder / "bin" / "python"), "-m", "pip", "install", "-q", TOOL]
        if subprocess.run(install, check=False).returncode:
            raise OSError(f"{TOOL} cannot be installed")
    return folder / "bin" / "pip-audit"


def main() -> int:
    """Say everything that was found; 0 where it is nothing."""
    problems = [f"{lock.name}: not pinned: {line}" for lock in LOCKS for line in unpinned(lock)]
    problems += [f"licence not on the list: {line}" for line in unfit_licences(LOCKS[0])]
    try:
        audit = ask_advisories(LOCKS[0])
    except (OSError, subprocess.TimeoutExpired, ValueError) as why:
        audit = Audit(0, tuple(names_in(LOCKS[0])), ())
        _say(f"no advisories: {why}")
    problems += [f"vulnerable: {finding}" for finding in audit.findings]
    for problem in problems:
        _say(problem)
    if audit.skipped:
        together = audit.looked_up + len(audit.skipped)
        _say(f"SKIPPED: {len(audit.skipped)} of {together} packages: no advisories were reached.")
    if problems:
        return FOUND
    return UNREACHED if audit.skipped and os.environ.get("REQUIRE_AUDIT") == "1" else 0


def _say(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")


if __name__ == "__main__":
    sys.exit(main())
