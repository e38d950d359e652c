import itertools

import av
import cv2
import numpy as np
import pytest

from contracts.clips import FaceBox, FaceCrop, Pixels
from contracts.messages import MediaFacts
from contracts.vocabulary import MediaKind
from ingest.decoded import ReadingRequest, SampledFrame
from ingest.decoder_process import read_media
from ingest.quality import (
    MOST_TRACKS_TOLD,
    QualityTally,
    bits_per_pixel,
    brightness,
    clipped_share,
    face_of,
    luma_range,
    sharpness,
)
from ingest.sampling import SamplingPlan
from telltale.changed_copies import Change, write_copy
from tests.support.media import astronaut

FACE = astronaut()[60:180, 160:280]


def blurred(sigma: float) -> Pixels:
    return np.asarray(cv2.GaussianBlur(FACE, (0, 0), sigma), np.uint8)


def test_a_blurred_face_is_less_sharp():
    assert sharpness(blurred(3)) < 0.2 * sharpness(FACE)


def test_a_small_face_blown_up_is_less_sharp_than_a_native_one():
    small = np.asarray(cv2.resize(FACE, (30, 30), interpolation=cv2.INTER_AREA), np.uint8)
    assert sharpness(small) < sharpness(FACE)


def test_brightness_is_a_share():
    assert brightness(np.zeros((9, 9, 3), np.uint8)) == 0.0
    assert brightness(np.full((9, 9, 3), 255, np.uint8)) == 1.0


def test_the_face_is_cut_out_of_its_crop():
    crop = FaceCrop(astronaut(), FaceBox(10.2, 20.7, 60.0, 90.0, 1.0), 0, 0.0, 0)
    assert face_of(crop).shape == (70, 50, 3)


@pytest.mark.parametrize(
    ("facts", "bits"),
    [
        (MediaFacts(kind=MediaKind.IMAGE, width_px=100, height_px=100, size_bytes=2500), 2.0),
        (MediaFacts(kind=MediaKind.VIDEO, width_px=100, height_px=100, bit_rate=25_000, frame_rate=25.0), 0.1),
        (MediaFacts(kind=MediaKind.VIDEO, width_px=100, height_px=100, bit_rate=25_000), None),
        (MediaFacts(), None),
    ],
)
def test_bits_per_pixel_or_nothing(facts, bits):
    assert bits_per_pixel(facts) == (pytest.approx(bits) if bits else None)


def a_box(height):
    return FaceBox(0, 0, 10, height, 1.0)


def test_tracks_are_told_with_their_span_and_size():
    tally = QualityTally()
    for n in range(11):
        tally.note_face(0, a_box(100 + n), n / 10)
    (facts,) = tally.tracks()
    assert (facts.start_s, facts.end_s, facts.face_frames) == (0.0, 1.0, 11)
    assert (facts.face_height_px_median, facts.face_height_px_p5) == (105, 100.5)


def test_a_film_of_a_thousand_tracks_still_fits_a_message():
    tally = QualityTally()
    for track_id in range(1000):
        for _ in range(2 if track_id % 5 == 0 else 1):
            tally.note_face(track_id, a_box(50), float(track_id))
    told = tally.tracks()
    assert [facts.track_id for facts in told] == list(range(0, 1000, 5))
    assert len(told) == MOST_TRACKS_TOLD


def test_nothing_seen_is_nothing_claimed():
    quality = QualityTally().quality(MediaFacts())
    assert (quality.face_height_px_p5, quality.sharpness_p5, quality.brightness_median) == (None, None, None)


@pytest.mark.parametrize("measure", [sharpness, luma_range])
def test_blur_and_darkness_lower_the_measures_step_by_step(measure):
    softer = [measure(blurred(sigma)) for sigma in (1, 2, 4, 8, 16)]
    darker = [measure((FACE * light).astype(np.uint8)) for light in (1.0, 0.5, 0.25, 0.1)]
    for steps in (softer, darker):
        assert all(after < before for before, after in itertools.pairwise(steps))


def test_crushed_and_blown_pixels_are_counted():
    half = np.full((10, 10, 3), 128, np.uint8)
    half[:5] = 255
    assert clipped_share(half) == 0.5
    assert clipped_share(np.zeros((4, 4, 3), np.uint8)) == 1.0
    shares = [clipped_share((FACE * light).astype(np.uint8)) for light in (1.0, 0.3, 0.1, 0.02)]
    assert shares == sorted(shares)


def test_a_darker_face_keeps_more_of_its_range_than_of_its_brightness():
    darker = (FACE.astype(int) - 40).clip(0, 255).astype(np.uint8)
    assert luma_range(darker) / luma_range(FACE) > 1.1 * brightness(darker) / brightness(FACE)


def test_the_quantiser_of_a_film_rises_with_its_compression(tmp_path):
    read = [mean_quantiser(a_film(tmp_path / f"{crf}.mp4", crf)) for crf in (18, 28, 38, 48)]
    assert all(after > before + 5 for before, after in itertools.pairwise(read))
    assert read[3] == pytest.approx(48, abs=4)


def a_film(path, crf):
    changed = Change(name="test", crf=crf)
    source = path.with_suffix(".source.mp4")
    with av.open(str(source), "w") as film:
        stream = film.add_stream("libx264", rate=25, options={"crf": "8"})
        stream.width, stream.height, stream.pix_fmt = 256, 256, "yuv420p"
        for at in range(12):
            picture = np.ascontiguousarray(astronaut()[at : at + 256, 100:356])
            film.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        film.mux(stream.encode(None))
    return write_copy(source, path, changed)


def mean_quantiser(path):
    request = ReadingRequest("mp4", (SamplingPlan(25.0, 4, 0, None),), 10**7, 60.0)
    with path.open("rb") as file:
        events = list(read_media(file, request))
    found = [e.quantiser for e in events if isinstance(e, SampledFrame) and e.quantiser is not None]
    assert len(found) >= 10
    return float(np.mean(found))
