import os
import signal

import numpy as np
import psutil
import pytest

from contracts.demands import CropDemand
from contracts.messages import ExpectedClips
from contracts.settings import ExtractSettings
from contracts.vocabulary import MediaKind, Reason
from ingest.crop_bundles import clips_of, pack, unpack
from ingest.decoder_process import read_media
from ingest.decoding import DecoderLimits
from ingest.extraction import DecoderKilled, ExtractionRules, extract
from tests.support.media import (
    PaintLocator,
    a_picture,
    a_sound_file,
    a_video,
    an_animation,
    cut_off,
    moving,
    painted,
)

MESO = CropDemand(detector="meso", min_frames=8, margin=0.2, min_face_px=32)
TALL = CropDemand(detector="tall", min_frames=8, margin=0.5, min_face_px=80)


class HereDecoder:
    """Reads in this process: the child is tested elsewhere."""

    def __init__(self):
        self.runs = 0

    def decode(self, path, request):
        self.runs += 1
        with path.open("rb") as file:
            yield from read_media(file, request)


def extracted(path, *demands, decoder=None, locator=None, **rules):
    return list(
        extract(
            path,
            media_id="m",
            demands=demands or [MESO],
            locator=locator or PaintLocator(),
            rules=ExtractionRules(**rules),
            decoder=decoder or HereDecoder(),
        )
    )


def only(chunks):
    (chunk,) = chunks
    assert chunk.snapshot.complete
    return chunk


def reasons(chunk):
    return [problem.reason for problem in chunk.snapshot.problems]


def test_a_video_becomes_crops_clips_and_facts(tmp_path):
    chunk = only(extracted(a_video(tmp_path / "a.mp4"), MESO))
    snapshot = chunk.snapshot
    assert len(chunk.crops) == len(chunk.clips["meso"]) == 8
    assert snapshot.expected == {"meso": ExpectedClips(batches=1, clips=8, sampled_frames=8)}
    assert snapshot.not_applicable == {}
    assert snapshot.problems == ()
    assert (snapshot.media.kind, snapshot.media.codec, snapshot.media.width_px) == (MediaKind.VIDEO, "h264", 320)
    assert snapshot.media.size_bytes == (tmp_path / "a.mp4").stat().st_size
    assert len(snapshot.media.sha256) == 64
    assert (snapshot.quality.sampled_frames, snapshot.quality.face_frames) == (8, 8)
    assert 3 <= snapshot.quality.located_frames <= 8
    assert snapshot.quality.face_height_px_p5 == pytest.approx(60, abs=3)
    assert snapshot.quality.bits_per_pixel > 0
    (track,) = snapshot.tracks
    assert (track.track_id, track.face_frames) == (0, 8)
    assert track.end_s == pytest.approx(chunk.crops[-1].pts_s)


def test_the_largest_margin_is_cut_and_every_detector_names_its_own_clips(tmp_path):
    chunk = only(extracted(a_picture(tmp_path / "a.png", painted(640, 480, (200, 150, 100)), form="PNG"), MESO, TALL))
    (crop,) = chunk.crops
    assert crop.pixels.shape[:2] == pytest.approx((200, 200), abs=2)
    assert set(chunk.clips) == {"meso", "tall"}


def test_a_face_too_small_for_one_detector_is_its_own_reason(tmp_path):
    chunk = only(extracted(a_video(tmp_path / "a.mp4"), MESO, TALL))
    assert set(chunk.clips) == {"meso"}
    assert chunk.snapshot.expected["tall"] == ExpectedClips(batches=0, clips=0, sampled_frames=8)
    problem = chunk.snapshot.not_applicable["tall"]
    assert problem.reason == Reason.FACE_TOO_SMALL
    assert "px high, needed 80" in problem.detail
    assert Reason.FACE_TOO_SMALL not in reasons(chunk)


def test_faces_too_small_for_all_are_the_items_reason(tmp_path):
    chunk = only(extracted(a_video(tmp_path / "a.mp4"), TALL))
    assert chunk.crops == ()
    assert reasons(chunk) == [Reason.FACE_TOO_SMALL]


def test_a_detector_for_videos_gets_no_picture(tmp_path):
    demand = CropDemand(detector="v", kinds=(MediaKind.VIDEO,))
    chunk = only(extracted(a_picture(tmp_path / "a.jpg"), MESO, demand))
    assert set(chunk.clips) == {"meso"}
    assert chunk.snapshot.not_applicable["v"].reason == Reason.POLICY_SKIPPED


def test_chunks_come_while_decoding_and_count_up(tmp_path):
    path = a_video(tmp_path / "a.mp4", frames=50)
    demand = CropDemand(detector="d", frames_per_second=25.0)
    chunks = extracted(path, demand, chunk_frames=20)
    assert [chunk.chunk_index for chunk in chunks] == [0, 1, 2]
    assert [len(chunk.crops) for chunk in chunks] == [20, 20, 10]
    assert [chunk.snapshot.complete for chunk in chunks] == [False, False, True]
    assert [chunk.snapshot.expected["d"] for chunk in chunks] == [
        ExpectedClips(batches=n, clips=c, sampled_frames=c) for n, c in ((1, 20), (2, 40), (3, 50))
    ]
    numbers = [ref.clip_index for chunk in chunks for ref in chunk.clips["d"]]
    assert numbers == list(range(50))
    assert {ref.track_id for chunk in chunks for ref in chunk.clips["d"]} == {0}


def test_chunks_without_a_clip_for_a_detector_are_not_counted_for_it(tmp_path):
    scene = moving()
    path = a_video(tmp_path / "a.mp4", frames=60, scene=lambda n: scene(n) if n < 20 or n >= 40 else painted(320, 240))
    chunks = extracted(path, CropDemand(detector="d", frames_per_second=25.0), chunk_frames=20)
    assert [bool(chunk.clips) for chunk in chunks] == [True, False, True]
    assert chunks[-1].snapshot.expected["d"].batches == 2


def test_the_same_file_gives_the_same_chunks(tmp_path):
    path = a_video(tmp_path / "a.mp4")
    one, other = (extracted(path, MESO, TALL, chunk_frames=3) for _ in range(2))
    assert [chunk.snapshot for chunk in one] == [chunk.snapshot for chunk in other]
    assert [pack(chunk.crops) for chunk in one] == [pack(chunk.crops) for chunk in other]
    assert [chunk.clips for chunk in one] == [chunk.clips for chunk in other]


def test_bundle_and_clips_fit_together(tmp_path):
    chunk = only(extracted(a_video(tmp_path / "a.mp4"), CropDemand(detector="d", clip_length=4, min_frames=9)))
    clips = clips_of(unpack(pack(chunk.crops)), chunk.clips["d"], "m")
    assert [len(clip.crops) for clip in clips] == [4, 4]


def test_it_is_decoded_once_and_counted(tmp_path):
    counts: dict = {}

    def count(name, amount, labels):
        key = (name, *labels.values())
        counts[key] = counts.get(key, 0) + amount

    decoder = HereDecoder()
    list(
        extract(
            a_video(tmp_path / "a.mp4"),
            media_id="m",
            demands=[MESO, TALL, CropDemand(detector="third", frames_per_second=3.0)],
            locator=PaintLocator(),
            rules=ExtractionRules(),
            decoder=decoder,
            on_count=count,
        )
    )
    assert decoder.runs == 1
    assert counts["telltale_decoder_runs_total",] == 1
    assert counts["telltale_frames_sampled_total",] >= 32
    assert counts["telltale_crops_total",] == counts["telltale_frames_sampled_total",]
    assert counts["telltale_face_searches_total", "full"] > 0
    assert counts["telltale_face_searches_total", "followed"] > 0


def test_memory_does_not_grow_with_the_video(tmp_path):
    """What is held at a time, counted in frames; chunks are dropped as their reader drops them."""
    import gc
    import weakref

    alive: weakref.WeakSet = weakref.WeakSet()
    most = 0

    class Watched(HereDecoder):
        def decode(self, path, request):
            nonlocal most
            for event in super().decode(path, request):
                if hasattr(event, "pixels"):
                    alive.add(event)
                    most = max(most, len(alive))
                yield event

    demand = CropDemand(detector="d", frames_per_second=25.0)
    peaks = []
    for seconds in (4, 16):
        most = 0
        path = a_video(tmp_path / f"{seconds}.mp4", scene=moving(160, 120, side_px=40), frames=25 * seconds)
        held = extract(
            path,
            media_id="m",
            demands=[demand],
            locator=PaintLocator(),
            rules=ExtractionRules(chunk_frames=16),
            decoder=Watched(),
        )
        crops = [len(chunk.crops) for chunk in held]
        assert max(crops) == 16
        gc.collect()
        peaks.append(most)
    assert peaks[0] == peaks[1] <= 24


SWAP = CropDemand(detector="swap", min_frames=8, min_face_px=32)
FLOW = CropDemand(detector="flow", frames_per_second=25.0, clip_length=16, shortest_clip=4, min_frames=1)
JUMPS = CropDemand(detector="jumps", frames_per_second=60.0, clip_length=8, clip_every_s=1.0, min_frames=1)


def clips_of_all(chunks, name):
    """Every clip of a detector as (number, track, frame indices); its crops are where the references say."""
    return [
        (ref.clip_index, ref.track_id, tuple(chunk.crops[p].frame_index for p in ref.crops))
        for chunk in chunks
        for ref in chunk.clips.get(name, ())
    ]


def test_frame_and_sequence_detectors_share_one_decode_and_one_bundle(tmp_path):
    decoder = HereDecoder()
    path = a_video(tmp_path / "a.mp4", frames=60)
    chunks = extracted(path, SWAP, FLOW, JUMPS, decoder=decoder, chunk_frames=25)
    assert decoder.runs == 1
    swap, flow, jumps = (clips_of_all(chunks, name) for name in ("swap", "flow", "jumps"))
    assert [frames for _, _, frames in swap] == [(n,) for n in (0, 8, 15, 23, 30, 38, 45, 53)]
    assert [frames for _, _, frames in flow] == [
        tuple(range(start, start + length)) for start, length in ((0, 16), (16, 16), (32, 16), (48, 12))
    ]
    assert [frames for _, _, frames in jumps] == [tuple(range(start, start + 8)) for start in (0, 25, 50)]
    for found in (swap, flow, jumps):
        assert [number for number, _, _ in found] == list(range(len(found)))
    held = [crop.frame_index for crop in chunks[1].crops]
    assert held[0] == 16
    assert len(held) == len(set(held))


def test_a_chunk_is_full_by_its_own_crops_and_not_by_those_that_wait(tmp_path):
    path = a_video(tmp_path / "a.mp4", frames=60)
    long = CropDemand(detector="long", frames_per_second=25.0, clip_length=50, shortest_clip=1, min_frames=1)
    chunks = extracted(path, long, chunk_frames=20)
    assert [len(chunk.crops) for chunk in chunks] == [0, 0, 60]
    assert [len(ref.crops) for ref in chunks[2].clips["long"]] == [50, 10]
    assert chunks[-1].snapshot.expected["long"] == ExpectedClips(batches=1, clips=2, sampled_frames=60)


@pytest.mark.parametrize("chunk_frames", [1, 7, 1000])
def test_clips_do_not_depend_on_the_size_of_chunks(tmp_path, chunk_frames):
    scene = moving()
    path = a_video(tmp_path / "a.mp4", frames=60, scene=lambda n: scene(n) if n % 23 else painted(320, 240))
    demands = (SWAP, FLOW, JUMPS)
    usual, other = extracted(path, *demands), extracted(path, *demands, chunk_frames=chunk_frames)
    for demand in demands:
        assert clips_of_all(other, demand.detector) == clips_of_all(usual, demand.detector) != []
    assert other[-1].snapshot.tracks == usual[-1].snapshot.tracks


def test_a_shot_cut_ends_a_sequence(tmp_path):
    dark = painted(320, 240, (40, 30, 60))
    bright = np.where(dark == 90, np.uint8(240), dark)
    path = a_video(tmp_path / "a.mp4", frames=40, scene=lambda n: dark if n < 25 else bright)
    chunks = extracted(path, FLOW)
    assert [frames for _, _, frames in clips_of_all(chunks, "flow")] == [
        tuple(range(start, end)) for start, end in ((0, 16), (16, 25), (25, 40))
    ]
    assert len({track for _, track, _ in clips_of_all(chunks, "flow")}) == 2


def test_what_is_too_short_for_a_clip_is_dropped_counted_and_said(tmp_path):
    counts: dict = {}

    def count(name, amount, labels):
        counts[(name, *labels.values())] = counts.get((name, *labels.values()), 0) + amount

    demands = [SWAP, CropDemand(detector="long", frames_per_second=25.0, clip_length=64, shortest_clip=30)]
    chunk = only(
        extract(
            a_video(tmp_path / "a.mp4", frames=20),
            media_id="m",
            demands=demands,
            locator=PaintLocator(),
            rules=ExtractionRules(),
            decoder=HereDecoder(),
            on_count=count,
        )
    )
    assert counts["telltale_crops_dropped_total", "long"] == 20
    assert counts["telltale_crops_dropped_total", "swap"] == 0
    problem = chunk.snapshot.not_applicable["long"]
    assert problem.reason == Reason.TOO_FEW_FACE_FRAMES
    assert "30 sampled frames one after another, as this detector needs; 20 sampled frames at most" in problem.detail
    assert {crop.frame_index for crop in chunk.crops} == {frames[0] for _, _, frames in clips_of_all([chunk], "swap")}


def test_crops_can_be_laid_back_into_their_frame(tmp_path):
    picture = painted(320, 240, (40, 30, 60))
    chunk = only(extracted(a_picture(tmp_path / "a.png", picture, form="PNG"), MESO))
    (crop,) = unpack(pack(chunk.crops))
    x, y = crop.origin
    height, width = crop.pixels.shape[:2]
    assert crop.origin == (28, 18)
    assert (picture[y : y + height, x : x + width] == crop.pixels).all()


def test_an_animation_is_a_video(tmp_path):
    chunk = only(extracted(an_animation(tmp_path / "a.webp", form="WEBP"), MESO))
    assert chunk.snapshot.media.kind == MediaKind.VIDEO
    assert len(chunk.crops) == 5


def refused(tmp_path, make):
    path = tmp_path / "item.mp4"
    make(path)
    return only(extracted(path, MESO, TALL))


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: path.write_bytes(b""), Reason.DECODE_ERROR),
        (lambda path: path.write_text("Dear all,\n"), Reason.UNSUPPORTED_FORMAT),
        (a_sound_file, Reason.AUDIO_ONLY),
        (lambda path: cut_off(a_video(path), 0.5), Reason.DECODE_ERROR),
        (lambda path: path.write_bytes(os.urandom(5000)), Reason.UNSUPPORTED_FORMAT),
        (lambda path: path.write_bytes(b"\x00\x00\x00\x20ftypisom" + bytes(500)), Reason.DECODE_ERROR),
        (lambda path: path.write_bytes(b"\x1a\x45\xdf\xa3" + bytes(500)), Reason.DECODE_ERROR),
    ],
    ids=["empty", "text", "sound", "no table of contents", "noise", "hollow mp4", "hollow mkv"],
)
def test_what_cannot_be_assessed_is_one_complete_chunk(tmp_path, make, reason):
    chunk = refused(tmp_path, make)
    assert chunk.crops == ()
    assert chunk.clips == {}
    assert reasons(chunk) == [reason]
    assert chunk.snapshot.problems[0].detail
    assert {name: problem.reason for name, problem in chunk.snapshot.not_applicable.items()} == {
        "meso": reason,
        "tall": reason,
    }
    assert chunk.snapshot.media.sha256


def test_no_face_is_said_with_numbers(tmp_path):
    chunk = only(extracted(a_video(tmp_path / "a.mp4", scene=lambda _: painted(320, 240)), MESO))
    assert reasons(chunk) == [Reason.NO_FACE]
    assert "8 sampled frames" in chunk.snapshot.problems[0].detail
    assert chunk.snapshot.not_applicable["meso"].reason == Reason.NO_FACE


def test_thirty_faces_are_capped_and_said(tmp_path):
    places = [(20 + 100 * (n % 6), 20 + 100 * (n // 6), 60) for n in range(30)]
    path = a_picture(tmp_path / "crowd.png", painted(640, 560, *places), form="PNG")
    chunk = only(extracted(path, MESO))
    assert len(chunk.crops) == 16
    assert chunk.snapshot.quality.faces_capped
    (problem,) = chunk.snapshot.problems
    assert problem.reason == Reason.TOO_MANY_FACES_CAPPED
    assert "30 faces" in problem.detail
    assert "16" in problem.detail


def test_one_frame_is_a_video(tmp_path):
    assert len(only(extracted(a_video(tmp_path / "one.mp4", frames=1), MESO)).crops) == 1


def test_a_truncated_video_keeps_its_clips_and_names_the_loss(tmp_path):
    chunk = only(extracted(cut_off(a_video(tmp_path / "a.mkv", frames=100), 0.5), MESO))
    assert chunk.clips["meso"]
    assert reasons(chunk) == [Reason.DECODE_ERROR]
    assert chunk.snapshot.not_applicable == {}


def test_a_file_over_the_limit_is_not_opened(tmp_path):
    decoder = HereDecoder()
    chunk = only(extracted(a_video(tmp_path / "a.mp4"), MESO, decoder=decoder, max_object_bytes=1000))
    assert reasons(chunk) == [Reason.FILE_TOO_LARGE]
    assert decoder.runs == 0


def test_a_picture_over_the_limit_is_file_too_large(tmp_path):
    chunk = only(extracted(a_picture(tmp_path / "a.jpg"), MESO, max_pixels=1000))
    assert reasons(chunk) == [Reason.FILE_TOO_LARGE]
    assert chunk.snapshot.media.kind == MediaKind.IMAGE


def test_a_hundred_million_pixels_are_searched_on_a_shrunken_copy(tmp_path):
    path = tmp_path / "huge.png"
    pixels = np.full((10_000, 10_000, 3), 90, dtype=np.uint8)
    pixels[3000:5000, 4000:6000] = (255, 0, 255)
    a_picture(path, pixels, form="PNG")
    del pixels
    locator = PaintLocator()
    chunk = only(extracted(path, MESO, locator=locator))
    assert locator.searched == [(1280, 1280)]
    (crop,) = chunk.crops
    assert crop.box.height_px == pytest.approx(2000, abs=20)
    assert crop.pixels.shape[0] == pytest.approx(2800, abs=30)


class Dying:
    """Gives the frames of a video, then dies after so many of them."""

    def __init__(self, after):
        self.after = after

    def decode(self, path, request):
        frames = 0
        for event in HereDecoder().decode(path, request):
            if hasattr(event, "pixels"):
                frames += 1
                if frames > self.after:
                    raise DecoderKilled(Reason.TIMEOUT, "no sign of life")
            yield event


def test_a_decoder_that_dies_before_the_first_chunk_is_poison(tmp_path):
    with pytest.raises(DecoderKilled):
        extracted(a_video(tmp_path / "a.mp4"), MESO, decoder=Dying(3))


def test_a_decoder_that_dies_later_leaves_what_was_found(tmp_path):
    demand = CropDemand(detector="d", frames_per_second=25.0)
    chunks = extracted(a_video(tmp_path / "a.mp4"), demand, decoder=Dying(45), chunk_frames=10)
    assert chunks[-1].snapshot.complete
    assert reasons(chunks[-1]) == [Reason.TIMEOUT]
    assert chunks[-1].snapshot.expected["d"].clips >= 30


def test_by_default_a_child_decodes_and_its_death_is_poison(tmp_path):
    path = a_video(tmp_path / "a.mp4", scene=moving(1280, 720), frames=100)

    class Killing(PaintLocator):
        def locate(self, pictures, *, min_face_px=None):
            for child in psutil.Process().children():
                if child.status() != psutil.STATUS_ZOMBIE and "ingest.decoder_process" in child.cmdline():
                    os.kill(child.pid, signal.SIGKILL)
            return super().locate(pictures, min_face_px=min_face_px)

    demand = CropDemand(detector="d", frames_per_second=25.0)
    chunks = extract(path, media_id="m", demands=[demand], locator=Killing(), rules=ExtractionRules())
    with pytest.raises(DecoderKilled, match="SIGKILL"):
        list(chunks)


def test_rules_are_read_from_the_settings():
    rules = ExtractionRules.of(ExtractSettings(chunk_frames=7, decoder_stall_s=3.0, locate_every=2))
    assert (rules.chunk_frames, rules.locate_every) == (7, 2)
    assert rules.decoder == DecoderLimits(memory_bytes=4 * 2**30, cpu_s=3600.0, stall_s=3.0, wall_s=7200.0)
    assert ExtractionRules.of(ExtractSettings()) == ExtractionRules()


def test_nothing_is_asked_for_is_a_mistake(tmp_path):
    with pytest.raises(ValueError, match="demand"):
        list(extract(tmp_path, media_id="m", demands=[], locator=PaintLocator(), rules=ExtractionRules()))
