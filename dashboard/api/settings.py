"""The environment contract of the API's process."""

from ipaddress import ip_address

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt

from contracts.settings import DashboardSettings


class ApiSettings(DashboardSettings):
    """What the API reads."""

    api_address: str = Field(default="127.0.0.1", description="address that the API listens on")
    api_port: int = Field(default=8502, ge=0, le=65535, description="port of the API; 0 takes a free one")
    api_requests_per_minute: NonNegativeInt = Field(default=600, description="most requests per key; 0: any number")
    api_cors_origins: str | None = Field(
        default=None, description="origins whose pages may call the API, comma-separated"
    )
    webhook_private_targets: bool = Field(default=False, description="let webhooks reach private and local addresses")
    webhook_attempts: PositiveInt = Field(default=8, description="a delivery is dead after so many tries")
    webhook_timeout_s: PositiveFloat = Field(default=10.0, description="longest wait for a webhook's answer")
    webhook_kept_days: PositiveInt = Field(default=30, description="finished deliveries stay in the log so long")

    @property
    def origins(self) -> tuple[str, ...]:
        return tuple(one.strip().rstrip("/") for one in (self.api_cors_origins or "").split(",") if one.strip())

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the API."""
        if self.api_address == "localhost":
            return True
        try:
            return ip_address(self.api_address).is_loopback
        except ValueError:
            return False
