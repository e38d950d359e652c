"""What the threat model leans on exists: every test that it names is a file of this repository."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "threat_model.md").read_text()


def test_every_test_that_holds_a_measure_is_there():
    named = set(re.findall(r"`((?:unit|integration|architecture|conformance|fuzz)(?:/[\w./]+)?)`", PAGE))
    assert len(named) > 15
    assert not {name for name in named if not (ROOT / "tests" / name).exists()}


def test_every_setting_that_it_names_is_one():
    from contracts.settings import EVERY_SETTINGS

    known = {f"TELLTALE_{name.upper()}" for settings in EVERY_SETTINGS for name in settings.model_fields}
    assert set(re.findall(r"TELLTALE_[A-Z_]+[A-Z]", PAGE)) <= known
