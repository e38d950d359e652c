import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import MediaNotAssessable
from contracts.vocabulary import MediaKind, Reason
from ingest.sniffing import Sniffed, sniff, sniff_bytes

ISO = b"\x00\x00\x00\x20ftyp"


@pytest.mark.parametrize(
    ("head", "kind", "container"),
    [
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", MediaKind.IMAGE, "jpeg"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", MediaKind.IMAGE, "png"),
        (b"GIF89a\x01\x00", MediaKind.IMAGE, "gif"),
        (b"RIFF\x10\x00\x00\x00WEBPVP8 ", MediaKind.IMAGE, "webp"),
        (b"RIFF\x10\x00\x00\x00AVI LIST", MediaKind.VIDEO, "avi"),
        (ISO + b"isom\x00\x00\x02\x00", MediaKind.VIDEO, "mp4"),
        (ISO + b"qt  \x00\x00\x02\x00", MediaKind.VIDEO, "mov"),
        (b"\x00\x00\x10\x00moov", MediaKind.VIDEO, "mov"),
        (b"\x1a\x45\xdf\xa3\x01\x00B\x82\x84webm", MediaKind.VIDEO, "webm"),
        (b"\x1a\x45\xdf\xa3\x01\x00B\x82\x88matroska", MediaKind.VIDEO, "matroska"),
        (b"\x00\x00\x01\xba\x21", MediaKind.VIDEO, "mpeg"),
        (b"\x00\x00\x01\xb3\x16", MediaKind.VIDEO, "mpegvideo"),
        ((b"G" + b"\x00" * 187) * 5, MediaKind.VIDEO, "mpegts"),
    ],
)
def test_the_first_bytes_tell_kind_and_container(head, kind, container):
    assert sniff_bytes(head) == Sniffed(kind, container)


@pytest.mark.parametrize(
    ("head", "reason", "words"),
    [
        (b"", Reason.DECODE_ERROR, "empty"),
        (b"Dear all,\nplease find attached", Reason.UNSUPPORTED_FORMAT, "text"),
        (("ä" * 4000).encode()[:4095], Reason.UNSUPPORTED_FORMAT, "text"),
        (b"#EXTM3U\nhttp://example.org/a.ts\n", Reason.UNSUPPORTED_FORMAT, "text"),
        (b"ffconcat version 1.0\nfile '/etc/passwd'\n", Reason.UNSUPPORTED_FORMAT, "text"),
        (b"%PDF-1.7\x00\x01", Reason.UNSUPPORTED_FORMAT, "no picture or video"),
        (ISO + b"heic\x00\x00\x00\x00", Reason.UNSUPPORTED_FORMAT, "HEIC"),
        (ISO + b"M4A \x00\x00\x00\x00", Reason.AUDIO_ONLY, "sound"),
        (b"RIFF\x10\x00\x00\x00WAVEfmt ", Reason.AUDIO_ONLY, "sound"),
        (b"ID3\x04\x00\x00", Reason.AUDIO_ONLY, "sound"),
        (b"\xff\xfb\x90\x64", Reason.AUDIO_ONLY, "sound"),
        (b"OggS\x00\x02\x00\x00\x01vorbis", Reason.AUDIO_ONLY, "sound"),
    ],
)
def test_what_cannot_be_read_is_named(head, reason, words):
    with pytest.raises(MediaNotAssessable, match=words) as refusal:
        sniff_bytes(head)
    assert refusal.value.reason == reason


@given(st.binary(max_size=600))
def test_any_bytes_are_sniffed_or_refused(head):
    with contextlib.suppress(MediaNotAssessable):
        assert sniff_bytes(head).kind in (MediaKind.IMAGE, MediaKind.VIDEO)


def test_the_name_of_the_file_says_nothing(tmp_path):
    path = tmp_path / "holiday.mp4"
    path.write_bytes(b"\x89PNG\r\n\x1a\n")
    assert sniff(path) == Sniffed(MediaKind.IMAGE, "png")
