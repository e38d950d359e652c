import numpy as np
import pytest

from contracts.errors import MediaNotAssessable
from contracts.vocabulary import MediaKind, Reason
from ingest.decoded import ReadingRequest, SampledFrame, Shortfall, StreamFacts
from ingest.sampling import SamplingPlan
from ingest.sniffing import sniff
from ingest.video import read_video
from tests.support.media import PAINT, a_sound_file, a_video, cut_off, moving, painted, video_bytes

EVERY_FRAME = SamplingPlan(1000.0, 1)


def read(path, *plans, max_pixels=10**8, max_duration_s=1e6):
    request = ReadingRequest(sniff(path).container, plans or (SamplingPlan(5.0, 1),), max_pixels, max_duration_s)
    with path.open("rb") as file:
        return list(read_video(file, request))


def of(events, kind):
    return [event for event in events if isinstance(event, kind)]


@pytest.mark.parametrize(
    ("name", "codec", "told"),
    [
        ("a.mp4", "libx264", "h264"),
        ("a.mp4", "libx265", "hevc"),
        ("a.mkv", "libx264", "h264"),
        ("a.webm", "libvpx-vp9", "vp9"),
        ("a.avi", "mjpeg", "mjpeg"),
        ("a.avi", "mpeg4", "mpeg4"),
        ("a.mov", "libx264", "h264"),
        ("a.mpg", "mpeg1video", "mpeg1video"),
        ("a.mpg", "mpeg2video", "mpeg2video"),
    ],
)
def test_codecs_and_containers(tmp_path, name, codec, told):
    events = read(a_video(tmp_path / name, codec=codec))
    (facts,) = of(events, StreamFacts)
    assert (facts.kind, facts.codec, facts.width_px, facts.height_px) == (MediaKind.VIDEO, told, 320, 240)
    assert facts.duration_s == pytest.approx(2.0, abs=0.05)
    frames = of(events, SampledFrame)
    assert [frame.frame_index for frame in frames] == list(range(0, 50, 5))
    assert [frame.pts_s for frame in frames] == pytest.approx([n / 5 for n in range(10)], abs=0.05)
    assert not of(events, Shortfall)


def test_colours_come_as_red_green_blue(tmp_path):
    scene = painted(64, 64, (0, 0, 64))
    scene[:] = (250, 120, 10)
    (frame, *_) = of(read(a_video(tmp_path / "a.mp4", scene=lambda _: scene, frames=3)), SampledFrame)
    assert np.abs(frame.pixels.reshape(-1, 3).mean(axis=0) - (250, 120, 10)).max() < 8


@pytest.mark.parametrize(("turn", "clockwise"), [(90, 270), (-90, 90), (180, 180)])
def test_a_rotated_phone_video_is_turned_upright(tmp_path, turn, clockwise):
    corner = painted(320, 240, (0, 0, 80))
    events = read(a_video(tmp_path / "phone.mov", scene=lambda _: corner, frames=5, turn=turn))
    (facts,) = of(events, StreamFacts)
    frame = of(events, SampledFrame)[0]
    assert facts.rotation_degrees == clockwise
    assert frame.pixels.shape[:2] == (facts.height_px, facts.width_px)
    expected = np.rot90(corner, turn // 90)
    assert np.abs(frame.pixels.astype(int) - expected).mean() < 6


def test_variable_frame_rate_goes_by_the_real_times(tmp_path):
    times_s = [n / 25 for n in range(25)] + [1 + n / 5 for n in range(25)]
    events = read(a_video(tmp_path / "v.mp4", times_s=times_s), SamplingPlan(2.5, 1))
    got = [frame.pts_s for frame in of(events, SampledFrame)]
    assert got == pytest.approx([n * 0.4 for n in range(len(got))], abs=0.041)
    assert got[-1] == pytest.approx(5.6, abs=0.21)


def test_a_video_of_one_frame(tmp_path):
    events = read(a_video(tmp_path / "one.mp4", frames=1), SamplingPlan(1.0, 32))
    assert [frame.pts_s for frame in of(events, SampledFrame)] == [0.0]
    assert not of(events, Shortfall)


def test_a_recording_without_a_duration_is_measured_first(tmp_path):
    path = tmp_path / "piped.webm"
    path.write_bytes(
        video_bytes(
            "webm",
            scene=moving(),
            frames=50,
            rate=25,
            codec="libvpx-vp9",
            turn=0,
            times_s=None,
            sound=False,
            options=None,
            seekable=False,
        )
    )
    events = read(path, SamplingPlan(1.0, 32))
    assert of(events, StreamFacts)[0].duration_s == pytest.approx(2.0, abs=0.05)
    assert len(of(events, SampledFrame)) == 32


@pytest.mark.parametrize("options", [{"bf": "3", "preset": "medium"}, {"bf": "0", "preset": "ultrafast"}])
def test_frames_keep_their_index_and_picture_although_unneeded_ones_are_not_decoded(tmp_path, options):
    path = a_video(tmp_path / "b.mp4", frames=60, options={**options, "qp": "10"})
    every = {frame.frame_index: frame for frame in of(read(path, EVERY_FRAME), SampledFrame)}
    assert sorted(every) == list(range(60))
    for frame in of(read(path, SamplingPlan(2.0, 1)), SampledFrame):
        assert frame.pts_s == every[frame.frame_index].pts_s
        assert (frame.pixels == every[frame.frame_index].pixels).all()


@pytest.mark.parametrize("name", ["cut.mkv", "cut.avi"])
def test_a_truncated_video_gives_what_is_there_and_says_so(tmp_path, name):
    codec = "mjpeg" if name.endswith("avi") else "libx264"
    events = read(cut_off(a_video(tmp_path / name, frames=100, codec=codec), 0.5))
    assert 5 <= len(of(events, SampledFrame)) < 20
    (shortfall,) = of(events, Shortfall)
    assert shortfall.reason == Reason.DECODE_ERROR
    assert "ends after" in shortfall.detail


def test_a_video_cut_off_before_its_table_of_contents_cannot_be_read(tmp_path):
    with pytest.raises(MediaNotAssessable, match="damaged") as refusal:
        read(cut_off(a_video(tmp_path / "cut.mp4"), 0.5))
    assert refusal.value.reason == Reason.DECODE_ERROR


def test_damage_in_the_middle_is_counted(tmp_path):
    path = a_video(tmp_path / "scratched.avi", codec="mpeg4", frames=100)
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 3 : len(raw) // 2] = b"\x55" * (len(raw) // 2 - len(raw) // 3)
    path.write_bytes(raw)
    events = read(path)
    assert of(events, SampledFrame)
    assert [shortfall.reason for shortfall in of(events, Shortfall)] == [Reason.DECODE_ERROR]


def test_sound_alone_is_named(tmp_path):
    with pytest.raises(MediaNotAssessable) as refusal:
        read(a_sound_file(tmp_path / "song.mp4"))
    assert refusal.value.reason == Reason.AUDIO_ONLY


def test_sound_beside_the_pictures_is_told(tmp_path):
    assert of(read(a_video(tmp_path / "s.mp4", sound=True)), StreamFacts)[0].has_audio is True
    assert of(read(a_video(tmp_path / "m.mp4")), StreamFacts)[0].has_audio is False


def test_too_many_pixels_are_refused_before_decoding(tmp_path):
    with pytest.raises(MediaNotAssessable, match="320 x 240") as refusal:
        read(a_video(tmp_path / "big.mp4"), max_pixels=320 * 240 - 1)
    assert refusal.value.reason == Reason.FILE_TOO_LARGE


def test_a_video_over_the_longest_duration_is_looked_at_in_part(tmp_path):
    events = read(a_video(tmp_path / "long.mp4"), max_duration_s=1.0)
    assert max(frame.pts_s for frame in of(events, SampledFrame)) <= 1.0
    assert [shortfall.reason for shortfall in of(events, Shortfall)] == [Reason.PARTIAL_RESULTS]


def test_the_colour_of_the_painted_face_survives(tmp_path):
    frame = of(read(a_video(tmp_path / "p.mp4", frames=2)), SampledFrame)[0]
    assert np.abs(frame.pixels[70, 70].astype(int) - PAINT).max() < 40
