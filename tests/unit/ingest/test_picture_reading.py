import io

import numpy as np
import pytest
from PIL import Image

from contracts.errors import MediaNotAssessable
from contracts.vocabulary import MediaKind, Reason
from ingest.decoded import ReadingRequest, SampledFrame, Shortfall, StreamFacts
from ingest.pictures import read_picture
from ingest.sampling import SamplingPlan
from ingest.sniffing import sniff
from tests.support.media import a_picture, an_animation, cut_off, painted

SCENE = painted(64, 48, (0, 0, 20))


ONE_A_SECOND = SamplingPlan(1.0, 32)


def read(path, rate=ONE_A_SECOND, max_pixels=10**8):
    with path.open("rb") as file:
        return list(read_picture(file, ReadingRequest(sniff(path).container, (rate,), max_pixels, 1e6)))


def of(events, kind):
    return [event for event in events if isinstance(event, kind)]


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_each_kind_of_picture_is_one_frame(tmp_path, form):
    facts, frame = read(a_picture(tmp_path / "x", form=form))
    assert isinstance(facts, StreamFacts)
    assert (facts.kind, facts.container, facts.width_px, facts.height_px) == (MediaKind.IMAGE, form.lower(), 320, 240)
    assert isinstance(frame, SampledFrame)
    assert (frame.pixels.shape, frame.pts_s, frame.samples) == ((240, 320, 3), 0.0, {0: 0})


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_is_shown_upright(tmp_path, orientation):
    """A viewer's own way of turning is the reference."""
    path = a_picture(tmp_path / "x.png", SCENE, orientation=orientation, form="PNG")
    from PIL import ImageOps

    with Image.open(path) as image:
        expected = np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    facts, frame = read(path)
    assert (frame.pixels == expected).all()
    assert (facts.height_px, facts.width_px) == expected.shape[:2]


@pytest.mark.parametrize("mode", ["L", "P", "LA", "RGBA", "CMYK", "1"])
def test_every_mode_becomes_rgb(tmp_path, mode):
    path = tmp_path / "x"
    Image.fromarray(SCENE).convert(mode).save(path, "JPEG" if mode == "CMYK" else "PNG")
    assert of(read(path), SampledFrame)[0].pixels.shape == (48, 64, 3)


def test_sixteen_bits_of_grey_keep_their_brightness(tmp_path):
    Image.fromarray(np.full((20, 20), 128 * 256, dtype=np.uint16)).save(tmp_path / "x", "PNG")
    assert of(read(tmp_path / "x"), SampledFrame)[0].pixels.mean() == 128


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG"])
def test_an_animated_picture_is_a_silent_video(tmp_path, form):
    events = read(an_animation(tmp_path / "x", form=form, frames=10, frame_ms=100), SamplingPlan(5.0, 1))
    (facts,) = of(events, StreamFacts)
    assert (facts.kind, facts.has_audio) == (MediaKind.VIDEO, False)
    assert facts.duration_s == pytest.approx(1.0)
    assert [frame.pts_s for frame in of(events, SampledFrame)] == pytest.approx([0.0, 0.2, 0.4, 0.6, 0.8])


def test_a_gif_that_stands_still_is_a_picture(tmp_path):
    Image.fromarray(SCENE).save(tmp_path / "x", "GIF")
    assert of(read(tmp_path / "x"), StreamFacts)[0].kind == MediaKind.IMAGE


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_cut_off_picture_is_a_decode_error(tmp_path, form):
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    with pytest.raises(MediaNotAssessable) as refusal:
        read(cut_off(a_picture(tmp_path / "x", noise, form=form), 0.5))
    assert refusal.value.reason == Reason.DECODE_ERROR


def test_a_cut_off_animation_gives_its_first_pictures(tmp_path):
    events = read(cut_off(an_animation(tmp_path / "x", form="GIF", frames=20), 0.6), SamplingPlan(100.0, 1))
    assert of(events, SampledFrame)
    assert len(of(events, SampledFrame)) < 20


def test_a_picture_that_promises_too_many_pixels_is_refused_unread(tmp_path):
    """The header alone is written: decoding it would fail in another way."""
    small = io.BytesIO()
    Image.fromarray(SCENE).save(small, "PNG")
    raw = bytearray(small.getvalue())
    raw[16:24] = (20_000).to_bytes(4, "big") * 2
    import zlib

    raw[29:33] = zlib.crc32(bytes(raw[12:29])).to_bytes(4, "big")
    (tmp_path / "bomb.png").write_bytes(raw)
    with pytest.raises(MediaNotAssessable, match="20000 x 20000") as refusal:
        read(tmp_path / "bomb.png", max_pixels=120_000_000)
    assert refusal.value.reason == Reason.FILE_TOO_LARGE


def test_the_limit_of_one_reading_binds_nobody_else(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 12_345_678)
    read(a_picture(tmp_path / "small.jpg"))
    assert Image.MAX_IMAGE_PIXELS == 12_345_678
    with pytest.raises(MediaNotAssessable):
        read(a_picture(tmp_path / "large.jpg"), max_pixels=1000)
    assert Image.MAX_IMAGE_PIXELS == 12_345_678


def test_no_shortfall_for_sound_pictures(tmp_path):
    assert not of(read(a_picture(tmp_path / "x")), Shortfall)
