import io
import json
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.clips import FaceBox, FaceCrop
from contracts.errors import CorruptObject
from contracts.messages import ClipRef
from ingest.crop_bundles import clips_of, pack, unpack


def a_crop(*, width=40, height=30, seed=0, track_id=0, pts_s=0.5):
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    box = FaceBox(0.25, 0.5, width - 0.125, height - 0.1, 0.987, ((1.5, 2.25), (3.0, 4.0)))
    return FaceCrop(pixels, box, track_id, pts_s, 12, origin=(31 + seed, 7))


def same(one, other):
    facts = ("box", "track_id", "pts_s", "frame_index", "origin")
    return (one.pixels == other.pixels).all() and all(getattr(one, fact) == getattr(other, fact) for fact in facts)


@settings(deadline=None, max_examples=25)
@given(sizes=st.lists(st.tuples(st.integers(1, 90), st.integers(1, 90)), max_size=4), seed=st.integers(0, 99))
def test_what_goes_in_comes_out_bit_by_bit(sizes, seed):
    crops = [a_crop(width=w, height=h, seed=seed + i, track_id=i) for i, (w, h) in enumerate(sizes, 1) if w > 1 < h]
    back = unpack(pack(crops))
    assert len(back) == len(crops)
    assert all(same(one, other) for one, other in zip(crops, back, strict=True))


def test_a_large_face_stays_native():
    crop = a_crop(width=1500, height=1400)
    assert same(unpack(pack([crop]))[0], crop)


def test_equal_crops_give_equal_bytes():
    assert pack([a_crop(), a_crop(seed=1)]) == pack([a_crop(), a_crop(seed=1)])


def rewritten(change, *, packed=zipfile.ZIP_STORED):
    """A bundle whose parts (name -> bytes) went through ``change``."""
    with zipfile.ZipFile(io.BytesIO(pack([a_crop(), a_crop(seed=1)]))) as bundle:
        parts = {name: bundle.read(name) for name in bundle.namelist()}
    change(parts)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", packed) as bundle:
        for name, data in parts.items():
            bundle.writestr(name, data)
    return out.getvalue()


def with_index(**change):
    def edit(parts):
        index = json.loads(parts["index.json"])
        index["crops"][0].update(change)
        parts["index.json"] = json.dumps(index).encode()

    return edit


def png(pixels):
    import cv2

    return cv2.imencode(".png", pixels)[1].tobytes()


WRONG = {
    "missing picture": lambda parts: parts.pop("000001.png"),
    "surplus part": lambda parts: parts.update({"evil.py": b"import os"}),
    "other version": lambda parts: parts.update({"index.json": b'{"version":1,"crops":[]}'}),
    "index of another shape": lambda parts: parts.update({"index.json": b"[1]"}),
    "index that is no JSON": lambda parts: parts.update({"index.json": b"\xff{"}),
    "other size than promised": with_index(width_px=41),
    "empty box": with_index(box=[5, 5, 5, 9]),
    "no box": with_index(box=None),
    "no origin": with_index(origin=None),
    "origin of one number": with_index(origin=[3]),
    "origin of three numbers": with_index(origin=[3, 4, 5]),
    "origin outside the frame": with_index(origin=[-1, 0]),
    "origin beyond all frames": with_index(origin=[0, 2**40]),
    "origin between pixels": with_index(origin=[1.5, 0]),
    "origin that is no number": with_index(origin=["3", 4]),
    "origin that is a truth": with_index(origin=[True, 4]),
    "time that is no number": with_index(pts_s=float("nan")),
    "endless time": with_index(pts_s=float("inf")),
    "no picture": lambda parts: parts.update({"000000.png": b"GIF89a"}),
    "cut off picture": lambda parts: parts.update({"000000.png": parts["000000.png"][:60]}),
    "16 bit picture": lambda parts: parts.update({"000000.png": png(np.zeros((30, 40, 3), np.uint16))}),
    "grey picture": lambda parts: parts.update({"000000.png": png(np.zeros((30, 40), np.uint8))}),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_anything_wrong_is_a_corrupt_object(wrong):
    with pytest.raises(CorruptObject):
        unpack(rewritten(wrong))


def test_a_bundle_may_not_be_packed():
    with pytest.raises(CorruptObject, match="packed"):
        unpack(rewritten(lambda _parts: None, packed=zipfile.ZIP_DEFLATED))


def test_a_picture_bomb_is_not_decoded():
    """A header that promises 50 000 x 50 000 pixels is believed neither by itself nor with an index that agrees."""

    def edit(parts):
        data = bytearray(parts["000000.png"])
        data[16:24] = (50_000).to_bytes(4, "big") * 2
        parts["000000.png"] = bytes(data)
        with_index(width_px=50_000, height_px=50_000)(parts)

    with pytest.raises(CorruptObject, match="50000"):
        unpack(rewritten(edit))


@settings(deadline=None, max_examples=60)
@given(data=st.binary(max_size=300))
def test_any_bytes_are_refused(data):
    with pytest.raises(CorruptObject):
        unpack(data)


@settings(deadline=None, max_examples=60)
@given(place=st.floats(0, 0.999), value=st.integers(0, 255))
def test_a_flipped_byte_is_refused_or_changes_nothing(place, value):
    crops = [a_crop()]
    raw = bytearray(pack(crops))
    raw[int(place * len(raw))] = value
    try:
        back = unpack(bytes(raw))
    except CorruptObject:
        return
    assert same(back[0], crops[0])


def a_ref(*crops, clip_index=0):
    return ClipRef(clip_index=clip_index, track_id=0, crops=crops, start_s=0.0, end_s=1.0)


def test_clips_are_made_of_the_crops_they_name():
    crops = [a_crop(pts_s=0.0), a_crop(pts_s=0.5, track_id=1), a_crop(pts_s=1.0)]
    clips = clips_of(crops, [a_ref(0, 2, clip_index=4), a_ref(1, clip_index=5)], "m")
    assert [clip.clip_index for clip in clips] == [4, 5]
    assert clips[0].crops == (crops[0], crops[2])


@pytest.mark.parametrize("positions", [(7,), (0, 1), (2, 0)])
def test_clips_that_do_not_fit_the_bundle_are_corrupt(positions):
    crops = [a_crop(pts_s=0.0), a_crop(pts_s=0.5, track_id=1), a_crop(pts_s=1.0)]
    with pytest.raises(CorruptObject):
        clips_of(crops, [a_ref(*positions)], "m")
