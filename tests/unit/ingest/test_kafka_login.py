"""Settings of a login become one address, which never shows its password and is refused where it could not work."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from contracts.errors import LoginRefused, NotNow
from contracts.security import KafkaSettings
from ingest.kafka_login import KafkaAddress, address_of, as_address, client_arguments, knock, trouble_with
from telltale.kafka_of_run import environment_for, kafka_of_run
from telltale.local_kafka import free_port
from telltale.run_state import ChildState, RunState, StageStatus
from tests.support.items import NOON
from tests.support.secure_kafka import Authority

PASSWORD = SecretStr("planted-password")


def test_a_plain_address_stays_plain():
    assert client_arguments("127.0.0.1:9092") == {
        "bootstrap_servers": "127.0.0.1:9092",
        "security_protocol": "PLAINTEXT",
    }
    assert str(as_address("a:1,b:2")) == "a:1,b:2"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"protocol": "SASL_SSL"}, "needs TELLTALE_KAFKA_USERNAME"),
        ({"protocol": "SASL_SSL", "username": "a"}, "needs TELLTALE_KAFKA_USERNAME"),
        ({"protocol": "SSL", "username": "a", "password": PASSWORD}, "sends no password"),
        ({"username": "a", "password": PASSWORD}, "sends no password"),
        (
            {"protocol": "SASL_PLAINTEXT", "mechanism": "PLAIN", "username": "a", "password": PASSWORD},
            "would send the password readable",
        ),
        ({"protocol": "SSL", "key_file": Path("key.pem")}, "without TELLTALE_KAFKA_CERTIFICATE_FILE"),
    ],
)
def test_what_could_not_work_or_gives_the_password_away_is_refused(wrong: dict[str, object], words: str):
    with pytest.raises(ValueError, match=words) as why:
        KafkaAddress("127.0.0.1:9092", **wrong)  # type: ignore[arg-type]
    assert PASSWORD.get_secret_value() not in str(why.value)


def test_the_password_may_lie_in_a_file(tmp_path: Path):
    file = tmp_path / "password"
    file.write_text("from a file\n")
    named = {"kafka_security_protocol": "SASL_SSL", "kafka_username": "a", "kafka_password_file": file}
    address = address_of(KafkaSettings(**named))  # type: ignore[arg-type]
    assert address.password is not None
    assert address.password.get_secret_value() == "from a file"
    assert "from a file" not in repr(address)
    with pytest.raises(ValueError, match="not both"):
        address_of(KafkaSettings(**named, kafka_password=PASSWORD))  # type: ignore[arg-type]
    file.unlink()
    with pytest.raises(ValueError, match="cannot be read"):
        address_of(KafkaSettings(**named))  # type: ignore[arg-type]


def test_files_that_are_no_certificates_are_named(tmp_path: Path):
    (tmp_path / "ca.pem").write_text("nothing of that kind")
    with pytest.raises(ValueError, match=r"cannot be read as PEM.*ca\.pem"):
        client_arguments(KafkaAddress("a:1", "SSL", ca_file=tmp_path / "ca.pem"))


def test_a_client_that_can_login_says_so_to_its_library(tmp_path: Path):
    authority = Authority(tmp_path, "authority")
    address = KafkaAddress("a:1", "SASL_SSL", username="me", password=PASSWORD, ca_file=authority.file)
    arguments = client_arguments(address)
    assert arguments["sasl_mechanism"] == "SCRAM-SHA-512"
    assert arguments["sasl_plain_password"] == PASSWORD.get_secret_value()
    assert arguments["ssl_context"].check_hostname
    assert arguments["ssl_context"].minimum_version.name == "TLSv1_2"


def test_nobody_there_is_not_a_refusal():
    nobody = f"127.0.0.1:{free_port()}"
    with pytest.raises(NotNow, match="does not answer") as why:
        knock(nobody)
    assert not isinstance(why.value, LoginRefused)
    assert "does not answer" in str(trouble_with(nobody, TimeoutError("late")))
    with pytest.raises(NotNow, match="is not host:port"):
        knock("no address")


def test_a_run_with_a_kafka_of_its_own_needs_no_login(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "far:9093")
    monkeypatch.setenv("TELLTALE_KAFKA_SECURITY_PROTOCOL", "SASL_SSL")
    monkeypatch.setenv("TELLTALE_KAFKA_USERNAME", "me")
    monkeypatch.setenv("TELLTALE_KAFKA_PASSWORD", PASSWORD.get_secret_value())
    own = StageStatus(state=ChildState.READY, since=NOON, log="kafka.log")
    assert kafka_of_run(RunState(home="x", kafka="near:1", stages={"kafka": own})) == KafkaAddress("near:1")
    assert kafka_of_run(RunState(home="x", kafka="far:9093")).protocol == "SASL_SSL"
    assert not {name for name in environment_for("near:1") if name.startswith("TELLTALE_KAFKA_PASSWORD")}
    assert environment_for("far:9093")["TELLTALE_KAFKA_PASSWORD"] == PASSWORD.get_secret_value()
