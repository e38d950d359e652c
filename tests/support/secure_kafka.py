"""A folder in; a real Kafka out that lets clients in with TLS and a password, or with a certificate of their own."""

import datetime
import ipaddress
from collections.abc import Mapping, Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from telltale.local_kafka import LocalKafka, free_ports
from tests.support.parts import KAFKA_LIBS

USER = "telltale"
LOOPBACK = "127.0.0.1"
_ASKS_WHAT_THEY_MAY = {
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "super.users": f"User:ANONYMOUS;User:{USER}",
}


class Authority:
    """A certificate authority of a test's own, which signs what it is asked to."""

    def __init__(self, folder: Path, name: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._certificate = self._signed(self._name, self._key.public_key(), is_authority=True)
        self.file = folder / f"{name}.ca.pem"
        self.file.write_bytes(_pem(self._certificate))

    def issue(self, name: str) -> tuple[Path, Path]:
        """A certificate for ``name`` on loopback and its key, as files."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate, private = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        certificate.write_bytes(_pem(self._signed(subject, key.public_key())) + _pem(self._certificate))
        private.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return certificate, private

    def _signed(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, *, is_authority: bool = False
    ) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address(LOOPBACK))]
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=2))
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .sign(self._key, hashes.SHA256())
        )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


class SecureKafka:
    """One Kafka node whose listeners ask who is there; ``secret`` is the password of the user ``telltale``.

    With ``users``, who have the same password, the node also asks what everybody may do: without access rules the
    user ``telltale`` may do everything, and the others nothing.

    ``password`` is the address for TLS with SCRAM or PLAIN, ``mutual`` the one for client certificates, ``open`` the
    one without either that the node itself uses.
    """

    def __init__(self, folder: Path, *, secret: str, users: Sequence[str] = ()) -> None:
        plain, password, mutual = free_ports(3)
        self.open, self.password, self.mutual = (f"{LOOPBACK}:{port}" for port in (plain, password, mutual))
        self.authority = Authority(folder / "keys", "authority")
        self.secret = secret
        certificate, key = self.authority.issue("broker")
        self._chain = folder / "keys" / "broker.chain.pem"
        self._chain.write_bytes(key.read_bytes() + certificate.read_bytes())
        self._users = users
        kinds = ("SCRAM-SHA-256", "SCRAM-SHA-512")
        scram = [f"{kind}=[name={user},password={secret}]" for kind in kinds for user in (USER, *users)]
        self._node = LocalKafka(
            folder / "node",
            libs=KAFKA_LIBS,
            port=plain,
            more_listeners={"PASSWORD": password, "MUTUAL": mutual},
            more_properties=self._properties(),
            format_arguments=[part for one in scram for part in ("--add-scram", one)],
        )

    def environment(self, user: str = USER, **more: str) -> dict[str, str]:
        """The settings of a process that comes in by password."""
        return {
            "KAFKA_BOOTSTRAP_SERVERS": self.password,
            "TELLTALE_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "TELLTALE_KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
            "TELLTALE_KAFKA_USERNAME": user,
            "TELLTALE_KAFKA_PASSWORD": self.secret,
            "TELLTALE_KAFKA_CA_FILE": str(self.authority.file),
            **more,
        }

    def _properties(self) -> Mapping[str, str | int]:
        tls = {"ssl.keystore.type": "PEM", "ssl.keystore.location": str(self._chain)}
        tls |= {"ssl.truststore.type": "PEM", "ssl.truststore.location": str(self.authority.file)}
        modules = "org.apache.kafka.common.security"
        scram = f"{modules}.scram.ScramLoginModule required;"
        return {
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,PASSWORD:SASL_SSL,MUTUAL:SSL",
            "inter.broker.listener.name": "PLAINTEXT",
            "sasl.enabled.mechanisms": "SCRAM-SHA-256,SCRAM-SHA-512,PLAIN",
            "listener.name.password.scram-sha-256.sasl.jaas.config": scram,
            "listener.name.password.scram-sha-512.sasl.jaas.config": scram,
            "listener.name.password.plain.sasl.jaas.config": (
                f'{modules}.plain.PlainLoginModule required user_{USER}="{self.secret}";'
            ),
            "listener.name.mutual.ssl.client.auth": "required",
            **tls,
            **(_ASKS_WHAT_THEY_MAY if self._users else {}),
        }

    def __enter__(self) -> "SecureKafka":
        self._node.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._node.stop()
