"""The card of a detector: everything that is known and measured about it, read from a JSON file and checked."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from detectors.calibration import Calibration
from detectors.detector import DetectorSpec

Sha256 = str
_SHA256 = r"^[0-9a-f]{64}$"
_PLAIN_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
_PLAIN_PATH = r"^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*$"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TrainingData(_Part):
    """What the detector learned from; a number that nobody stated is ``None``."""

    name: str
    description: str
    source: str | None = None
    licence: str | None = None
    n_items: NonNegativeInt | None = None
    n_identities: NonNegativeInt | None = None


FigureGroup = Literal[
    "unseen_people", "genuine_clips", "forged_clips", "generated_clips", "calibration", "training", "other"
]


class Figure(_Part):
    """One measured number: what, on which data, and the command that printed it or the source that published it.

    ``group`` is the heading under which it stands. ``of`` names another detector that was measured on the same data,
    to stand beside this one's. A figure of the calibration is that after it; ``before`` is the one before it.
    """

    name: str
    value: float
    on: str
    group: FigureGroup = "other"
    of: str | None = None
    before: float | None = None
    n_items: NonNegativeInt | None = None
    low: float | None = None
    high: float | None = None
    command: str | None = None
    source: str | None = None
    note: str | None = None

    @model_validator(mode="after")
    def _comes_from_somewhere(self) -> "Figure":
        if (self.command is None) == (self.source is None):
            raise ValueError(f"figure {self.name!r} needs the command that printed it or the source, one of the two")
        return self


class Spread(_Part):
    """One figure of several runs that differ in their seed only: ``values`` by seed."""

    name: str
    on: str
    values: dict[NonNegativeInt, float] = Field(min_length=1)
    command: str


class Tried(_Part):
    """Something that was tried and dropped: why, and the figures that decided it."""

    name: str
    why: str
    figures: tuple[Figure, ...] = ()


class Thresholds(_Part):
    """Limits on the calibrated probability that this detector's own card recommends."""

    lower: float = Field(ge=0.0, le=1.0)
    upper: float = Field(ge=0.0, le=1.0)
    chosen_by: str


class ConvertedFile(_Part):
    """What a foreign weights file becomes once: a safetensors file with its own pinned hash."""

    file: str = Field(pattern=_PLAIN_NAME)
    sha256: Sha256 = Field(pattern=_SHA256)
    bytes: PositiveInt
    converter: str = Field(pattern=r"^[\w.]+:\w+$")


class Checkpoint(_Part):
    """What a published torch checkpoint becomes once: a safetensors file with the original's own tensor names.

    ``network`` names the original network that these tensors must fit, as ``system/network``, or as ``module:NAME`` in
    another package; ``strip`` are prefixes that are taken off the keys, the first that fits.
    """

    file: str = Field(pattern=_PLAIN_NAME)
    network: str = Field(pattern=r"^([a-z0-9_]+/[a-z0-9_]+|[\w.]+:\w+)$")
    strip: tuple[str, ...] = ("module.",)


class WeightsFile(_Part):
    """One file of the published weights; ``converted`` or ``checkpoint`` when another file is loaded in its place.

    Without a ``sha256`` the first file that is fetched is trusted, and its hash is recorded. An ``optional`` file is
    not needed to score.
    """

    file: str = Field(pattern=_PLAIN_PATH)
    sha256: Sha256 | None = Field(default=None, pattern=_SHA256)
    bytes: PositiveInt | None = None
    url: str | None = None
    optional: bool = False
    converted: ConvertedFile | None = None
    checkpoint: Checkpoint | None = None

    @model_validator(mode="after")
    def _becomes_one_thing(self) -> "WeightsFile":
        if self.converted and self.checkpoint:
            raise ValueError(f"{self.file} is either converted or read as a checkpoint")
        return self

    @property
    def pinned(self) -> bool:
        """Whether the card says which bytes these are, so that they belong to its version."""
        return self.sha256 is not None or self.loaded_sha256 is not None

    @property
    def loaded_file(self) -> str:
        stored = self.converted or self.checkpoint
        return stored.file if stored else self.file

    @property
    def loaded_sha256(self) -> Sha256 | None:
        """The pinned hash of the file that is loaded; ``None`` where the record of the first fetch decides."""
        if self.checkpoint:
            return None
        return self.converted.sha256 if self.converted else self.sha256


class Cost(_Part):
    """What scoring costs; the times with the command that printed them.

    ``multiply_adds`` are per clip; ``ms_per_clip`` by the number of clips in a batch; ``memory_mib`` is what the
    process grows by when the detector is loaded and scores.
    """

    parameters: PositiveInt
    multiply_adds: PositiveInt | None = None
    cpu_ms_per_clip: PositiveFloat | None = None
    ms_per_clip: dict[PositiveInt, PositiveFloat] = {}
    memory_mib: PositiveFloat | None = None
    load_s: PositiveFloat | None = None
    measured_on: str | None = None
    command: str | None = None


class Licences(_Part):
    code: str
    weights: str


class DetectorCard(_Part):
    """All that is said of one detector; ``shipped`` weights lie in the package, others are fetched.

    ``defects`` are those of the published system, each with what is done about it here; ``archive_url`` is a tarball
    that holds the weights files. ``seeds`` are those of the runs behind the weights and ``spread`` what other seeds
    gave; ``tried`` is what was dropped on the way. ``shipped_in`` is where the shipped weights of another package lie;
    its file does not say, whoever reads the card does.
    """

    spec: DetectorSpec
    lifecycle: Literal["experimental", "active", "deprecated"]
    lifecycle_reason: str
    summary: str
    references: tuple[str, ...] = ()
    training_data: tuple[TrainingData, ...]
    figures: tuple[Figure, ...] = ()
    seeds: tuple[NonNegativeInt, ...] = ()
    spread: tuple[Spread, ...] = ()
    tried: tuple[Tried, ...] = ()
    calibration: Calibration | None = None
    thresholds: Thresholds | None = None
    blind_spots: tuple[str, ...]
    not_for: tuple[str, ...]
    defects: tuple[str, ...] = ()
    weights: tuple[WeightsFile, ...]
    archive_url: str | None = None
    shipped: bool = False
    shipped_in: Path | None = Field(default=None, exclude=True)
    cost: Cost
    licences: Licences

    @model_validator(mode="after")
    def _calibration_says_of_what(self) -> "DetectorCard":
        unpinned = [file.file for file in self.weights if not file.pinned and not file.optional]
        if unpinned and self.calibration and self.calibration.weights_sha256 is None:
            raise ValueError(f"the calibration must name its weights, because {', '.join(unpinned)} can change")
        return self


def read_card(path: Path) -> DetectorCard:
    """The card in the JSON file ``path``; raises ``FileNotFoundError`` or pydantic's ``ValidationError``."""
    return DetectorCard.model_validate_json(path.read_bytes())
