"""An open video file in; its facts, the sampled frames upright and in order, and what was missing out."""

import heapq
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

import av
import av.error
import av.subtitles.codeccontext
import av.subtitles.stream
import av.subtitles.subtitle  # these three would be imported when a file has subtitles, too late in a confined process
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.sidedata.encparams import VideoEncParams, VideoEncParamsType
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from contracts.clips import Pixels
from contracts.errors import MediaNotAssessable
from contracts.vocabulary import MediaKind, Reason
from ingest.decoded import Decoded, ReadingRequest, SampledFrame, Shortfall, StillReading, StreamFacts
from ingest.sampling import TOLERANCE_S, Sampling
from ingest.upright import UPRIGHT, Turn, turn_of_matrix

DEMUXERS = {
    "mp4": "mov",
    "mov": "mov",
    "matroska": "matroska",
    "webm": "matroska",
    "avi": "avi",
    "mpeg": "mpeg",
    "mpegvideo": "mpegvideo",
    "mpegts": "mpegts",
}
CODECS = frozenset(
    [
        *("h264", "hevc", "vp8", "vp9", "libdav1d", "av1", "libvpx", "libvpx-vp9", "mjpeg", "png", "rawvideo"),
        *("mpeg1video", "mpeg2video", "mpegvideo", "mpeg4", "msmpeg4", "msmpeg4v1", "msmpeg4v2", "msmpeg4v3"),
        *("h263", "prores", "dvvideo", "huffyuv", "ffv1", "wmv1", "wmv2", "wmv3", "vc1", "svq3"),
    ]
)
_READ_BYTES = 1 << 18
_MOST_THREADS = 4
_MOST_FAILURES_IN_A_ROW = 200


def read_video(file: BinaryIO, request: ReadingRequest) -> Iterator[Decoded]:
    """Decode ``file`` once, from front to back; only sampled frames are turned into RGB.

    Raises:
        MediaNotAssessable: nothing (more) can be read; the events so far stand.
    """
    with _open(file, request) as container:
        stream = _picture_stream(container, request)
        duration_s = _duration_s(container, stream)
        if duration_s:
            yield from _read(container, stream, request, duration_s)
            return
        duration_s = _measured_duration_s(container, stream)
    file.seek(0)  # opened anew: not every container can be sought in
    with _open(file, request) as container:
        yield from _read(container, _picture_stream(container, request), request, duration_s)


def _read(
    container: InputContainer, stream: VideoStream, request: ReadingRequest, duration_s: float | None
) -> Iterator[Decoded]:
    return _Reading(container, stream, request, duration_s, Sampling(request.plans, duration_s)).events()


def _open(file: BinaryIO, request: ReadingRequest) -> InputContainer:
    demuxer = DEMUXERS[request.container]
    try:
        return av.open(
            file,
            mode="r",
            format=demuxer,
            buffer_size=_READ_BYTES,
            # A container may name other files; none are opened.
            container_options={"protocol_whitelist": "none", "max_streams": str(request.max_streams + 1)},
            metadata_errors="replace",
        )
    except av.error.MemoryError as why:  # also FFmpeg's answer to one stream too many
        detail = f"the {request.container} file has more than {request.max_streams} streams, or needs too much memory"
        raise MediaNotAssessable(Reason.FILE_TOO_LARGE, detail) from why
    except av.error.FFmpegError as why:
        raise MediaNotAssessable(
            Reason.DECODE_ERROR, f"the {request.container} file is damaged: {why.strerror}"
        ) from why


def _picture_stream(container: InputContainer, request: ReadingRequest) -> VideoStream:
    if len(container.streams) > request.max_streams:
        detail = f"the {request.container} file has more than {request.max_streams} streams"
        raise MediaNotAssessable(Reason.FILE_TOO_LARGE, detail)
    moving = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if not moving:
        raise _without_pictures(container)
    stream = moving[0]
    if stream.codec_context is None or stream.codec_context.name not in CODECS:  # pyright: ignore[reportUnnecessaryComparison]
        codec = getattr(stream.codec_context, "name", "an unknown codec")
        raise MediaNotAssessable(Reason.UNSUPPORTED_FORMAT, f"the pictures are coded with {codec}, which is not read")
    _refuse_too_large(stream.codec_context.width, stream.codec_context.height, request.max_pixels)
    options = {"max_pixels": str(request.max_pixels)}
    if stream.codec_context.name == "h264":
        options["export_side_data"] = "venc_params"  # the quantisers, at about 3 % of the time of decoding
    stream.codec_context.options = options
    stream.thread_type = "AUTO"
    stream.codec_context.thread_count = min(_MOST_THREADS, os.cpu_count() or 1)
    return stream


def _without_pictures(container: InputContainer) -> MediaNotAssessable:
    if container.streams.audio:
        return MediaNotAssessable(Reason.AUDIO_ONLY, "the file holds sound and no pictures")
    return MediaNotAssessable(Reason.UNSUPPORTED_FORMAT, "the file holds neither pictures nor sound")


def _refuse_too_large(width_px: int, height_px: int, max_pixels: int) -> None:
    if width_px * height_px > max_pixels:
        raise MediaNotAssessable(
            Reason.FILE_TOO_LARGE,
            f"the picture has {width_px} x {height_px} pixels; at most {max_pixels / 1e6:.0f} million are read",
        )


def _duration_s(container: InputContainer, stream: VideoStream) -> float | None:
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    if container.duration and container.duration > 0:
        return (container.duration - _unused_start(container)) / av.time_base
    return None


def _unused_start(container: InputContainer) -> int:
    """Matroska counts its duration from zero, even where nothing is shown before a later start."""
    return max(0, container.start_time or 0) if "matroska" in container.format.name else 0


def _measured_duration_s(container: InputContainer, stream: VideoStream) -> float | None:
    """A recording that was never closed says no duration: walk its packets once, without decoding any."""
    first_s, last_s = None, None
    try:
        for packet in container.demux(stream):
            if packet.pts is None or packet.time_base is None:
                continue
            at_s = float(packet.pts * packet.time_base)
            first_s = at_s if first_s is None else min(first_s, at_s)
            last_s = max(last_s or at_s, at_s + float((packet.duration or 0) * packet.time_base))
    except av.error.FFmpegError:
        pass  # the decoding pass meets the same place again and reports it
    return last_s - first_s if first_s is not None and last_s is not None and last_s > first_s else None


@dataclass
class _FrameOrder:
    """Gives frames their index in order of presentation, although not every frame is decoded.

    Every packet with an earlier time has been read when a frame comes out, so counting packets counts frames.
    """

    waiting: list[int] = field(default_factory=list)
    passed: int = 0
    reliable: bool = True

    def add(self, packet: Packet) -> None:
        if packet.pts is None:
            self.reliable = self.reliable and not packet.size
        else:
            heapq.heappush(self.waiting, packet.pts)

    def index_of(self, frame: VideoFrame) -> int:
        if not self.reliable or frame.pts is None:
            self.reliable = False
            self.passed += 1
            return self.passed - 1
        while self.waiting and self.waiting[0] < frame.pts:
            heapq.heappop(self.waiting)
            self.passed += 1
        return self.passed


@dataclass
class _Reading:
    """One pass over the packets of one stream."""

    container: InputContainer
    stream: VideoStream
    request: ReadingRequest
    duration_s: float | None
    sampling: Sampling
    order: _FrameOrder = field(default_factory=_FrameOrder)
    packets: int = 0
    failures: int = 0
    failures_in_a_row: int = 0
    first_s: float | None = None
    elapsed_s: float = 0.0
    broke_off: bool = False
    over_long: bool = False
    too_many: bool = False
    decoded: int = 0

    def events(self) -> Iterator[Decoded]:
        turn = None
        for frame in self._frames():
            _refuse_too_large(frame.width, frame.height, self.request.max_pixels)
            index = self.order.index_of(frame)
            self._advance_to(frame, index)
            if turn is None:
                turn = _turn_of(frame)
                yield self._facts(turn)
            if self.elapsed_s > self.request.max_duration_s:
                self.over_long = True
                break
            if self.decoded == self.request.max_frames:
                self.too_many = True
                break
            self.decoded += 1
            yield self._taken(frame, index, turn)
        if turn is None:
            yield self._facts(UPRIGHT)
        yield from self._shortfalls(nothing_came=turn is None)

    def _frames(self) -> Iterator[VideoFrame]:
        for packet in self._packets():
            self.order.add(packet)
            self._skip_what_nobody_needs(packet)
            try:
                frames = packet.decode()
            except av.error.FFmpegError:
                self.failures += 1
                self.failures_in_a_row += 1
                if self.failures_in_a_row >= _MOST_FAILURES_IN_A_ROW:
                    self.broke_off = True
                    return
                continue
            self.failures_in_a_row = 0
            for frame in frames:
                if isinstance(frame, VideoFrame):
                    yield frame

    def _packets(self) -> Iterator[Packet]:
        packets = self.container.demux(self.stream)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except av.error.FFmpegError:
                self.broke_off = True
                return
            self.packets += 1 if packet.size else 0
            yield packet

    def _skip_what_nobody_needs(self, packet: Packet) -> None:
        """Frames that no other frame refers to need no decoding when they come before the next sample is due."""
        due_s = None if self.first_s is None else self.first_s + self.sampling.next_due_s - TOLERANCE_S
        early = (
            self.order.reliable
            and due_s is not None
            and packet.pts is not None
            and packet.time_base is not None
            and packet.pts * packet.time_base < due_s
        )
        self.stream.codec_context.skip_frame = "NONREF" if early else "DEFAULT"

    def _advance_to(self, frame: VideoFrame, index: int) -> None:
        """Times never run backwards, whatever the file says; a frame without one gets it from its index."""
        rate = self.stream.average_rate or self.stream.guessed_rate or 25
        at_s = index / float(rate) if frame.pts is None else float(frame.time)
        if self.first_s is None:
            self.first_s = at_s
        self.elapsed_s = max(self.elapsed_s, at_s - self.first_s)

    def _taken(self, frame: VideoFrame, index: int, turn: Turn) -> SampledFrame | StillReading:
        samples = self.sampling.samples(self.elapsed_s)
        pts_s = self._lead_in_s() + self.elapsed_s
        if not samples:
            return StillReading(pts_s)
        try:
            return SampledFrame(_upright_rgb(frame, turn), pts_s, index, samples, quantiser_of(frame))
        except av.error.FFmpegError:  # in a format that cannot be converted, or no memory for it
            self.failures += 1
            return StillReading(pts_s)

    def _lead_in_s(self) -> float:
        """Seconds between the media's start (sound may come first) and its first frame."""
        start_s = (self.container.start_time or 0) / av.time_base
        return max(0.0, (self.first_s or 0.0) - start_s)

    def _facts(self, turn: Turn) -> StreamFacts:
        codec = self.stream.codec_context
        width_px, height_px = turn.size(codec.width, codec.height)
        rate = self.stream.average_rate or self.stream.guessed_rate
        return StreamFacts(
            kind=MediaKind.VIDEO,
            container=self.request.container,
            codec=codec.codec.canonical_name,
            width_px=width_px,
            height_px=height_px,
            rotation_degrees=turn.degrees,
            duration_s=self.duration_s,
            frame_rate=float(rate) if rate else None,
            frame_count=self.stream.frames or (round(self.duration_s * rate) if self.duration_s and rate else None),
            bit_rate=self._bit_rate(),
            has_audio=bool(self.container.streams.audio),
        )

    def _bit_rate(self) -> int | None:
        """The stream's own rate unless it is a mere upper limit, as MPEG-1 writes it; else that of the whole file."""
        whole, own = self.container.bit_rate or None, self.stream.codec_context.bit_rate or None
        return own if own and (whole is None or own <= whole) else whole

    def _shortfalls(self, *, nothing_came: bool) -> Iterator[Shortfall]:
        if nothing_came:
            detail = f"none of {self.packets} pieces of the video could be decoded"
            yield Shortfall(Reason.DECODE_ERROR, detail if self.packets else "the video holds no pictures")
            return
        if self.over_long:
            seen_s, whole_s = self.request.max_duration_s, self.duration_s or 0
            yield Shortfall(Reason.PARTIAL_RESULTS, f"only the first {seen_s:.0f} s of {whole_s:.0f} s were looked at")
        elif self.too_many:
            yield Shortfall(Reason.PARTIAL_RESULTS, f"only the first {self.decoded} frames were looked at")
        elif self.failures or self.broke_off or self._ends_early():
            yield Shortfall(Reason.DECODE_ERROR, self._what_is_missing())

    def _ends_early(self) -> bool:
        if self.stream.frames:
            return self.packets < self.stream.frames
        if not self.duration_s:
            return False
        return self.duration_s - self.elapsed_s > max(1.0, 0.1 * self.duration_s)

    def _what_is_missing(self) -> str:
        parts = []
        if self.failures:
            parts.append(f"{self.failures} of {self.packets} pieces of the video could not be decoded")
        if self.stream.frames > self.packets:
            parts.append(f"the file ends after {self.packets} of {self.stream.frames} frames")
        elif self.broke_off or self._ends_early():
            parts.append(f"the video ends after {self.elapsed_s:.1f} s of {self.duration_s or 0:.1f} s")
        return "; ".join(parts)


def quantiser_of(frame: VideoFrame) -> float | None:
    """Mean quantiser of an H.264 picture's macroblocks, 0 to 51; ``None`` where the decoder does not tell it."""
    found = frame.side_data.get("VIDEO_ENC_PARAMS")
    if not isinstance(found, VideoEncParams) or found.codec_type != VideoEncParamsType.H264 or not found.nb_blocks:
        return None
    try:
        return float(found.qp_map().mean())
    except RuntimeError:
        return None  # the picture and its blocks differ in size, as where half of a pair of fields is missing


def _turn_of(frame: VideoFrame) -> Turn:
    matrix = frame.side_data.get("DISPLAYMATRIX")
    return turn_of_matrix(bytes(matrix)) if matrix is not None else UPRIGHT


def _upright_rgb(frame: VideoFrame, turn: Turn) -> Pixels:
    pixels = np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8)
    return np.ascontiguousarray(turn.apply(pixels), dtype=np.uint8)
