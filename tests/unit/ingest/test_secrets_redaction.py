"""Secrets leave no process in words: not the ones it was given, and not what has the form of one."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from contracts.settings import ProcessSettings
from contracts.vocabulary import Stage
from ingest import redaction
from ingest.parking import ParkedRecord, letter_of
from ingest.redaction import learn, redacted, secrets_of
from ingest.telemetry import configure_logs

PLANTED = "pl4nted+Secret/with=odd&signs"
RECORD = ParkedRecord("media.uploaded.v1", 0, 7, b"key", b"value")


@pytest.fixture(autouse=True)
def forgetful() -> Iterator[None]:
    before = set(redaction._known)
    yield
    redaction._known.clear()
    learn(before)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "https://b.s3/k?X-Amz-Credential=AK/1&X-Amz-Signature=abc&x=1",
            "X-Amz-Credential=***&X-Amz-Signature=***&x=1",
        ),
        ("postgresql://me:hunter22@db:5432/telltale", "postgresql://me:***@db:5432/telltale"),
        ("Authorization: Bearer abcdef0123456789", "Bearer ***"),
        ('{"client_secret": "abc123"}', '{"client_secret": "***"}'),
        ("KafkaClient(sasl_plain_password='hunter22', x=1)", "sasl_plain_password='***', x=1"),
        ("aws_secret_access_key = wJalrXUtnFEMI", "aws_secret_access_key = ***"),
        ("key telltale_0123456789ab_abcdefghijklmnopqrstuvwxyz-_ABCDEFGHIJKLMNO is", "telltale_0123456789ab_*** is"),
        ("whsec_c2VjcmV0c2VjcmV0", "whsec_***"),
        ("-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\n-----END EC PRIVATE KEY-----\n", "EC PRIVATE KEY ***"),
    ],
)
def test_what_has_the_form_of_a_secret_is_hidden(text: str, shown: str):
    assert shown in redacted(text)


@pytest.mark.parametrize(
    "text",
    [
        "uploads/20260301-120000-ab12/clip (final).mp4",
        "s3://incoming/desk/a=b&c.mp4",
        "media_id=4f1c0c5e7a9b4d2f8e6a1b3c5d7f9012 offset=7",
        "kafka=127.0.0.1:9092 password_file=/run/secrets/kafka",
        "SecretStr('**********')",
        "TELLTALE_KAFKA_PASSWORD, _MECHANISM",
    ],
)
def test_everything_else_stays_as_it_is(text: str):
    assert redacted(text) == text


@given(secret=st.text(min_size=6, max_size=60), before=st.text(max_size=20), after=st.text(max_size=20))
def test_a_secret_that_was_given_is_hidden_wherever_it_stands(secret: str, before: str, after: str):
    redaction._known.clear()
    learn([secret])
    # What is left could only be the secret by accident: from the words around it and the stars.
    assert secret not in redacted(f"{before}{secret}{after}") or secret in f"{before}***{after}"
    in_json = json.dumps(secret)[1:-1]
    assert in_json not in redacted(json.dumps([before, secret, after])) or in_json in json.dumps([before, "***", after])


def test_the_environment_tells_what_is_secret():
    environment = {
        "TELLTALE_KAFKA_PASSWORD": PLANTED,
        "TELLTALE_KAFKA_PASSWORD_FILE": "/run/secrets/kafka",
        "AWS_SECRET_ACCESS_KEY": "aws-secret",
        "AWS_SESSION_TOKEN": "aws-token",
        "TELLTALE_READ_MODEL_URL": "postgresql://me:in-address@db/telltale",
        "PATH": "/usr/bin",
    }
    assert sorted(secrets_of(environment)) == sorted([PLANTED, "aws-secret", "aws-token", "in-address"])


@pytest.mark.parametrize("form", ["json", "console"])
def test_log_lines_and_their_tracebacks_hide_it(
    form: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("TELLTALE_KAFKA_PASSWORD", PLANTED)
    monkeypatch.setenv("TELLTALE_KAFKA_USERNAME", "telltale")
    root, before = logging.getLogger(), logging.getLogger().handlers[:]
    stream = io.StringIO()
    try:
        configure_logs(ProcessSettings(log_format=form), Stage.EXTRACT)  # type: ignore[arg-type]
        for handler in root.handlers:
            handler.setStream(stream)  # type: ignore[attr-defined]
        log = structlog.get_logger()
        log.info("connecting", password=PLANTED, url=f"https://b.s3/k?X-Amz-Signature={PLANTED}")
        logging.getLogger("some.library").warning("login with %s failed", PLANTED)
        try:
            raise RuntimeError(f"the broker refused {PLANTED}")
        except RuntimeError:
            log.exception("stage_failed")
    finally:
        structlog.reset_defaults()
        structlog.contextvars.clear_contextvars()
        root.handlers = before
    said = stream.getvalue()
    assert PLANTED not in said
    assert said.count("***") >= 4
    if form == "json":
        assert next(json.loads(line)["event"] for line in said.splitlines()) == "connecting"


def test_dead_letters_hide_it_in_words_and_traceback():
    learn([PLANTED])
    try:
        raise ValueError(f"cannot open https://me:hunter22@store/{PLANTED}")
    except ValueError as why:
        letter = letter_of(RECORD, why, stage=Stage.EXTRACT, reason="poison_message")
    assert PLANTED not in letter.model_dump_json()
    assert "hunter22" not in letter.model_dump_json()


def test_settings_show_no_password_and_errors_repeat_no_value(monkeypatch: pytest.MonkeyPatch):
    settings = ProcessSettings(kafka_password=PLANTED)  # type: ignore[arg-type]
    assert PLANTED not in repr(settings) + str(settings) + settings.model_dump_json()
    monkeypatch.setenv("TELLTALE_KAFKA_SASL_MECHANISM", PLANTED)
    with pytest.raises(ValueError) as why:
        ProcessSettings()
    assert PLANTED not in str(why.value)
