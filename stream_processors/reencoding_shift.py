"""Nothing in, how far mild re-encoding was measured to move evidence out: what decides if a face is tried."""

from datetime import date
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, PositiveInt

SHIFT = Path(__file__).with_name("reencoding_shift.json")


class ReencodingShift(BaseModel):
    """Percentiles of the absolute shift that the mild changes gave to the calibrated logits of ``detector``.

    One shift per clip and change: of ``genuine`` clips, and of ``forged`` ones made from them. Made by ``command``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    command: str
    measured_on: date
    detector: str
    weights_sha256: str
    genuine: PositiveInt
    forged: PositiveInt
    p50: float
    p95: float
    p99: float


@cache
def reencoding_shift() -> ReencodingShift:
    """The measurement that the package carries."""
    return ReencodingShift.model_validate_json(SHIFT.read_bytes())
