"""Settings in; one address of Kafka with its login out, what each client library wants of it, and why it fails.

Libraries answer a wrong password, an unknown certificate and a listener that wants TLS alike, with a time-out. Here one
more connection is made then, which says which of them it was.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from aiokafka.conn import AIOKafkaConnection
from aiokafka.errors import KafkaConnectionError, KafkaError
from aiokafka.protocol.metadata import MetadataRequest
from pydantic import SecretStr

from contracts.errors import LoginRefused, NotNow
from contracts.security import KafkaMechanism, KafkaProtocol, KafkaSettings

_PROBE_S = 5.0
_CLOSING_S = 1.0
_log = structlog.get_logger()


@dataclass(frozen=True)
class KafkaAddress:
    """Where Kafka is and how a client gets in; with ``servers`` alone: without TLS and without a login.

    Raises:
        ValueError: it could never work, or would send the password in a form that everybody on the way can read.
    """

    servers: str
    protocol: KafkaProtocol = "PLAINTEXT"
    mechanism: KafkaMechanism = "SCRAM-SHA-512"
    username: str | None = None
    password: SecretStr | None = None
    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None

    def __post_init__(self) -> None:
        if self.has_login and not (self.username and self.password):
            raise ValueError(f"{self.protocol} needs TELLTALE_KAFKA_USERNAME and TELLTALE_KAFKA_PASSWORD (or _FILE)")
        if not self.has_login and (self.username or self.password):
            raise ValueError(f"{self.protocol} sends no password; set TELLTALE_KAFKA_SECURITY_PROTOCOL=SASL_SSL")
        if self.protocol == "SASL_PLAINTEXT" and self.mechanism == "PLAIN":
            raise ValueError("PLAIN without TLS would send the password readable; use SASL_SSL, or SCRAM")
        if self.key_file and not self.certificate_file:
            raise ValueError("TELLTALE_KAFKA_KEY_FILE is of no use without TELLTALE_KAFKA_CERTIFICATE_FILE")

    @property
    def has_tls(self) -> bool:
        return self.protocol in ("SSL", "SASL_SSL")

    @property
    def has_login(self) -> bool:
        return self.protocol in ("SASL_PLAINTEXT", "SASL_SSL")

    def __str__(self) -> str:
        return self.servers


def address_of(settings: KafkaSettings) -> KafkaAddress:
    """The Kafka of a process. Raises ``ValueError``: its settings contradict each other or name no readable file."""
    return KafkaAddress(
        servers=settings.kafka_bootstrap_servers,
        protocol=settings.kafka_security_protocol,
        mechanism=settings.kafka_sasl_mechanism,
        username=settings.kafka_username,
        password=_password_of(settings),
        ca_file=settings.kafka_ca_file,
        certificate_file=settings.kafka_certificate_file,
        key_file=settings.kafka_key_file,
    )


def _password_of(settings: KafkaSettings) -> SecretStr | None:
    file = settings.kafka_password_file
    if file is None:
        return settings.kafka_password
    if settings.kafka_password is not None:
        raise ValueError("give TELLTALE_KAFKA_PASSWORD or TELLTALE_KAFKA_PASSWORD_FILE, not both")
    try:
        return SecretStr(file.read_text(encoding="utf-8").rstrip("\r\n"))
    except (OSError, UnicodeDecodeError) as why:
        raise ValueError(f"TELLTALE_KAFKA_PASSWORD_FILE names {file}, which cannot be read") from why


def as_address(kafka: KafkaAddress | str) -> KafkaAddress:
    """``host:port[,host:port]`` as the address of a Kafka that asks nobody who is there; an address as it is."""
    return kafka if isinstance(kafka, KafkaAddress) else KafkaAddress(kafka)


def client_arguments(kafka: KafkaAddress | str) -> dict[str, Any]:
    """What every client of kafka-python is given to get in.

    Raises:
        ValueError: a certificate or key file cannot be read.
    """
    address = as_address(kafka)
    arguments: dict[str, Any] = {"bootstrap_servers": address.servers, "security_protocol": address.protocol}
    if address.has_tls:
        arguments["ssl_context"] = tls_context(address)
    return arguments | _login(address)


def _login(address: KafkaAddress) -> dict[str, Any]:
    if not address.has_login or address.password is None:
        return {}
    return {
        "sasl_mechanism": address.mechanism,
        "sasl_plain_username": address.username,
        "sasl_plain_password": address.password.get_secret_value(),
    }


def tls_context(address: KafkaAddress) -> ssl.SSLContext:
    """TLS 1.2 or newer that checks the broker's certificate and name, with our own certificate where there is one.

    Raises:
        ValueError: a certificate or key file cannot be read.
    """
    try:
        context = ssl.create_default_context(cafile=address.ca_file)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if address.certificate_file:
            # A key with a passphrase would make OpenSSL ask on the terminal, where nobody answers.
            context.load_cert_chain(address.certificate_file, address.key_file, password="")
    except (OSError, ssl.SSLError) as why:
        files = [str(file) for file in (address.ca_file, address.certificate_file, address.key_file) if file]
        raise ValueError(f"cannot be read as PEM without a passphrase: {', '.join(files)} ({why})") from why
    return context


def trouble_with(kafka: KafkaAddress | str, why: Exception) -> NotNow:
    """What a client's failure means: ``LoginRefused`` where Kafka is there and does not let us in, else ``NotNow``."""
    try:
        knock(kafka)
    except NotNow as found:
        return found
    return NotNow(f"Kafka at {kafka} does not serve now: {type(why).__name__}: {why}")


def knock(kafka: KafkaAddress | str) -> None:
    """Return when one of the brokers has let us in, which takes seconds at most; no password is in what is raised.

    Raises:
        LoginRefused: a broker is there, and our certificate, password or protocol does not open it.
        NotNow: none is there.
    """
    address = as_address(kafka)
    context = tls_context(address) if address.has_tls else None
    # Callers may sit in an event loop of their own.
    with ThreadPoolExecutor(1) as aside:
        refusals = [aside.submit(asyncio.run, _refusal(address, one, context)).result() for one in _brokers(address)]
    if not all(refusals):
        return
    raise next((one for one in refusals if isinstance(one, LoginRefused)), refusals[0] or NotNow("no broker is named"))


def knock_if_there(settings: KafkaSettings) -> None:
    """What an entry point does first: raise ``LoginRefused`` before anything else; a broker that is away may come."""
    try:
        knock(address_of(settings))
    except LoginRefused:
        raise
    except NotNow as why:
        _log.info("waiting_for_kafka", why=str(why))


def _brokers(address: KafkaAddress) -> list[tuple[str, int]]:
    named = [one.strip().rpartition(":") for one in address.servers.split(",") if one.strip()]
    try:
        return [(host.strip("[]"), int(port)) for host, _, port in named]
    except ValueError as why:
        raise NotNow(f"{address.servers} is not host:port[,host:port]") from why


async def _refusal(address: KafkaAddress, broker: tuple[str, int], context: ssl.SSLContext | None) -> NotNow | None:
    where = f"Kafka at {broker[0]}:{broker[1]}"
    try:
        async with asyncio.timeout(_PROBE_S), _connection(address, broker, context) as made:
            # A broker tells its versions to everybody; that it answers a question shows that we are in.
            await made.send(MetadataRequest([]))
    except ssl.SSLCertVerificationError as why:
        return LoginRefused(
            f"{where} is not trusted, so nothing is sent: {why.verify_message} (TELLTALE_KAFKA_CA_FILE)"
        )
    except ssl.SSLError as why:
        return LoginRefused(f"{where} and we find no common TLS: {why.reason} (TELLTALE_KAFKA_SECURITY_PROTOCOL)")
    except (KafkaConnectionError, OSError) as why:
        return await _silent_refusal(address, broker, where) or NotNow(f"{where} does not answer: {why}")
    except KafkaError as why:
        who = f"the user {address.username}" if address.has_login else "a client without a login"
        return LoginRefused(
            f"{where} does not let {who} in: {type(why).__name__} (TELLTALE_KAFKA_PASSWORD, _MECHANISM)"
        )
    return None


@asynccontextmanager
async def _connection(
    address: KafkaAddress, broker: tuple[str, int], context: ssl.SSLContext | None
) -> AsyncIterator[AIOKafkaConnection]:
    opened: list[object] = []
    made = AIOKafkaConnection(
        *broker,
        security_protocol=address.protocol,
        ssl_context=context,
        request_timeout_ms=int(1000 * _PROBE_S),
        on_close=lambda connection, reason: opened.append(connection),
        **_login(address),
    )
    try:
        await made.connect()
        yield made
    finally:
        closed = made.close()
        if opened and closed is not None:
            # The event loop ends with us, and a socket that it still has to close would stay open.
            await asyncio.wait({closed}, timeout=_CLOSING_S)


async def _silent_refusal(address: KafkaAddress, broker: tuple[str, int], where: str) -> LoginRefused | None:
    """Why a broker that took our connection closed it without a word; nothing where it took none."""
    if not await _accepts(broker, None):
        return None
    anybody = ssl.create_default_context()
    anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE  # nothing is sent, only the greeting is tried
    speaks_tls = await _accepts(broker, anybody)
    if speaks_tls and not address.has_tls:
        return LoginRefused(f"{where} takes TLS only, and we came without (TELLTALE_KAFKA_SECURITY_PROTOCOL)")
    if not speaks_tls and address.has_tls:
        return LoginRefused(f"{where} has no TLS, so nothing is sent (TELLTALE_KAFKA_SECURITY_PROTOCOL)")
    known = "it may not know who signed our certificate" if address.certificate_file else "it may want a certificate"
    return LoginRefused(f"{where} closes the door: {known}, or want a password (TELLTALE_KAFKA_SECURITY_PROTOCOL)")


async def _accepts(broker: tuple[str, int], context: ssl.SSLContext | None) -> bool:
    with suppress(OSError, TimeoutError, ssl.SSLError):
        async with asyncio.timeout(_PROBE_S):
            _, writer = await asyncio.open_connection(*broker, ssl=context)
            writer.close()
            with suppress(OSError, ssl.SSLError):
                await asyncio.wait_for(writer.wait_closed(), _CLOSING_S)
            return True
    return False
