"""The files of the demo are what they are called."""

from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from ingest import sample_media


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return sample_media.make_all(tmp_path_factory.mktemp("demo"))


def pictures_of(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        assert container.streams.video[0].codec_context.name == "h264"
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


@pytest.mark.parametrize("name", [sample_media.GENUINE, sample_media.SWAPPED, sample_media.NO_FACE])
def test_clips_move_and_last_seconds(made: dict[str, Path], name: str):
    frames = pictures_of(made[name])
    assert frames.shape == (
        sample_media.FRAME_RATE * sample_media.SECONDS,
        sample_media.HEIGHT_PX,
        sample_media.WIDTH_PX,
        3,
    )
    assert np.abs(frames[0].astype(int) - frames[-1]).mean() > 5


def test_only_the_face_was_swapped():
    from skimage import data

    portrait = data.astronaut()
    swap = sample_media.SelfSwap(portrait)
    changed = np.abs(swap.frame(0).astype(int) - portrait).max(axis=2) > 8
    ys, xs = np.nonzero(changed)
    x, y = sample_media.FACE_CENTRE
    assert changed.sum() > 2000
    assert np.abs(xs - x).max() < sample_media.FACE_HALF_AXES[0] + 12
    assert np.abs(ys - y).max() < sample_media.FACE_HALF_AXES[1] + 12
    assert not np.array_equal(swap.frame(0), swap.frame(1))


def test_the_picture_is_a_picture(made: dict[str, Path]):
    picture = cv2.imread(str(made[sample_media.PICTURE]))
    assert picture is not None
    assert picture.shape == (512, 512, 3)


def test_the_broken_file_starts_like_a_video_and_cannot_be_read(made: dict[str, Path]):
    path = made[sample_media.CORRUPT]
    assert path.read_bytes()[4:8] == b"ftyp"
    with pytest.raises(av.error.FFmpegError), av.open(str(path)) as container:
        next(container.decode(video=0))
