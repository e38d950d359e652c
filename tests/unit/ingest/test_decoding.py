import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image

from contracts.errors import PoisonMessage
from contracts.vocabulary import Reason
from ingest import decoding
from ingest.decoded import ReadingRequest, SampledFrame, Shortfall, StillReading, StreamFacts
from ingest.decoder_process import read_media
from ingest.decoding import ChildDecoder, DecoderKilled, DecoderLimits
from ingest.sampling import SamplingPlan
from ingest.sniffing import sniff
from tests.support.media import a_picture, a_video, an_animation, moving, painted

SCENE = Image.fromarray(painted(64, 48, (8, 8, 20)))
PLANS = (SamplingPlan(5.0, 1), SamplingPlan(2.0, 1))


def a_request(path: Path, plans: tuple[SamplingPlan, ...] = PLANS) -> ReadingRequest:
    return ReadingRequest(sniff(path).container, plans, 10**8, 1e6)


def in_child(path, plans=PLANS, **limits):
    return ChildDecoder(DecoderLimits(**limits)).decode(path, a_request(path, plans))


def children():
    return [child for child in psutil.Process().children() if "ingest.decoder_process" in " ".join(child.cmdline())]


@pytest.mark.parametrize("name", ["a.mp4", "a.jpg"])
def test_a_child_gives_what_the_readers_give(tmp_path, name):
    path = (a_video if name.endswith("mp4") else a_picture)(tmp_path / name)
    theirs = [event for event in in_child(path) if not isinstance(event, StillReading)]
    with path.open("rb") as file:
        ours = [event for event in read_media(file, a_request(path)) if not isinstance(event, StillReading)]
    assert len(theirs) == len(ours)
    for there, here in zip(theirs, ours, strict=True):
        if isinstance(here, SampledFrame):
            assert isinstance(there, SampledFrame)
            assert (there.pts_s, there.frame_index, there.samples) == (here.pts_s, here.frame_index, here.samples)
            assert (there.pixels == here.pixels).all()
        else:
            assert there == here
    assert not children()


def test_what_cannot_be_read_is_a_shortfall(tmp_path):
    path = tmp_path / "x.mp4"
    path.write_bytes(b"\x00\x00\x00\x20ftypisom" + b"\x55" * 1000)
    assert [event.reason for event in in_child(path) if isinstance(event, Shortfall)] == [Reason.DECODE_ERROR]


def test_whoever_has_seen_enough_leaves_no_child(tmp_path):
    events = in_child(a_video(tmp_path / "a.mp4", scene=moving(1280, 720)))
    assert isinstance(next(events), StreamFacts)
    assert len(children()) == 1
    events.close()
    assert not children()


def test_a_killed_child_is_poison(tmp_path):
    events = in_child(a_video(tmp_path / "a.mp4", scene=moving(1280, 720), frames=100))
    next(events)
    os.kill(children()[0].pid, signal.SIGKILL)
    with pytest.raises(DecoderKilled, match="SIGKILL") as death:
        list(events)
    assert isinstance(death.value, PoisonMessage)
    assert death.value.reason == Reason.DECODE_ERROR
    assert not children()


def test_a_silent_child_is_ended(tmp_path):
    events = in_child(a_video(tmp_path / "a.mp4", scene=moving(1280, 720), frames=200), stall_s=8.0)
    next(events)
    os.kill(children()[0].pid, signal.SIGSTOP)
    with pytest.raises(DecoderKilled, match="no sign of life") as death:
        list(events)
    assert death.value.reason == Reason.TIMEOUT
    assert not children()


def test_too_little_memory_ends_only_the_child(tmp_path):
    path = a_video(tmp_path / "a.mp4", scene=moving(1920, 1080), frames=5)
    try:
        events = list(in_child(path, memory_bytes=120 * 2**20))
    except DecoderKilled as death:
        events = [Shortfall(death.reason, death.detail)]
    reasons = [event.reason for event in events if isinstance(event, Shortfall)]
    assert reasons[0] in (Reason.FILE_TOO_LARGE, Reason.DECODE_ERROR)


def test_processor_time_is_limited(tmp_path):
    """A programme stream may follow itself: minutes of decoding from a second of encoding."""
    path = a_video(tmp_path / "a.mpg", scene=moving(1280, 720), frames=50, codec="mpeg2video")
    path.write_bytes(path.read_bytes() * 300)
    with pytest.raises(DecoderKilled, match="processor time") as death:
        list(in_child(path, cpu_s=0))
    assert death.value.reason == Reason.TIMEOUT


def test_the_child_sees_neither_our_secrets_nor_the_files_name(tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "do-not-tell")
    path = a_video(tmp_path / "named.mp4", scene=moving(1280, 720))
    events = in_child(path)
    next(events)
    (child,) = children()
    assert "AWS_SECRET_ACCESS_KEY" not in child.environ()
    assert "named.mp4" not in " ".join(child.cmdline())
    events.close()


def test_the_whole_wait_is_limited(tmp_path):
    path = a_video(tmp_path / "a.mpg", scene=moving(1280, 720), frames=50, codec="mpeg2video")
    path.write_bytes(path.read_bytes() * 100)
    with pytest.raises(DecoderKilled, match="took more than 1 s") as death:
        list(in_child(path, (SamplingPlan(0.01, 1),), wall_s=1.0))
    assert death.value.reason == Reason.TIMEOUT
    assert not children()


def test_the_time_of_whoever_reads_is_no_waiting():
    reading, writing = os.pipe()
    try:
        pipe = decoding._Pipe(reading, DecoderLimits(wall_s=0.5, stall_s=60.0))
        os.write(writing, b"12")
        pipe.read(1)
        time.sleep(0.6)
        pipe.read(1)
        with pytest.raises(DecoderKilled, match="took more than"):
            pipe.read(1)
    finally:
        os.close(reading)
        os.close(writing)


def test_only_so_many_frames_are_decoded(tmp_path):
    path = a_video(tmp_path / "a.mp4", frames=50)
    request = ReadingRequest("mp4", (SamplingPlan(25.0, 1),), 10**8, 1e6, max_frames=7)
    events = list(ChildDecoder().decode(path, request))
    assert len([event for event in events if isinstance(event, SampledFrame)]) == 7
    (short,) = [event for event in events if isinstance(event, Shortfall)]
    assert (short.reason, short.detail) == (Reason.PARTIAL_RESULTS, "only the first 7 frames were looked at")


@pytest.mark.parametrize("limits", [{"max_frames": 3}, {"max_duration_s": 0.25}])
def test_only_so_many_pictures_of_an_animation_are_decoded(tmp_path, limits):
    path = an_animation(tmp_path / "a.gif", form="GIF", frames=20, frame_ms=100)
    request = ReadingRequest("gif", (SamplingPlan(25.0, 1),), 10**8, **{"max_duration_s": 1e6, **limits})
    events = list(ChildDecoder().decode(path, request))
    assert len([event for event in events if isinstance(event, SampledFrame)]) == 3
    (short,) = [event for event in events if isinstance(event, Shortfall)]
    assert short.reason == Reason.PARTIAL_RESULTS
    assert short.detail.startswith("only the first 3 of ")


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "CMYK", "1", "I;16"])
@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "WEBP"])
def test_a_confined_child_reads_every_kind_of_picture(tmp_path, form, mode):
    """Pillow imports parts of itself when a picture needs them, which a confined process cannot any more."""
    path = tmp_path / "x"
    try:
        image = Image.fromarray(np.full((24, 32), 40_000, np.uint16)) if mode == "I;16" else SCENE.convert(mode)
        image.save(path, form)
    except (OSError, ValueError):
        pytest.skip(f"no {mode} in {form}")
    with path.open("rb") as file:
        ours = [event for event in read_media(file, a_request(path)) if isinstance(event, SampledFrame)]
    theirs = [event for event in in_child(path) if isinstance(event, SampledFrame)]
    assert len(theirs) == len(ours) == 1
    assert (theirs[0].pixels == ours[0].pixels).all()


LIE = """
import json, struct, sys
kind, note, pixels = sys.argv[1].encode(), sys.argv[2].encode(), int(sys.argv[3])
sys.stdout.buffer.write(struct.pack("!cIQ", kind, len(note), pixels) + note + bytes(min(pixels, 1000)))
sys.stdout.buffer.write(struct.pack("!cIQ", b"E", 0, 0))
"""
FRAME_NOTE = {"pts_s": 0.0, "frame_index": 0, "quantiser": None, "samples": [[0, 0]], "width": 10, "height": 10}
FACTS_NOTE = {"kind": "video", "container": "mp4", "width_px": 64}


@pytest.mark.parametrize(
    ("kind", "note", "pixels"),
    [
        ("P", FRAME_NOTE | {"width": 10**9}, 300),
        ("P", FRAME_NOTE | {"width": -10, "height": -10}, 300),
        ("P", FRAME_NOTE, 2**60),
        ("P", FRAME_NOTE | {"pts_s": 1e999}, 300),
        ("P", FRAME_NOTE | {"quantiser": float("nan")}, 300),
        ("P", FRAME_NOTE | {"samples": {"a": "b"}}, 300),
        ("P", {}, 300),
        ("P", [], 300),
        ("F", FACTS_NOTE | {"kind": "virus"}, 0),
        ("F", FACTS_NOTE | {"width_px": "many"}, 0),
        ("F", FACTS_NOTE | {"duration_s": float("inf")}, 0),
        ("F", FACTS_NOTE | {"container": "x" * 70_000}, 0),
        ("S", {"reason": "because", "detail": "so"}, 0),
        ("A", {"pts_s": "soon"}, 0),
        ("?", {}, 0),
    ],
)
def test_a_child_that_was_taken_over_is_not_believed(tmp_path, kind, note, pixels):
    argv = [sys.executable, "-S", "-c", LIE, kind, json.dumps(note), str(pixels)]
    request = ReadingRequest("mp4", PLANS, 10**6, 1e6)
    with (
        subprocess.Popen(argv, stdout=subprocess.PIPE) as child,
        (tmp_path / "errors").open("w+b") as errors,
        pytest.raises(DecoderKilled),
    ):
        list(decoding._events(child, errors, request, DecoderLimits()))


def test_a_child_that_says_the_truth_is_believed(tmp_path):
    argv = [sys.executable, "-S", "-c", LIE, "P", json.dumps(FRAME_NOTE), "300"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as child, (tmp_path / "errors").open("w+b") as errors:
        (frame,) = decoding._events(child, errors, ReadingRequest("mp4", PLANS, 10**6, 1e6), DecoderLimits())
    assert isinstance(frame, SampledFrame)
    assert frame.pixels.shape == (10, 10, 3)
