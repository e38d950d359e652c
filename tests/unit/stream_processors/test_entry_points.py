"""One command, four roles; the help of each names its environment."""

import pytest

from stream_processors.__main__ import ROLES, role_from


@pytest.mark.parametrize("role", ROLES)
def test_each_role_explains_its_environment(role, capsys):
    with pytest.raises(SystemExit) as left:
        role_from([role, "--help"])
    assert left.value.code == 0
    assert "KAFKA_BOOTSTRAP_SERVERS" in capsys.readouterr().out


def test_a_role_is_needed_and_must_be_known(capsys):
    assert role_from(["detect"]) == "detect"
    for wrong in ([], ["direct"], ["detect", "more"]):
        with pytest.raises(SystemExit) as left:
            role_from(wrong)
        assert left.value.code == 2
    assert "detect" in capsys.readouterr().err
