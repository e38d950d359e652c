"""The variables that say how every process reaches Kafka: where it is, whom to trust there, and the login."""

from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

KafkaProtocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
KafkaMechanism = Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"]


class KafkaSettings(BaseSettings):
    """How every process reaches Kafka."""

    # A refused value could be a password, so errors do not repeat values.
    model_config = SettingsConfigDict(
        env_prefix="TELLTALE_", frozen=True, extra="ignore", populate_by_name=True, hide_input_in_errors=True
    )

    kafka_bootstrap_servers: str = Field(
        default="127.0.0.1:9092",
        validation_alias=AliasChoices("KAFKA_BOOTSTRAP_SERVERS", "kafka_bootstrap_servers"),
        description="host:port[,host:port] of the Kafka brokers",
    )
    kafka_security_protocol: KafkaProtocol = Field(default="PLAINTEXT", description="SSL: TLS; SASL: with a password")
    kafka_sasl_mechanism: KafkaMechanism = Field(default="SCRAM-SHA-512", description="how the password is proved")
    kafka_username: str | None = Field(default=None, description="user of the SASL protocols")
    kafka_password: SecretStr | None = Field(default=None, description="its password; better given as a file")
    kafka_password_file: Path | None = Field(default=None, description="file that holds it, as secrets are mounted")
    kafka_ca_file: Path | None = Field(default=None, description="PEM of who signs brokers; default: the system's")
    kafka_certificate_file: Path | None = Field(default=None, description="PEM of this client's own certificate")
    kafka_key_file: Path | None = Field(default=None, description="PEM of its key, where the former has none")
