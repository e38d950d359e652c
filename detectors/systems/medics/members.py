"""Who votes in medics, all alike: seven networks that watch a clip of a face, and one that looks at its pictures."""

from dataclasses import dataclass

from detectors.systems.medics.views import ClipKind


@dataclass(frozen=True)
class ClipMember:
    """One network over clips: ``network`` is its architecture, ``kind`` says how a clip is shown to it."""

    name: str
    network: str
    kind: ClipKind


CLIP_MEMBERS: tuple[ClipMember, ...] = (
    ClipMember("i3d", "i3d", "i3d"),
    ClipMember("resnet34_3d", "resnet34_3d", "res34"),
    ClipMember("mc3_18_112", "mc3_18", "mc3_112"),
    ClipMember("mc3_18_224", "mc3_18", "mc3_224"),
    ClipMember("r2plus1d_18", "r2plus1d_18", "r2p1_112"),
    ClipMember("i3d_cutmix", "i3d", "i3d"),
    ClipMember("r2plus1d_18_cutmix", "r2plus1d_18", "r2p1_112"),
)
PICTURE_MEMBER = "se_resnext50"
NETWORK_OF: dict[str, str] = {member.name: member.network for member in CLIP_MEMBERS} | {PICTURE_MEMBER: "se_resnext50"}
