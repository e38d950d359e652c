"""The first bytes of a file in, its media kind and container out; the name of the file is never looked at."""

import codecs
from dataclasses import dataclass
from pathlib import Path

from contracts.errors import MediaNotAssessable
from contracts.vocabulary import MediaKind, Reason

SNIFFED_BYTES = 4096

_STILL_BRANDS = (b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"avif", b"avis")
_AUDIO_BRANDS = (b"M4A ", b"M4B ", b"M4P ")
_MOV_BOXES = (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
_TS_PACKET_BYTES = 188


@dataclass(frozen=True)
class Sniffed:
    """What the bytes promise to be; ``container`` is one of the words that the decoding child knows a reader for."""

    kind: MediaKind
    container: str


def sniff(path: Path) -> Sniffed:
    """The kind and container of the file at ``path``.

    A container that can hold a video is called one; whether it holds more than sound is found when it is opened.

    Raises:
        MediaNotAssessable: the file is empty, holds sound only, or is of no kind that is read here.
    """
    with path.open("rb") as file:
        return sniff_bytes(file.read(SNIFFED_BYTES))


def sniff_bytes(head: bytes) -> Sniffed:
    """Like ``sniff``, for the first ``SNIFFED_BYTES`` bytes of a file."""
    if not head:
        raise MediaNotAssessable(Reason.DECODE_ERROR, "the file is empty (0 bytes)")
    found = _picture(head) or _video(head)
    if found is not None:
        return found
    if _is_audio(head):
        raise MediaNotAssessable(Reason.AUDIO_ONLY, "the file holds sound and no pictures")
    raise MediaNotAssessable(Reason.UNSUPPORTED_FORMAT, _what_it_looks_like(head))


def _picture(head: bytes) -> Sniffed | None:
    if head.startswith(b"\xff\xd8\xff"):
        return Sniffed(MediaKind.IMAGE, "jpeg")
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return Sniffed(MediaKind.IMAGE, "png")
    if head.startswith((b"GIF87a", b"GIF89a")):
        return Sniffed(MediaKind.IMAGE, "gif")
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return Sniffed(MediaKind.IMAGE, "webp")
    return None


def _video(head: bytes) -> Sniffed | None:
    container = _riff_or_ebml(head) or _iso_or_mpeg(head)
    return Sniffed(MediaKind.VIDEO, container) if container else None


def _riff_or_ebml(head: bytes) -> str | None:
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "webm" if b"webm" in head[:64] else "matroska"
    if head.startswith(b"RIFF") and head[8:12] == b"AVI ":
        return "avi"
    return None


def _iso_or_mpeg(head: bytes) -> str | None:
    if head[4:8] == b"ftyp":
        return None if head[8:12] in _STILL_BRANDS + _AUDIO_BRANDS else _iso_name(head)
    if head[4:8] in _MOV_BOXES:
        return "mov"
    if head.startswith(b"\x00\x00\x01\xba"):
        return "mpeg"
    if head.startswith(b"\x00\x00\x01\xb3"):
        return "mpegvideo"
    return "mpegts" if _is_transport_stream(head) else None


def _iso_name(head: bytes) -> str:
    return "mov" if head[8:12] == b"qt  " else "mp4"


def _is_transport_stream(head: bytes) -> bool:
    starts = head[: 4 * _TS_PACKET_BYTES : _TS_PACKET_BYTES]
    return len(starts) == 4 and set(starts) == {0x47}


def _is_audio(head: bytes) -> bool:
    if head.startswith((b"ID3", b"fLaC", b"OggS")):
        return not (head.startswith(b"OggS") and b"theora" in head[:256])
    if head[4:8] == b"ftyp":
        return head[8:12] in _AUDIO_BRANDS
    if head.startswith(b"RIFF"):
        return head[8:12] == b"WAVE"
    return _is_mpeg_audio(head)


def _is_mpeg_audio(head: bytes) -> bool:
    """MP3 or AAC frames: eleven set bits, then a layer and a bit rate that are not reserved."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return False
    is_adts = head[1] & 0xF6 == 0xF0
    return is_adts or (head[1] & 0x06 != 0 and head[2] >> 4 not in (0x0, 0xF))


def _what_it_looks_like(head: bytes) -> str:
    if head[4:8] == b"ftyp" and head[8:12] in _STILL_BRANDS:
        return f"{head[8:12].decode('ascii').strip().upper()} pictures are not read here; JPEG, PNG and WebP are"
    if b"\x00" not in head and _is_text(head):
        return "the file is text, not a picture or video"
    return "the bytes are of no picture or video format that is read here"


def _is_text(head: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # incremental: a character may be cut at the end
    except UnicodeDecodeError:
        return False
    return True
