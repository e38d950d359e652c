"""Face crops and boxes in, how well the media could be looked at out: sizes, sharpness, light, compression."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from contracts.clips import FaceBox, FaceCrop, Pixels
from contracts.messages import MediaFacts, Quality, TrackFacts
from contracts.vocabulary import MediaKind
from ingest.face_search import LocatedFrame

MOST_TRACKS_TOLD = 200
_FACE_SIDE_PX = 112
_CRUSHED, _BLOWN = 8, 247


def face_of(crop: FaceCrop) -> Pixels:
    """The face itself, without its margin."""
    box, (height, width) = crop.box, crop.pixels.shape[:2]
    left, top = min(int(box.left), width - 1), min(int(box.top), height - 1)
    return crop.pixels[top : max(top + 1, round(box.bottom)), left : max(left + 1, round(box.right))]


def sharpness(face: Pixels) -> float:
    """Variance of the Laplacian of the grey face at 112 x 112 (Pech-Pacheco et al. 2000); a blurred face is near 0.

    A common size makes faces comparable: an upscaled small face is blurred by it, which is what a detector meets.
    """
    shrinks = max(face.shape[:2]) > _FACE_SIDE_PX
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    grey = cv2.cvtColor(cv2.resize(face, (_FACE_SIDE_PX, _FACE_SIDE_PX), interpolation=how), cv2.COLOR_RGB2GRAY)
    return float(cv2.Laplacian(grey, cv2.CV_64F).var())


def brightness(face: Pixels) -> float:
    """Median luma of the face, 0 (black) to 1 (white)."""
    return float(np.median(cv2.cvtColor(face, cv2.COLOR_RGB2GRAY))) / 255


def luma_range(face: Pixels) -> float:
    """From the 5th to the 95th percentile of the face's luma, 0 to 1: small in the dark and in glaring light.

    Unlike mean brightness it hardly depends on how dark a skin is.
    """
    low, high = np.percentile(cv2.cvtColor(face, cv2.COLOR_RGB2GRAY), (5, 95))
    return float(high - low) / 255


def clipped_share(face: Pixels) -> float:
    """Share of the face's pixels, 0 to 1, whose luma is at most 8 (crushed) or at least 247 (blown out) of 255."""
    grey = cv2.cvtColor(face, cv2.COLOR_RGB2GRAY)
    return float(np.mean((grey <= _CRUSHED) | (grey >= _BLOWN)))


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceLook:
    """What the gate on light and blur asks of one face, by the functions of the same names."""

    sharpness: float
    luma_range: float
    clipped_share: float


def look_of(face: Pixels) -> FaceLook:
    """How well one face can be looked at."""
    return FaceLook(sharpness=sharpness(face), luma_range=luma_range(face), clipped_share=clipped_share(face))


@dataclass
class _TrackTally:
    start_s: float
    end_s: float
    heights_px: array = field(default_factory=lambda: array("f"))
    sharpness: array = field(default_factory=lambda: array("f"))
    luma_range: array = field(default_factory=lambda: array("f"))
    clipped_share: array = field(default_factory=lambda: array("f"))


@dataclass
class QualityTally:
    """Collects a few numbers per face; what grows with the video's length are bytes, not pictures."""

    sampled_frames: int = 0
    face_frames: int = 0
    located_frames: int = 0
    capped_frames: int = 0
    most_faces: int = 0
    _heights_px: array = field(default_factory=lambda: array("f"))
    _sharpness: array = field(default_factory=lambda: array("f"))
    _brightness: array = field(default_factory=lambda: array("f"))
    _quantisers: array = field(default_factory=lambda: array("f"))
    _tracks: dict[int, _TrackTally] = field(default_factory=dict)

    def note_frame(self, located: LocatedFrame) -> None:
        self.sampled_frames += 1
        self.face_frames += bool(located.boxes)
        self.located_frames += located.searched
        self.capped_frames += located.faces_found > len(located.boxes)
        self.most_faces = max(self.most_faces, located.faces_found)
        if located.frame.quantiser is not None:
            self._quantisers.append(located.frame.quantiser)

    def note_face(self, track_id: int, box: FaceBox, pts_s: float) -> None:
        """Every face that was found, of use to a detector or not."""
        track = self._tracks.setdefault(track_id, _TrackTally(pts_s, pts_s))
        track.end_s = pts_s
        track.heights_px.append(box.height_px)

    def note_crop(self, crop: FaceCrop) -> None:
        """A face that some detector will see."""
        face = face_of(crop)
        look = look_of(face)
        self._heights_px.append(crop.box.height_px)
        self._sharpness.append(look.sharpness)
        self._brightness.append(brightness(face))
        track = self._tracks[crop.track_id]
        track.sharpness.append(look.sharpness)
        track.luma_range.append(look.luma_range)
        track.clipped_share.append(look.clipped_share)

    def quality(self, media: MediaFacts) -> Quality:
        return Quality(
            sampled_frames=self.sampled_frames,
            face_frames=self.face_frames,
            located_frames=self.located_frames,
            faces_capped=self.capped_frames > 0,
            face_height_px_p5=_percentile(self._heights_px, 5),
            sharpness_p5=_percentile(self._sharpness, 5),
            brightness_median=_percentile(self._brightness, 50),
            bits_per_pixel=bits_per_pixel(media),
            quantiser_mean=round(float(np.mean(self._quantisers)), 2) if self._quantisers else None,
        )

    def tracks(self) -> tuple[TrackFacts, ...]:
        """The tracks seen longest, at most 200, in order of appearance: a message has a largest size."""
        longest = sorted(self._tracks, key=lambda i: (-len(self._tracks[i].heights_px), i))[:MOST_TRACKS_TOLD]
        return tuple(_facts_of(i, self._tracks[i]) for i in sorted(longest))


def bits_per_pixel(media: MediaFacts) -> float | None:
    """Coded bits per pixel of picture; nothing where the rate, the size or the frame rate is unknown."""
    pixels = (media.width_px or 0) * (media.height_px or 0)
    if not pixels:
        return None
    if media.kind == MediaKind.IMAGE:
        return media.size_bytes * 8 / pixels if media.size_bytes else None
    if not media.bit_rate or not media.frame_rate:
        return None
    return media.bit_rate / (pixels * media.frame_rate)


def _facts_of(track_id: int, track: _TrackTally) -> TrackFacts:
    return TrackFacts(
        track_id=track_id,
        start_s=track.start_s,
        end_s=track.end_s,
        face_frames=len(track.heights_px),
        face_height_px_median=_percentile(track.heights_px, 50) or 0.0,
        face_height_px_p5=_percentile(track.heights_px, 5) or 0.0,
        sharpness_median=_percentile(track.sharpness, 50),
        luma_range_median=_percentile(track.luma_range, 50),
        clipped_share_median=_percentile(track.clipped_share, 50),
    )


def _percentile(values: Sequence[float], percent: float) -> float | None:
    return round(float(np.percentile(values, percent)), 4) if len(values) else None
