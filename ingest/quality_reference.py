"""Measured quality in, the sentence that says why it is too poor out; every limit is read from a measured reference."""

from datetime import date
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, NonNegativeInt, PositiveInt

from contracts.messages import MediaFacts, Quality, TrackFacts
from contracts.vocabulary import MediaKind

REFERENCE = Path(__file__).with_name("quality_reference.json")
# Codecs that need at least as many bits as H.264: fewer than the worst of H.264 is heavy compression for them too.
_NO_THRIFTIER_THAN_H264 = frozenset(
    ["mpeg1video", "mpeg2video", "mpeg4", "msmpeg4v1", "msmpeg4v2", "msmpeg4v3", "h263", "mjpeg", "vp8", "wmv1", "wmv2"]
)


class Quantiles(BaseModel):
    """Percentiles of one measure over the ``n`` genuine faces or files of the reference."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    n: PositiveInt
    p1: float
    p5: float
    p10: float
    p50: float
    p90: float
    p95: float
    p99: float


class Firing(BaseModel):
    """Of how many of ``items`` of one kind a gate stopped; none of their clips or portraits is in the reference."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    variant: str
    items: PositiveInt
    stopped: NonNegativeInt


class QualityReference(BaseModel):
    """What genuine footage measures, on which the limits rest; made by ``command``.

    ``sharpness``, ``luma_range`` and ``clipped_share`` are those of single faces, ``quantiser`` and
    ``bits_per_pixel`` belong to H.264 files. ``clips`` and ``portraits`` count what the faces are from, the clips in
    each of the ``variants``. How often the gates fire on clips and portraits outside the reference: on light and blur
    ``faces_stopped``, on compression ``files_stopped``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    command: str
    faces_measured_on: date
    files_measured_on: date
    clips: PositiveInt
    portraits: NonNegativeInt
    variants: tuple[str, ...]
    sharpness: Quantiles
    luma_range: Quantiles
    clipped_share: Quantiles
    quantiser: Quantiles
    bits_per_pixel: Quantiles
    faces_stopped: tuple[Firing, ...] = ()
    files_stopped: tuple[Firing, ...] = ()

    def compression_flaw(self, media: MediaFacts, quality: Quality) -> str | None:
        """Why the file is compressed too much: it lies beyond the worst tenth of the reference; else nothing.

        H.264 is held to its mean quantiser. Older codecs, which need more bits for the same picture, are held to the
        bits per pixel of H.264. Of newer codecs and of pictures no measure is known that the reference holds: nothing.
        """
        if quality.quantiser_mean is not None:
            if quality.quantiser_mean <= self.quantiser.p90:
                return None
            told = f"mean quantiser {quality.quantiser_mean:.0f}, at most {self.quantiser.p90:.0f}"
            return f"The video is compressed too much ({told})."
        bits = quality.bits_per_pixel
        if bits is None or media.kind is not MediaKind.VIDEO or media.codec not in _NO_THRIFTIER_THAN_H264:
            return None
        limit = self.bits_per_pixel.p10
        told = f"{bits:.4f} bits per pixel, at least {limit:.4f}"
        return None if bits >= limit else f"The video is compressed too much ({told})."

    def face_flaw(self, track: TrackFacts) -> str | None:
        """Why a face is too blurred, dark or glaring: most of its crops lie beyond 99 % of the reference; else nothing.

        A track tells the medians of its crops, and a median lies beyond a limit when most of them do.
        """
        held = (
            ("too blurred: sharpness", track.sharpness_median, self.sharpness.p1),
            ("too dark or flat: range of light", track.luma_range_median, self.luma_range.p1),
        )
        flaws = [f"{name} {value:.2g} (at least {least:.2g})" for name, value, least in held if _below(value, least)]
        if _below(self.clipped_share.p99, track.clipped_share_median):
            most = self.clipped_share.p99
            flaws.append(f"too glaring or dark: {track.clipped_share_median:.0%} black or white (at most {most:.0%})")
        return f"Face {track.track_id} is {'; '.join(flaws)}." if flaws else None


def _below(value: float | None, least: float | None) -> bool:
    return value is not None and least is not None and value < least


@cache
def quality_reference() -> QualityReference:
    """The reference that the package carries."""
    return QualityReference.model_validate_json(REFERENCE.read_bytes())
