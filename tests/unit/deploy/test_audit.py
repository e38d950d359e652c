"""What is installed is pinned, has a licence from the list, and a report of flaws is never read as clean by mistake."""

import json
from pathlib import Path

import pytest

from deploy import audit


@pytest.mark.parametrize("lock", audit.LOCKS, ids=lambda lock: str(lock.relative_to(audit.ROOT)))
def test_every_requirement_is_one_version(lock: Path):
    assert audit.unpinned(lock) == []
    assert len(audit.names_in(lock)) > 50


@pytest.mark.parametrize(
    "line",
    ["numpy>=2", "numpy", "git+https://x/y", "-e .", "numpy==2.*", "--index-url https://x", "numpy==2 --hash=md5:1"],
)
def test_whatever_lets_another_version_in_is_named(tmp_path: Path, line: str):
    lock = tmp_path / "requirements.lock"
    lock.write_text(f"# made by\nhttpx==0.28.1\n    # via x\n{line}\n")
    assert audit.unpinned(lock) == [line]


def test_every_licence_is_on_the_list():
    assert list(audit.unfit_licences(audit.LOCKS[0])) == []


@pytest.mark.parametrize("licence", ["GPL-3.0-only", "GNU Affero General Public License v3", "Proprietary", ""])
def test_other_licences_are_not(licence: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(audit, "licence_of", lambda name: licence)
    (tmp_path / "lock").write_text("httpx==0.28.1\n")
    assert len(list(audit.unfit_licences(tmp_path / "lock"))) == 1


def test_a_package_without_advisories_does_not_count_as_looked_up():
    report = {
        "dependencies": [
            {"name": "a", "version": "1", "vulns": []},
            {"name": "b", "version": "1", "vulns": [{"id": "CVE-1", "fix_versions": ["2"]}]},
            {"name": "c", "skip_reason": "not found"},
        ]
    }
    found = audit.audit_of(json.dumps(report))
    assert (found.looked_up, found.skipped) == (2, ("c",))
    assert found.findings == ("b 1: CVE-1, mended in 2",)


@pytest.mark.parametrize(("required", "status"), [("1", audit.UNREACHED), ("0", 0)])
def test_unreached_advisories_are_named_and_fail_where_they_are_required(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], required: str, status: int
):
    monkeypatch.setenv("REQUIRE_AUDIT", required)
    monkeypatch.setattr(audit, "ask_advisories", lambda lock: (_ for _ in ()).throw(OSError("no net")))
    assert audit.main() == status
    assert "SKIPPED" in capsys.readouterr().out


def test_a_flaw_fails(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(audit, "ask_advisories", lambda lock: audit.Audit(1, (), ("b 1: CVE-1, mended in 2",)))
    assert audit.main() == audit.FOUND
