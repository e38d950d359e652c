"""A JSON file in, the settings of one training run out: data, families, network, schedule; checked when read."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveFloat, PositiveInt

Family = Literal["self_blend", "face_swap", "mouth", "mouth_warp", "resample", "rerender"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Collection(_Part):
    """Labelled media of one data set on disk, read by its published layout.

    ``dessa``: ``{train,val}/{base,augment,both}/{fake,real}[/frames]``; ``faceforensics`` and ``dfdc``: their folders
    and JSON manifests; ``folders``: ``real`` and ``fake`` below ``root``; ``csv``: the columns of
    ``telltale evaluate`` in ``manifest``. ``variant`` picks a part where a layout has several (for instance ``both``
    of ``dessa``, ``c23`` of ``faceforensics``).
    """

    kind: Literal["dessa", "faceforensics", "dfdc", "folders", "csv"]
    root: Path
    manifest: Path | None = None
    variant: str | None = None


class Data(_Part):
    """Where pictures come from; clips of ``footage`` are named by the start of their file name.

    A clip that is named neither for learning nor for calibration is left for the reported figures; clips of
    ``manipulated`` are only ever measured. ``collections`` are labelled media of others, split by their own
    manifests or else by identity; ``labelled_share`` of all examples are taken from them, the rest are pairs.
    ``split_seed`` divides people (without it the seed of the run does): runs that differ in their seed only must share
    it, or people that one of them reports on are people that another learned from. ``panels`` says where a clip shows
    its generated face (left and right edge in pixels), by the start of its file name. ``keep_out`` are people (as the
    index of the portraits spells them) who are seen in clips that are reported on: nobody learns from their portraits.
    ``set_aside_clips`` are neither learned from nor measured.
    """

    portraits: Path | None = None
    collections: tuple[Collection, ...] = ()
    labelled_share: float = Field(default=0.5, ge=0.0, le=1.0)
    footage: Path | None = None
    manipulated: Path | None = None
    learn_from_clips: tuple[str, ...] = ()
    calibrate_on_clips: tuple[str, ...] = ()
    frames_per_clip: PositiveInt = 24
    calibrate_share: float = Field(default=0.12, ge=0.0, lt=1.0)
    test_share: float = Field(default=0.15, ge=0.0, lt=1.0)
    split_seed: NonNegativeInt | None = None
    panels: dict[str, tuple[NonNegativeInt, PositiveInt]] = {}
    keep_out: tuple[str, ...] = ()
    set_aside_clips: tuple[str, ...] = ()
    cache: Path = Path(".cache/training")


class Pairs(_Part):
    """How a genuine picture and its manipulated twin are made.

    Faces are drawn between ``least_face_px`` and ``most_face_px``, but at most ``most_growth`` times as large as they
    were: what a picture was enlarged by is missing from its genuine half as well.

    ``harshness`` 1 lets capture chains ruin a picture, 0 hardly touches it; ``uneven_focus_share`` is the share of
    pairs in which the surroundings are softer or sharper than the face, as lenses and portrait modes leave them. A
    manipulation whose strongest hundredth changes the face by less than ``least_difference`` grey levels is drawn
    again. ``hevc_share`` of the video re-encodes are HEVC; ``cut_out_share`` of the pairs have a square painted over.
    """

    input_px: PositiveInt = 160
    margin: PositiveFloat = 0.15
    least_face_px: PositiveFloat = 48.0
    most_face_px: PositiveFloat = 300.0
    most_growth: PositiveFloat = 2.5
    footage_share: float = Field(default=0.3, ge=0.0, le=1.0)
    uneven_focus_share: float = Field(default=0.0, ge=0.0, le=1.0)
    harshness: float = Field(default=1.0, ge=0.0, le=1.0)
    hevc_share: float = Field(default=0.0, ge=0.0, le=1.0)
    cut_out_share: float = Field(default=0.0, ge=0.0, le=1.0)
    least_difference: float = Field(default=0.0, ge=0.0)
    families: dict[Family, PositiveFloat] = {
        "self_blend": 0.35,
        "face_swap": 0.25,
        "mouth": 0.1,
        "mouth_warp": 0.1,
        "resample": 0.2,
    }


class Network(_Part):
    """What is built around MobileNetV2: residuals of fixed high-pass filters, block spectra, weighted pooling."""

    srm: bool = False
    frequency: bool = False
    pooling: Literal["mean", "weighted"] = "mean"


class Schedule(_Part):
    """How long and how fast the network learns; a run that goes on from another takes other pairs (``first_pair``).

    ``class_weights`` weigh the loss of genuine and manipulated examples; ``balanced`` counts them first.
    ``early_stop`` ends the run after that many checks without a better one. ``precision`` ``auto`` is bf16 or fp16
    on a GPU that has them and fp32 elsewhere.
    """

    steps: PositiveInt = 800
    first_pair: NonNegativeInt = 0
    pairs_per_step: PositiveInt = 16
    learning_rate: PositiveFloat = 4e-4
    warm_up_steps: PositiveInt = 60
    weight_decay: float = Field(default=0.02, ge=0.0)
    average_decay: float = Field(default=0.995, gt=0.0, lt=1.0)
    checkpoint_every: PositiveInt = 100
    check_pairs: PositiveInt = 96
    loss: Literal["bce", "focal"] = "bce"
    focal_gamma: float = Field(default=2.0, ge=0.0)
    class_weights: Literal["balanced"] | tuple[PositiveFloat, PositiveFloat] | None = None
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"
    early_stop: PositiveInt | None = None


class TrainingConfig(_Part):
    """One run; the same file and seed give the same pictures in the same order.

    It starts from the published features of ``backbone``, or from the weights of an earlier run (``start_from``).
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    seed: NonNegativeInt = 1
    backbone: Path | None = None
    start_from: Path | None = None
    out: Path
    threads: PositiveInt = 1
    workers: NonNegativeInt = 1
    device: str = "auto"
    network: Network = Network()
    data: Data
    pairs: Pairs = Pairs()
    schedule: Schedule = Schedule()

    @property
    def split_seed(self) -> int:
        """The seed that divides people into those to learn from, to calibrate on and to report on."""
        return self.seed if self.data.split_seed is None else self.data.split_seed


def read_config(path: Path) -> TrainingConfig:
    """The settings in a JSON file. Raises ``FileNotFoundError`` or pydantic's ``ValidationError``."""
    return TrainingConfig.model_validate_json(path.read_bytes())
