"""The environment contract of every process: typed, frozen, read once at the entry point, described field by field.

Credentials are not here: S3 takes them (and its endpoint) from boto3's own chain.
"""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from contracts.security import KafkaSettings
from contracts.vocabulary import Reason


class ProcessSettings(KafkaSettings):
    """What every process of a deployment knows."""

    home: Path = Field(default=Path(".telltale"), description="folder for everything a process writes to disk")
    bucket: str = Field(default="bucket", description="watched bucket: a folder or s3://NAME[/PREFIX]")
    work_bucket: str = Field(default="work", description="where crop bundles lie: a folder or s3://NAME[/PREFIX]")
    notifications_topic: str = Field(default="bucket.notifications", description="topic of the S3 store's events")
    metrics_host: str = Field(default="127.0.0.1", description="address that the metrics page listens on")
    metrics_port: NonNegativeInt = Field(default=0, description="port of the metrics page; 0 switches it off")
    log_format: Literal["console", "json"] = Field(default="console", description="logs for people or for machines")
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="least level logged")
    detectors: str = Field(default="telltale,mesonet", description="this deployment's detectors, comma-separated")
    fuse_letters: NonNegativeInt = Field(default=50, description="more dead letters than this stop a stage; 0: never")
    fuse_within_s: PositiveFloat = Field(default=60.0, description="the time within which they have to be parked")

    @property
    def detector_names(self) -> tuple[str, ...]:
        return tuple(name.strip() for name in self.detectors.split(",") if name.strip())


class TopicSettings(ProcessSettings):
    """How topics are made when they are missing."""

    topic_partitions: PositiveInt = Field(default=6, description="partitions of every topic; Kafka's unit of scale")
    topic_replication: PositiveInt = Field(default=1, description="copies of every partition")


class IngestSettings(ProcessSettings):
    """Uploads in, ``media.uploaded`` out."""

    notifications_dialect: Literal["aws", "minio", "ceph", "versitygw", "seaweedfs", "none"] = Field(
        default="versitygw", description="whose event form it is (from SQS always aws); none: the bucket is only listed"
    )
    notifications_queue: str | None = Field(default=None, description="URL of an SQS queue that has the events instead")
    listing_interval_s: PositiveFloat = Field(default=60.0, description="how often an S3 bucket is listed anew")
    settle_s: PositiveFloat = Field(default=1.0, description="how long a file in a watched folder must rest first")
    max_object_bytes: PositiveInt = Field(default=8 * 2**30, description="larger objects are answered file_too_large")


class ExtractSettings(ProcessSettings):
    """``media.uploaded`` in; crop bundles, crop batches and ``media.extracted`` out."""

    max_object_bytes: PositiveInt = Field(default=8 * 2**30, description="larger objects are answered file_too_large")
    max_pixels: PositiveInt = Field(default=120_000_000, description="largest picture or frame, width times height")
    max_duration_s: PositiveFloat = Field(default=6 * 3600.0, description="longest video that is looked at to its end")
    max_frames: PositiveInt = Field(default=1_500_000, description="most frames of a video that are decoded")
    max_streams: PositiveInt = Field(default=100, description="a container with more streams is not opened")
    decoder_memory_bytes: PositiveInt = Field(default=4 * 2**30, description="address space of the decoding child")
    decoder_cpu_s: PositiveFloat = Field(default=3600.0, description="processor time of the decoding child per item")
    decoder_stall_s: PositiveFloat = Field(default=60.0, description="the decoding child is ended after such a silence")
    decoder_wall_s: PositiveFloat = Field(default=7200.0, description="longest wait for a decoding child, all together")
    chunk_frames: PositiveInt = Field(default=64, description="sampled frames per bundle and batch")
    locate_long_side_px: PositiveInt = Field(default=640, description="long side of frames in which faces are sought")
    locate_every: PositiveInt = Field(default=4, description="full search on every k-th sampled frame, tracks between")
    max_faces: PositiveInt = Field(default=16, description="most faces followed at a time; more is said, not hidden")
    face_locator: Literal["mtcnn", "retinaface_resnet50", "retinaface_mobilenet025", "dsfd_resnet152"] = Field(
        default="mtcnn", description="which network finds the faces; the others than mtcnn need fetched weights"
    )
    weights: Path | None = Field(default=None, description="folder of fetched weights; default: HOME/weights")
    locate_device: str = Field(default="cpu", description="device of face locators other than mtcnn: auto, cpu, cuda:N")
    torch_threads: PositiveInt = Field(default=2, description="processor threads of the face locator")


class DecisionSettings(ProcessSettings):
    """What turns a probability into a word, where it is not what the cards say."""

    prior: float = Field(default=0.5, gt=0.0, lt=1.0, description="share of manipulated files that is expected")
    lower_threshold: float | None = Field(
        default=None, ge=0.0, le=1.0, description="probability up to which nothing was found; default: the card's"
    )
    upper_threshold: float | None = Field(
        default=None, ge=0.0, le=1.0, description="probability from which a call is made; default: the card's"
    )

    @model_validator(mode="after")
    def _thresholds_are_a_pair(self) -> Self:
        pair = (self.lower_threshold, self.upper_threshold)
        if pair != (None, None) and (self.thresholds is None or self.thresholds[0] > self.thresholds[1]):
            raise ValueError("lower_threshold and upper_threshold are set together, the lower one first")
        return self

    @property
    def thresholds(self) -> tuple[float, float] | None:
        """The lower and the upper one; nothing where the cards' count."""
        if self.lower_threshold is None or self.upper_threshold is None:
            return None
        return self.lower_threshold, self.upper_threshold


class DetectSettings(DecisionSettings):
    """Crop batches in, ``detector.scores`` out."""

    device: str = Field(default="auto", description="auto, cpu, cuda, cuda:N, or several: cuda:0,1")
    precision: Literal["fp32", "fp16", "bf16"] = Field(default="fp32", description="numbers that networks count in")
    compile_networks: bool = Field(default=False, description="let torch.compile have the networks; slower to load")
    channels_last: bool = Field(default=True, description="keep the colours of a pixel side by side in memory")
    residence: Literal["hot", "warm", "cold"] = Field(
        default="hot", description="idle detectors stay loaded, release their weights, or end their process (up only)"
    )
    idle_s: PositiveFloat = Field(default=300.0, description="without work for this long a detector is idle")
    weights: Path | None = Field(default=None, description="folder of fetched weights; default: HOME/weights")
    weights_interval_s: PositiveFloat = Field(
        default=5.0, description="how often a worker looks for newly fetched weights, and for idle detectors"
    )
    micro_batch_clips: PositiveInt = Field(default=32, description="most clips in one forward pass")
    reencode_clips: NonNegativeInt = Field(default=4, description="clips per face and batch scored re-encoded too")
    micro_batch_age_s: PositiveFloat = Field(default=0.05, description="longest wait for a fuller forward pass")
    torch_threads: PositiveInt = Field(default=2, description="processor threads of the detectors")
    allow_untrained: bool = Field(default=False, description="run detectors on random weights; it is said everywhere")


class AggregateSettings(DecisionSettings):
    """Extraction facts and scores in, verdicts out."""

    deadline_s: PositiveFloat = Field(default=600.0, description="without news for so long a verdict names the missing")
    grace_s: PositiveFloat = Field(default=3600.0, description="state of finished items stays so long for late news")
    reminder_interval_s: PositiveFloat = Field(default=5.0, description="how often deadlines are looked at")
    provisional_interval_s: PositiveFloat = Field(default=2.0, description="least time between provisional verdicts")
    gates: str = Field(
        default="heavy_compression,low_light_or_blur,out_of_domain,unstable_under_reencode",
        description="measured limits that may withhold a call, comma-separated; leave one out to switch it off",
    )

    @property
    def gate_reasons(self) -> frozenset[Reason]:
        return frozenset(Reason(name.strip()) for name in self.gates.split(",") if name.strip())


class ProjectSettings(ProcessSettings):
    """Verdicts in, read model out."""

    read_model_url: str | None = Field(default=None, description="SQLAlchemy address; default: SQLite under HOME")
    metrics_targets: str = Field(default="", description="pages the dashboard keeps an eye on: NAME=URL, NAME=URL")
    reconcile_interval_s: NonNegativeFloat = Field(default=600.0, description="how often up reconciles; 0: never")
    health_interval_s: NonNegativeFloat = Field(default=300.0, description="how often up checks all parts; 0: never")


class DashboardSettings(ProjectSettings):
    """What the Streamlit pages read."""

    upload_limit_mb: PositiveInt = Field(default=1024, description="largest upload through the page")
    login_file: Path | None = Field(default=None, description="TOML of an OpenID sign-in, section [auth] of Streamlit")
    login_roles: str = Field(default="", description="who may do what: ROLE=E-MAIL,*@DOMAIN,CLAIM:VALUE[;ROLE=…]")


EVERY_SETTINGS: tuple[type[ProcessSettings], ...] = (
    TopicSettings,
    IngestSettings,
    ExtractSettings,
    DetectSettings,
    AggregateSettings,
    ProjectSettings,
    DashboardSettings,
)
