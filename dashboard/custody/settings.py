"""The environment in; how long each class of data is kept, and where the chain is anchored, out."""

from pathlib import Path

from pydantic import Field, NonNegativeFloat, PositiveFloat

from contracts.settings import ProjectSettings


class CustodySettings(ProjectSettings):
    """Facts in, audit chain out; the rest expires. Days may be fractions; 0 keeps for ever."""

    keep_bundles_days: NonNegativeFloat = Field(default=4.0, description="crop bundles that no evidence lies in")
    keep_evidence_days: NonNegativeFloat = Field(default=30.0, description="crop bundles that evidence lies in")
    keep_markers_days: NonNegativeFloat = Field(default=30.0, description="notes in the work bucket on what was done")
    keep_media_days: NonNegativeFloat = Field(
        default=0.0, description="the uploads themselves; 0, the default, forbids Telltale to delete them by age"
    )
    keep_rows_days: NonNegativeFloat = Field(default=0.0, description="rows of judged items; their records stay")
    expire_interval_s: NonNegativeFloat = Field(default=3600.0, description="how often up lets data expire; 0: never")
    anchor_interval_s: PositiveFloat = Field(default=300.0, description="how often the audit chain is anchored")
    audit_key: Path | None = Field(default=None, description="file with the key that signs anchors; none: unsigned")
