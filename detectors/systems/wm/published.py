"""Footage, a face finder and the three networks in, the score that the published pipeline gives a video out.

Source: cuihaoleo/kaggle-dfdc as IQTLabs/FakeFinder runs it.
"""

from contracts.clips import Pixels
from detectors.systems.footage import Compat, Finder, FinderNeed, Footage, PublishedScore
from detectors.systems.wm.aggregation import video_score
from detectors.systems.wm.alignment import aligned
from detectors.systems.wm.faces import chosen_face
from detectors.systems.wm.sampling import MOST_FACES, wanted_frames
from detectors.systems.wm.scoring import Networks, scores_of

FINDER = FinderNeed("retinaface_resnet50", {"least_confidence": 0.8, "most_overlap": None})
_PASS_PICTURES = 8


def published_score(
    footage: Footage, finder: Finder, networks: Networks, *, compat: Compat = "corrected"
) -> PublishedScore:
    """The score of a video, 0 (genuine) to 1 (manipulated); ``None`` without a face that could be looked at.

    ``finder`` gives all boxes of each picture with their landmarks, overlapping ones too, at the setting of ``FINDER``;
    ``networks`` give two logits (genuine, manipulated) per picture, each at its own size. One face per frame counts,
    also where there are several people. With ``original`` a frame that cannot be decoded is the end of the video, and
    without a face the score is 0.5, as in the authors' submission; FakeFinder's service fails there.

    Raises:
        ValueError: ``networks`` are not exactly the members.
    """
    faces = aligned_faces(footage, finder, compat=compat)
    scores = scores_of(faces, networks, pass_pictures=_PASS_PICTURES)
    detail = f"faces, one per frame: {len(faces)}" if faces else "no face in any frame that was looked at"
    return PublishedScore(video_score(scores, compat=compat), len(faces), detail)


def aligned_faces(footage: Footage, finder: Finder, *, compat: Compat) -> list[Pixels]:
    """Up to 25 faces of different frames, upright at 320 x 320."""
    faces: list[Pixels] = []
    for index in wanted_frames(footage.frame_count, compat=compat):
        frame = footage.frame(index)
        if frame is None and compat == "original":
            break
        if frame is None or (box := chosen_face(finder([frame])[0], compat=compat)) is None:
            continue
        faces.append(aligned(frame, box, compat=compat))
        if len(faces) == MOST_FACES:
            break
    return faces
