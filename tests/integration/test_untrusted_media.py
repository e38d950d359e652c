"""Crafted and damaged files through extraction to a verdict: one final event each, with words and never a guess."""

import random
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from contracts.messages import MediaVerdict
from contracts.vocabulary import Reason, Verdict
from ingest.decoded import ReadingRequest, SampledFrame, Shortfall
from ingest.decoder_process import read_media
from ingest.decoding import ChildDecoder, DecoderLimits
from ingest.extraction import ExtractionRules
from ingest.object_stores.folder import FolderStore
from ingest.sampling import SamplingPlan
from tests.fuzz.targets import Decoders
from tests.support import hostile_media as hostile
from tests.support.hostile_media import (
    box,
    changed,
    cuts,
    encoded,
    exif_entry,
    flips,
    gif,
    jpeg_of_size,
    jpeg_with_exif,
    mp4,
    one_sample,
    png,
    sample_entry,
    saved,
    small_video,
    trak,
)
from tests.support.media import a_sound_file, painted
from tests.support.one_process import OneProcess, uploaded
from tests.support.sick_server import sick_server

RULES = ExtractionRules(
    max_pixels=4_000_000,
    max_frames=2000,
    max_duration_s=600.0,
    decoder=DecoderLimits(memory_bytes=2 * 2**30, cpu_s=60.0, stall_s=60.0),
)
PAINTED = Image.fromarray(painted(160, 120, (40, 30, 60)))


def _sound(folder: Path) -> bytes:
    return a_sound_file(folder / "sound.mp4").read_bytes()


def _png_of_rows(width: int, height: int) -> bytes:
    return png(width, height, (b"\0" + bytes(3 * width)) * height)


# Per file the reasons of which its verdict must give one.
REFUSED: dict[str, tuple[Callable[[Path], bytes], set[Reason]]] = {
    "ten thousand streams in an mp4": (lambda _: hostile.many_streams_mp4(), {Reason.FILE_TOO_LARGE}),
    "ten thousand streams in a matroska": (lambda _: hostile.many_streams_matroska(), {Reason.FILE_TOO_LARGE}),
    "ten thousand streams in an avi": (lambda _: hostile.many_streams_avi(), {Reason.FILE_TOO_LARGE}),
    "five thousand boxes in each other": (lambda _: hostile.nested_boxes(), {Reason.DECODE_ERROR}),
    "five thousand elements in each other": (lambda _: hostile.nested_elements(), {Reason.DECODE_ERROR}),
    "a compressed header of 16 MB": (
        lambda _: hostile.compressed_header_bomb(16),
        {Reason.DECODE_ERROR, Reason.UNSUPPORTED_FORMAT},
    ),
    "four thousand million samples": (lambda _: hostile.countless_samples(), {Reason.FILE_TOO_LARGE}),
    "png of 3600 million pixels": (lambda _: png(60_000, 60_000, b""), {Reason.FILE_TOO_LARGE}),
    "png bomb that is true": (lambda _: _png_of_rows(3000, 2000), {Reason.FILE_TOO_LARGE}),
    "png without width": (lambda _: png(0, 10, b""), {Reason.DECODE_ERROR}),
    "png with 64 MB of text": (lambda _: hostile.png_text_bomb(64), {Reason.DECODE_ERROR}),
    "png with a profile of 64 MB": (lambda _: hostile.png_profile_bomb(64), {Reason.DECODE_ERROR}),
    "gif of 4300 million pixels": (lambda _: gif(65_535, 65_535, (0, 0, 1, 1)), {Reason.FILE_TOO_LARGE}),
    "gif without pictures": (lambda _: gif(64, 48), {Reason.DECODE_ERROR}),
    "webp canvas of 268 million pixels": (lambda _: hostile.webp_canvas(16_383), {Reason.FILE_TOO_LARGE}),
    "jpeg of 4300 million pixels": (lambda _: jpeg_of_size(65_500, 65_500), {Reason.FILE_TOO_LARGE}),
    "jpeg without height": (lambda _: jpeg_of_size(64, 0), {Reason.DECODE_ERROR}),
    "tiff": (lambda _: saved("TIFF"), {Reason.UNSUPPORTED_FORMAT}),
    "avif": (lambda _: saved("AVIF"), {Reason.UNSUPPORTED_FORMAT}),
    "tiff bomb": (
        lambda _: saved("TIFF", Image.new("1", (60_000, 600)), compression="group4"),
        {Reason.UNSUPPORTED_FORMAT},
    ),
    "video of five million pixels": (
        lambda _: encoded("matroska", "ffv1", "gray", size=(2500, 2000), frames=1),
        {Reason.FILE_TOO_LARGE},
    ),
    "no clock": (lambda _: changed(small_video("mp4", "libx264"), b"mdhd", 12, bytes(4)), {Reason.DECODE_ERROR}),
    "sound only": (_sound, {Reason.AUDIO_ONLY}),
    "sound with a cover": (lambda folder: hostile.with_cover(_sound(folder)), {Reason.AUDIO_ONLY}),
    "nothing": (lambda _: b"", {Reason.DECODE_ERROR}),
    "header and nothing else": (lambda _: hostile.FTYP, {Reason.DECODE_ERROR, Reason.UNSUPPORTED_FORMAT}),
}

# Odd, yet pictures can be seen in them.
SEEN: dict[str, Callable[[Path], bytes]] = {
    "gif that grows to 4300 million pixels": lambda _: gif(64, 48, (0, 0, 1, 1), (0, 0, 1, 1), (0, 0, 65_535, 65_535)),
    "gif of five thousand pictures": lambda _: gif(64, 48, *[(0, 0, 1, 1)] * 5000),
    "png animation that lies about its length": lambda _: hostile.png_animation_that_lies(),
    "png with 64 MB too many": lambda _: png(64, 48, bytes(64 << 20)),
    "png of one by 200,000": lambda _: _png_of_rows(1, 200_000),
    "jpeg of 300 scans": lambda _: hostile.jpeg_of_many_scans(300),
    "avi that says 2^31 by 2^31": lambda _: changed(small_video("avi", "mjpeg"), b"strf", 8, b"\xff\xff\xff\x7f" * 2),
    "cmyk jpeg": lambda _: saved("JPEG", PAINTED.convert("CMYK")),
    "orientation 99": lambda _: jpeg_with_exif(exif_entry(3, 1, b"\x63\0\0\0")),
    "orientation in letters": lambda _: jpeg_with_exif(exif_entry(2, 4, b"abc\0")),
    "orientation in a circle": lambda _: jpeg_with_exif(exif_entry(3, 1, b"\6\0\0\0", next_at=8)),
    "four thousand million orientations": lambda _: jpeg_with_exif(exif_entry(3, 0xFFFF_FFFF, b"\6\0\0\0")),
    "orientation of noise": lambda _: jpeg_with_exif(bytes(range(200))),
    "negative times": lambda _: encoded("matroska", "ffv1", "yuv420p", times=lambda n: -4000 + 40 * n),
    "a jump of months": lambda _: encoded("matroska", "ffv1", "yuv420p", times=lambda n: 40 * n + (n > 2) * 10**10),
    "no time passes": lambda _: changed(small_video("mp4", "libx264"), b"stts", 12, bytes(4)),
    "time runs backwards": lambda _: changed(small_video("mp4", "libx264"), b"stts", 12, b"\xff" * 4),
    "each picture for weeks": lambda _: changed(small_video("mp4", "libx264"), b"stts", 12, b"\x7f\xff\xff\xff"),
    "a duration of nothing": lambda _: changed(small_video("mp4", "libx264"), b"mdhd", 16, b"\0\0\0\1"),
    "another size in the middle": lambda _: (
        small_video("mpegts", "libx264") + small_video("mpegts", "libx264", size=(320, 240))
    ),
    "a smaller size in the middle": lambda _: (
        small_video("mpeg", "mpeg2video") + small_video("mpeg", "mpeg2video", size=(32, 32))
    ),
    "odd sizes": lambda _: encoded("matroska", "ffv1", "yuv444p", size=(63, 47)),
    "one pixel": lambda _: encoded("matroska", "ffv1", "yuv444p", size=(1, 1)),
    "4000 by 2": lambda _: encoded("matroska", "ffv1", "yuv444p", size=(4000, 2)),
    "10 bit": lambda _: encoded("matroska", "ffv1", "yuv420p10le"),
    "12 bit": lambda _: encoded("matroska", "ffv1", "yuv444p12le"),
    "16 bit of grey": lambda _: encoded("matroska", "ffv1", "gray16le"),
    "alpha": lambda _: encoded("mov", "png", "rgba"),
    "10 bit with alpha": lambda _: encoded("mov", "prores_ks", "yuva444p10le", size=(64, 64)),
    "interlaced": lambda _: encoded("mpeg", "mpeg2video", "yuv420p", options={"flags": "+ildct+ilme"}),
    "turned by 90": lambda _: small_video("mov", "libx264", turn=90.0),
    "turned by 37": lambda _: small_video("mov", "libx264", turn=37.0),
    "turned by noise": lambda _: changed(small_video("mp4", "libx264"), b"tkhd", 40, b"\xff" * 36),
}


async def the_final_on(folder: Path, data: bytes, *, rules: ExtractionRules = RULES) -> MediaVerdict:
    """The one final verdict on a file; nothing stays in the scratch folder."""
    bucket = FolderStore.make(folder / "bucket")
    bucket.write("item", data)
    pipeline = OneProcess(bucket, folder, rules=rules)
    await pipeline.take(uploaded(bucket, "item"))
    assert list(pipeline.scratch.iterdir()) == []
    (final,) = pipeline.finals
    return final


@pytest.mark.parametrize("name", REFUSED)
async def test_what_cannot_be_seen_is_not_assessed_and_says_why(tmp_path: Path, name: str):
    build, reasons = REFUSED[name]
    verdict = await the_final_on(tmp_path, build(tmp_path))
    assert set(verdict.reasons) & reasons, verdict.problems
    assert verdict.probability is None
    assert all(result.raw is None and result.calibrated is None for result in verdict.detectors)
    assert verdict.verdict in (Verdict.NOT_ASSESSED, Verdict.INCONCLUSIVE)
    assert all(problem.detail for problem in verdict.problems)


@pytest.mark.parametrize("name", SEEN)
async def test_what_is_odd_is_looked_at_all_the_same(tmp_path: Path, name: str):
    verdict = await the_final_on(tmp_path, SEEN[name](tmp_path))
    assert verdict.quality is not None
    assert verdict.quality.sampled_frames > 0
    scored = [result for result in verdict.detectors if result.raw is not None]
    assert all(result.clips > 0 for result in scored)
    assert bool(verdict.probability) <= bool(scored)


@pytest.mark.parametrize(
    ("container", "data"),
    [
        ("jpeg", saved("JPEG")),
        ("png", saved("PNG")),
        ("webp", saved("WEBP")),
        ("gif", gif(64, 48, *[(0, 0, 1, 1)] * 20)),
        ("mp4", small_video("mp4", "libx264")),
        ("matroska", small_video("matroska", "libx264")),
        ("avi", small_video("avi", "mjpeg")),
        ("mpegts", small_video("mpegts", "mpeg2video")),
    ],
)
def test_cut_anywhere_or_with_bits_turned_it_ends_in_words(container: str, data: bytes):
    decoders = Decoders(random.Random(1), [(container, data)])
    try:
        outcomes = [
            decoders.outcome(container, bad)
            for bad in [*cuts(data, 40), *(data[:-n] for n in range(1, 12)), *flips(data, 60, seed=3)]
        ]
    finally:
        decoders.close()
    assert len(outcomes) == 111
    assert any("decode_error" in outcome for outcome in outcomes)
    assert all(outcome.startswith(container) for outcome in outcomes)


async def test_the_memory_limit_is_what_ends_a_large_picture(tmp_path: Path):
    data = _png_of_rows(4000, 3000)
    small = replace(RULES, max_pixels=10**8, decoder=DecoderLimits(memory_bytes=200 * 2**20))
    verdict = await the_final_on(tmp_path, data, rules=small)
    assert verdict.verdict is Verdict.NOT_ASSESSED
    assert Reason.FILE_TOO_LARGE in verdict.reasons
    enough = replace(small, decoder=DecoderLimits())
    assert Reason.FILE_TOO_LARGE not in (await the_final_on(tmp_path, data, rules=enough)).reasons


async def test_what_takes_too_long_is_ended_parked_and_answered(tmp_path: Path):
    """A programme stream may follow itself: minutes of decoding from a second of encoding."""
    data = small_video("mpeg", "mpeg2video", size=(640, 480), frames=25) * 300
    for name, limits in {"processor": DecoderLimits(cpu_s=0.0), "wait": DecoderLimits(wall_s=0.5)}.items():
        bucket = FolderStore.make(tmp_path / name / "bucket")
        bucket.write("item", data)
        pipeline = OneProcess(bucket, tmp_path / name, rules=replace(RULES, decoder=limits, max_frames=10**6))
        await pipeline.take(uploaded(bucket, "item"))
        (final,) = pipeline.finals
        assert Reason.TIMEOUT in final.reasons
        assert (len(pipeline.parked) == 1) == (final.verdict is Verdict.NOT_ASSESSED) == (final.probability is None)
        assert list(pipeline.scratch.iterdir()) == []


async def test_a_file_with_fewer_streams_than_the_limit_is_read_and_one_above_is_not(tmp_path: Path):
    data = small_video("matroska", "libx264", sound=True)
    assert (
        Reason.FILE_TOO_LARGE not in (await the_final_on(tmp_path, data, rules=replace(RULES, max_streams=2))).reasons
    )
    assert Reason.FILE_TOO_LARGE in (await the_final_on(tmp_path, data, rules=replace(RULES, max_streams=1))).reasons


class Listening:
    """A server that must not be asked for anything, and what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, request: BaseHTTPRequestHandler) -> None:
        self.asked.append(request.path)
        body = saved("PNG")
        request.send_response(200)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)


@contextmanager
def a_trap(folder: Path) -> Iterator[tuple[Path, str, Listening]]:
    """A secret on this machine, an address on its network, and who listens there."""
    secret = folder / "secret.png"
    secret.write_bytes(saved("PNG", Image.fromarray(np.full((48, 64, 3), (1, 2, 250), dtype=np.uint8))))
    listening = Listening()
    with sick_server(listening) as address:
        yield secret, address, listening


def _reference(path: str) -> bytes:
    """A data reference of an MP4 to another file: a Macintosh alias record with its absolute path."""
    where = path.encode()
    name = where.rpartition(b"/")[2]
    record = bytes(10) + b"\x04" + b"disk".ljust(27, b"\0") + bytes(12) + bytes([len(name)]) + name.ljust(63, b"\0")
    record += bytes(16) + struct.pack(">HH", 1, 1) + bytes(16)
    record += struct.pack(">HH", 2, len(where)) + where + bytes(len(where) % 2) + struct.pack(">HH", 0xFFFF, 0)
    return box(b"dinf", box(b"dref", bytes(4), (1).to_bytes(4, "big"), box(b"alis", bytes(4), record)))


def _playlist(entry: str) -> bytes:
    return f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{entry}\n#EXT-X-ENDLIST\n".encode()


TRICKS: dict[str, Callable[[Path, str], bytes]] = {
    "m3u8 of a file": lambda secret, _: _playlist(f"file://{secret}"),
    "m3u8 of an address": lambda _, at: _playlist(f"{at}/a.ts"),
    "m3u8 of concat": lambda secret, at: _playlist(f"concat:{at}/a|{secret}"),
    "ffconcat": lambda secret, _: f"ffconcat version 1.0\nfile '{secret}'\n".encode(),
    "mpd": lambda _, at: (
        f'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period><AdaptationSet>'
        f'<Representation id="1"><BaseURL>{at}/a.mp4</BaseURL></Representation></AdaptationSet></Period></MPD>'
    ).encode(),
    "sdp": lambda _, at: f"v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=video {at[-5:]} RTP/AVP 96\n".encode(),
    "svg": lambda secret, at: f'<svg xmlns="http://www.w3.org/2000/svg"><image href="{at}/a.png"/></svg>'.encode(),
    "mp4 that refers to a file": lambda secret, _: mp4(
        trak(entry=sample_entry(b"png ", 64, 48), tables=one_sample(0, 200), dinf=_reference(str(secret)))
    ),
}
READERS = ("mp4", "matroska", "avi", "mpegts", "mpeg", "png")


@pytest.mark.parametrize("name", TRICKS)
async def test_a_file_that_points_elsewhere_is_followed_nowhere(tmp_path: Path, name: str):
    with a_trap(tmp_path) as (secret, address, listening):
        trick = TRICKS[name](secret, address)
        verdict = await the_final_on(tmp_path, trick)
        assert verdict.verdict is Verdict.NOT_ASSESSED
        assert {Reason.UNSUPPORTED_FORMAT, Reason.DECODE_ERROR} & set(verdict.reasons)
        (tmp_path / "trick").write_bytes(trick)
        for container in READERS:  # also where the first bytes had been taken for something else
            request = ReadingRequest(container, (SamplingPlan(5.0, 1),), 10**7, 600.0)
            with (tmp_path / "trick").open("rb") as file:
                events = list(read_media(file, request))
            assert not [event for event in events if isinstance(event, SampledFrame)]
            assert [event for event in events if isinstance(event, Shortfall)]
        assert listening.asked == []


def test_without_these_guards_the_tricks_do_work(tmp_path: Path):
    """The same library, asked the usual way, follows a playlist to the network and a reference to the secret."""
    with a_trap(tmp_path) as (secret, address, listening):
        playlist = tmp_path / "list.m3u8"
        playlist.write_bytes(TRICKS["m3u8 of an address"](secret, address))
        options = {"protocol_whitelist": "file,http,tcp", "allowed_extensions": "ALL", "extension_picky": "0"}
        with av.open(str(playlist), options=options):
            assert "/a.ts" in listening.asked
        joined = tmp_path / "list.ffconcat"
        joined.write_bytes(TRICKS["ffconcat"](secret, address))
        with av.open(str(joined), options={"safe": "0"}) as container:
            assert next(container.decode(video=0)).to_ndarray(format="rgb24")[0, 0].tolist() == [1, 2, 250]
        video = tmp_path / "refers.mp4"
        video.write_bytes(TRICKS["mp4 that refers to a file"](secret, address))
        options = {"enable_drefs": "1", "use_absolute_path": "1"}
        with av.open(str(video), options=options) as container:
            packets = [bytes(packet) for packet in container.demux(video=0)]
        assert any(secret.read_bytes()[:100] in packet for packet in packets)


def test_two_decoders_at_once_keep_their_items_apart(tmp_path: Path):
    """Each child has its own file and its own pipe."""
    colours = {"red": (250, 0, 0), "blue": (0, 0, 250)}
    for name, colour in colours.items():
        (tmp_path / name).write_bytes(saved("PNG", Image.new("RGB", (64, 48), colour)))
    seen: dict[str, tuple[int, ...]] = {}

    def decode(name: str) -> None:
        request = ReadingRequest("png", (SamplingPlan(5.0, 1),), 10**7, 600.0)
        events = ChildDecoder().decode(tmp_path / name, request)
        (frame,) = (event for event in events if isinstance(event, SampledFrame))
        seen[name] = tuple(int(value) for value in frame.pixels[0, 0])

    threads = [threading.Thread(target=decode, args=(name,)) for name in colours]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == colours
