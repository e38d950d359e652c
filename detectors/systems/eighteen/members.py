"""Who votes in the system ``eighteen``: four networks that watch the tube, seven that look at single pictures of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from contracts.clips import Pixels
from detectors.detector import ColourOrder
from detectors.preprocessing import IMAGENET_MEAN, IMAGENET_STD, Floats, batch_of

Group = Literal["video", "image"]
SHARE_OF_GROUP: dict[Group, float] = {"video": 0.4, "image": 0.6}
TUBE_PX, LARGE_PX = 256, 299
VIEW_SIZES_PX = (TUBE_PX, LARGE_PX)

_KINETICS_MEAN = tuple(value / 255.0 for value in (110.63666788, 103.16065604, 96.29023126))
_KINETICS_STD = tuple(value / 255.0 for value in (38.7568578, 37.88248729, 40.02898126))
_HALF = (0.5, 0.5, 0.5)


@dataclass(frozen=True, kw_only=True)
class Member:
    """One network: what it sees and how its answers count.

    ``mean`` and ``std`` are in its own colour order on a scale of 0 to 1; ``mirrored``: every picture is also seen
    mirrored; ``end_scaled``: scores at the ends are drawn in; ``weight`` counts within its group; ``file`` is the stem
    of its published checkpoint.
    """

    name: str
    network: str
    group: Group
    weight: float
    file: str
    size_px: int
    colour_order: ColourOrder = "rgb"
    mean: tuple[float, ...] = IMAGENET_MEAN
    std: tuple[float, ...] = IMAGENET_STD
    mirrored: bool = False
    end_scaled: bool = False

    @property
    def share(self) -> float:
        """Its part of the final score when all members vote and none is set aside."""
        return SHARE_OF_GROUP[self.group] * self.weight / sum(m.weight for m in MEMBERS if m.group == self.group)

    def tensor_of(self, views: Sequence[Pixels]) -> Floats:
        """RGB views of ``size_px`` as T x 3 x size x size float32 in its colours and on its scale."""
        return batch_of([self._coloured(view) for view in views], mean=self.mean, std=self.std)

    def _coloured(self, view: Pixels) -> Pixels:
        return view[:, :, ::-1] if self.colour_order == "bgr" else view


def _video(name: str, *, weight: float, file: str) -> Member:
    return Member(
        name=name, network="slowfast50", group="video", weight=weight, file=file, size_px=TUBE_PX,
        mean=_KINETICS_MEAN, std=_KINETICS_STD,
    )  # fmt: skip


def _image(
    name: str, network: str, *, weight: float, file: str, mirrored: bool = False, end_scaled: bool = False
) -> Member:
    return Member(
        name=name, network=network, group="image", weight=weight, file=file, mirrored=mirrored, end_scaled=end_scaled,
        size_px=TUBE_PX if network == "resnet34" else LARGE_PX,
    )  # fmt: skip


MEMBERS: tuple[Member, ...] = (
    _video("sf_bc_jc", weight=10, file="sf_bc_jc_44000"),
    _video("sf", weight=8, file="sf_32000"),
    _video("sf_16x8_bc_jc", weight=4, file="sf_16x8_bc_jc_44000"),
    _video("sf_trainval", weight=8, file="sf_trainval_52000"),
    Member(
        name="xception", network="xception", group="image", weight=10, file="xcep_bgr_58000", size_px=LARGE_PX,
        colour_order="bgr", mean=_HALF, std=_HALF, mirrored=True,
    ),
    _image("b3", "efficientnet_b3", weight=6, file="b3_rgb_50000", end_scaled=True),
    _image("res34", "resnet34", weight=4, file="res34_rgb_23000", mirrored=True, end_scaled=True),
    _image("b1", "efficientnet_b1", weight=10, file="b1_rgb_58000", mirrored=True),
    _image("b1_long", "efficientnet_b1", weight=8, file="b1_rgb_long_alldata_66000"),
    _image("b1_short", "efficientnet_b1", weight=8, file="b1_rgb_alldata_58000"),
    _image("b0", "efficientnet_b0", weight=7, file="b0_rgb_58000", mirrored=True),
)  # fmt: skip
