"""The development clips: real and generated footage, several codecs; every one gives crops and no problem."""

import pytest

from contracts.demands import CropDemand
from contracts.vocabulary import Reason
from ingest.extraction import ExtractionRules, extract
from ingest.face_locators.mtcnn import MtcnnFaceLocator
from tests.support.parts import MEDIA

pytestmark = pytest.mark.media

CLIPS = [
    ("real/rizkiarm__LipNet__GRID__bbaf2n.mpg", "mpeg1video"),
    ("real/intel-iot-devkit__sample-videos__again.mkv", "h264"),
    ("real/bytedance__LatentSync__demo1_video.mp4", "hevc"),
    ("real/ai-forever__ghost__videos__dirtydancing.mp4", "h264"),
    ("real/OpenTalker__SadTalker__WDA_KatieHill_000.mp4", "mpeg4"),
    ("fake/Zejun-Yang__AniPortrait__zl.mp4", "h264"),
]


@pytest.fixture(scope="module")
def locator():
    return MtcnnFaceLocator.load(torch_threads=2)


@pytest.mark.parametrize(("clip", "codec"), CLIPS)
def test_a_real_clip_is_looked_at_without_a_problem(clip, codec, locator):
    demand = CropDemand(detector="d", min_face_px=48)
    *_, last = extract(MEDIA / clip, media_id="m", demands=[demand], locator=locator, rules=ExtractionRules())
    snapshot = last.snapshot
    assert snapshot.media.codec == codec
    assert [problem for problem in snapshot.problems if problem.reason != Reason.TOO_MANY_FACES_CAPPED] == []
    assert snapshot.quality.sampled_frames == 32
    assert snapshot.quality.face_frames >= 24
    assert snapshot.expected["d"].clips >= 24
