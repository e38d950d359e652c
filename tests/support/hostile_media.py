"""Nothing in; files that somebody made to break decoders out: bombs, lies, damage, and oddities that are fine."""

import io
import random
import struct
import zlib
from collections.abc import Callable, Iterator

import av
import numpy as np
from PIL import Image

from tests.support.media import moving, painted, video_bytes

SCENE = painted(64, 48, (10, 8, 24))


def box(name: bytes, *parts: bytes) -> bytes:
    """One box of an MP4."""
    body = b"".join(parts)
    return struct.pack(">I", 8 + len(body)) + name + body


def element(number: str, *parts: bytes) -> bytes:
    """One EBML element of a Matroska file, its size always written in eight bytes."""
    body = b"".join(parts)
    return bytes.fromhex(number) + b"\x01" + len(body).to_bytes(7, "big") + body


def _riff(name: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return name + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)


FTYP = box(b"ftyp", b"isom", bytes(4), b"isom")


def trak(*, width: int = 64, height: int = 48, entry: bytes = b"", tables: bytes = b"", dinf: bytes = b"") -> bytes:
    """A picture track; ``entry`` is its sample description, ``tables`` what else lies in its sample table."""
    tkhd = bytes(4) + bytes(8) + struct.pack(">I", 1) + bytes(60) + struct.pack(">II", width << 16, height << 16)
    mdhd = bytes(12) + struct.pack(">II", 1000, 1000) + bytes(4)
    stsd = box(b"stsd", bytes(4), struct.pack(">I", 1 if entry else 0), entry)
    minf = box(b"minf", box(b"vmhd", bytes(12)), dinf, box(b"stbl", stsd, tables))
    return box(
        b"trak",
        box(b"tkhd", tkhd),
        box(b"mdia", box(b"mdhd", mdhd), box(b"hdlr", bytes(8) + b"vide" + bytes(13)), minf),
    )


def mp4(*traks: bytes, rest: bytes = b"") -> bytes:
    """An MP4 of these tracks."""
    return FTYP + box(b"moov", box(b"mvhd", bytes(12), struct.pack(">II", 1000, 1000), bytes(80)), *traks) + rest


def sample_entry(codec: bytes, width: int, height: int) -> bytes:
    """How a track says what its pictures are."""
    return box(codec, bytes(7) + b"\x01" + bytes(16) + struct.pack(">HH", width, height) + bytes(50))


def one_sample(offset: int, size: int) -> bytes:
    """The tables of a track that has one sample at this place of its file."""
    return b"".join(
        (
            box(b"stts", struct.pack(">IIII", 0, 1, 1, 1000)),
            box(b"stsc", struct.pack(">IIIII", 0, 1, 1, 1, 1)),
            box(b"stsz", struct.pack(">III", 0, size, 1)),
            box(b"stco", struct.pack(">III", 0, 1, offset)),
        )
    )


def many_streams_mp4() -> bytes:
    return mp4(*[trak(entry=sample_entry(b"mp4v", 64, 48))] * 10_000)


def _matroska(*parts: bytes) -> bytes:
    return element("1a45dfa3", element("4282", b"matroska")) + element("18538067", *parts)


def _track_entry(number: int) -> bytes:
    name = number.to_bytes(2, "big")
    size = element("e0", element("b0", b"\x40"), element("ba", b"\x40"))
    return element(
        "ae", element("d7", name), element("73c5", name), element("83", b"\x01"), element("86", b"V_VP8"), size
    )


_CLUSTER = element("1f43b675", element("e7", b"\0"), element("a3", b"\x81\0\0\x80" + bytes(60)))


def many_streams_matroska() -> bytes:
    return _matroska(element("1654ae6b", *[_track_entry(number + 1) for number in range(10_000)]), _CLUSTER)


def many_streams_avi() -> bytes:
    header = b"vidsMJPG" + bytes(12) + struct.pack("<II", 1, 25) + bytes(28)
    picture = struct.pack("<IiiHHI", 40, 64, 48, 1, 24, 0x47504A4D) + bytes(20)
    stream = _riff(b"LIST", b"strl", _riff(b"strh", header), _riff(b"strf", picture))
    facts = _riff(b"avih", struct.pack("<14I", 40_000, 0, 0, 0, 0, 1, 0, 10_000, 0, 64, 48, 0, 0, 0))
    return _riff(b"RIFF", b"AVI ", _riff(b"LIST", b"hdrl", facts, *[stream] * 10_000), _riff(b"LIST", b"movi"))


def nested_boxes() -> bytes:
    body = b""
    for _ in range(5000):
        body = box(b"moov", body)
    return FTYP + body


def nested_elements() -> bytes:
    body = b""
    for _ in range(5000):
        body = element("67c8", element("45a3", b"x"), body)
    tags = element("1254c367", element("7373", body))
    return _matroska(tags, element("1654ae6b", _track_entry(1)), _CLUSTER)


def compressed_header_bomb(megabytes: int) -> bytes:
    """A compressed ``moov`` that says, and is, a thousand times its size."""
    inner = zlib.compressobj(9)
    packed = b"".join([inner.compress(bytes(1 << 20)) for _ in range(megabytes)] + [inner.flush()])
    return FTYP + box(
        b"moov", box(b"cmov", box(b"dcom", b"zlib"), box(b"cmvd", struct.pack(">I", megabytes << 20), packed))
    )


def countless_samples() -> bytes:
    """Sample tables that say four thousand million entries of one size, and hold none."""
    tables = box(b"stsz", struct.pack(">III", 0, 100, 0xFFFF_FFFF)) + box(b"stts", struct.pack(">II", 0, 0xFFFF_FFFF))
    return mp4(trak(entry=sample_entry(b"mp4v", 64, 48), tables=tables))


def png(width: int, height: int, data: bytes, *extra: bytes, depth: int = 8, colour: int = 2) -> bytes:
    """A PNG of any size whose pixels are ``data``, compressed here; ``extra`` pieces come before them."""
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    pieces = (png_piece(b"IHDR", head), *extra, png_piece(b"IDAT", zlib.compress(data, 9)), png_piece(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(pieces)


def png_piece(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + zlib.crc32(name + body).to_bytes(4, "big")


def _rows(width: int, height: int) -> bytes:
    return (b"\0" + bytes(3 * width)) * height


def png_text_bomb(megabytes: int) -> bytes:
    text = png_piece(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(megabytes << 20), 9))
    return png(64, 48, _rows(64, 48), text)


def png_profile_bomb(megabytes: int) -> bytes:
    profile = png_piece(b"iCCP", b"profile\0\0" + zlib.compress(bytes(megabytes << 20), 9))
    return png(64, 48, _rows(64, 48), profile)


def png_animation_that_lies() -> bytes:
    """It says four thousand million pictures and holds one."""
    return png(64, 48, _rows(64, 48), png_piece(b"acTL", struct.pack(">II", 0xFFFF_FFF0, 0)))


def gif(width: int, height: int, *frames: tuple[int, int, int, int]) -> bytes:
    """A GIF of this canvas with a one-pixel picture for each (left, top, width, height) that it claims to fill."""
    head = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes((0, 0, 0, 255, 255, 255))
    pictures = [
        b"\x21\xf9\x04\x08\x01\0\0\0\x2c" + struct.pack("<HHHHB", *place, 0) + b"\x02\x02\x44\x01\0" for place in frames
    ]
    return head + b"".join(pictures) + b"\x3b"


def webp_canvas(side: int) -> bytes:
    """An animated WebP whose canvas is ``side`` x ``side``."""
    small = io.BytesIO()
    images = [Image.fromarray(np.roll(SCENE, n, axis=1)) for n in range(3)]
    images[0].save(small, "WEBP", save_all=True, append_images=images[1:], duration=100)
    raw = bytearray(small.getvalue())
    at = raw.index(b"VP8X") + 12
    raw[at : at + 6] = (side - 1).to_bytes(3, "little") * 2
    return bytes(raw)


def saved(form: str, image: Image.Image | None = None, **options: object) -> bytes:
    """A picture of the scene in this form."""
    out = io.BytesIO()
    (image or Image.fromarray(SCENE)).save(out, form, **options)  # pyright: ignore[reportArgumentType]
    return out.getvalue()


def jpeg_of_size(width: int, height: int) -> bytes:
    """A sound JPEG but for the size that its header says."""
    raw = bytearray(saved("JPEG"))
    at = raw.index(b"\xff\xc0") + 5
    raw[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(raw)


def jpeg_with_exif(exif: bytes) -> bytes:
    raw = saved("JPEG")
    piece = b"Exif\0\0" + exif
    return raw[:2] + b"\xff\xe1" + struct.pack(">H", len(piece) + 2) + piece + raw[2:]


def exif_entry(kind: int, count: int, value: bytes, *, next_at: int = 0) -> bytes:
    """A TIFF directory of one entry, the orientation."""
    entry = struct.pack("<HHI", 0x0112, kind, count) + value
    return b"II*\0" + struct.pack("<IH", 8, 1) + entry + struct.pack("<I", next_at)


def jpeg_of_many_scans(scans: int) -> bytes:
    """A progressive JPEG that repeats its last scan: every one is decoded over the whole picture."""
    raw = saved("JPEG", progressive=True)
    last = raw.rindex(b"\xff\xda")
    return raw[:last] + raw[last:-2] * scans + b"\xff\xd9"


def encoded(
    form: str,
    codec: str,
    pix_fmt: str,
    *,
    size: tuple[int, int] = (64, 48),
    frames: int = 6,
    options: dict[str, str] | None = None,
    times: Callable[[int], int] | None = None,
) -> bytes:
    """A video of the moving face in any pixel format; ``times`` gives a frame's time in milliseconds."""
    from fractions import Fraction

    out = io.BytesIO()
    with av.open(out, "w", format=form, options={"avoid_negative_ts": "disabled"}) as container:
        stream = container.add_stream(codec, rate=25, options=options or {})
        stream.width, stream.height = size
        stream.pix_fmt = pix_fmt
        if times is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(moving(*size, side_px=16)(number), format="rgb24")
            if times is not None:
                frame.pts, frame.time_base = times(number), Fraction(1, 1000)
            container.mux(stream.encode(frame.reformat(format=pix_fmt)))
        container.mux(stream.encode())
    return out.getvalue()


def small_video(form: str, codec: str, *, size: tuple[int, int] = (64, 48), **more: object) -> bytes:
    wish = {"frames": 10, "rate": 25, "turn": 0.0, "times_s": None, "sound": False, "options": None, **more}
    return video_bytes(form, scene=moving(*size, side_px=16), codec=codec, **wish)  # pyright: ignore[reportArgumentType]


def with_cover(sound: bytes) -> bytes:
    """An MP4 of sound only, with a picture on its sleeve; its header has to be its last box."""
    at = sound.rindex(b"moov") - 4
    cover = box(b"covr", box(b"data", struct.pack(">II", 13, 0), saved("JPEG")))
    handler = box(b"hdlr", bytes(8) + b"mdirappl" + bytes(9))
    note = box(b"udta", box(b"meta", bytes(4), handler, box(b"ilst", cover)))
    return sound[:at] + box(b"moov", sound[at + 8 :], note)


def changed(data: bytes, name: bytes, at: int, value: bytes) -> bytes:
    """``value`` written ``at`` bytes behind every ``name``."""
    raw = bytearray(data)
    found = raw.find(name)
    while found >= 0:
        raw[found + len(name) + at : found + len(name) + at + len(value)] = value
        found = raw.find(name, found + 1)
    return bytes(raw)


def cuts(data: bytes, count: int) -> Iterator[bytes]:
    """The file broken off at ``count`` places."""
    for number in range(count):
        yield data[: max(1, len(data) * number // count)]


def flips(data: bytes, count: int, *, seed: int) -> Iterator[bytes]:
    """``count`` copies of the file, each with a few bits turned."""
    of = random.Random(seed)
    for _ in range(count):
        raw = bytearray(data)
        for _ in range(of.choice((1, 3, 20))):
            raw[of.randrange(len(raw))] ^= 1 << of.randrange(8)
        yield bytes(raw)
