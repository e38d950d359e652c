"""Names of copies in, how each is made out: the robustness suite, whole or in part."""

from collections.abc import Iterable, Sequence

from detectors.evaluation.alterations import Alteration
from detectors.evaluation.copies import Copy, Encoding

# What is not about encoding is written so finely that the encoding itself matters little.
FINE = Encoding(crf=18, jpeg_quality=95)


class UnknownCopy(ValueError):
    """A name of a copy that is not made; the message lists those that are."""


def _altered(name: str, kind: str, amount: float) -> Copy:
    return Copy(name=name, alterations=(Alteration(kind=kind, amount=amount),), encodings=(FINE,))


def _scaled(name: str, scale: float) -> Copy:
    return Copy(name=name, encodings=(Encoding(crf=18, jpeg_quality=95, scale=scale),))


_VIDEO_ONLY = (
    *(Copy(name=f"h264-crf{crf}", encodings=(Encoding(crf=crf),), pictures=False) for crf in (23, 28, 32, 40)),
    *(Copy(name=f"h265-crf{crf}", encodings=(Encoding(codec="libx265", crf=crf),), pictures=False) for crf in (28, 35)),
    Copy(name="half-frame-rate", every=2, encodings=(FINE,), pictures=False),
)
_BOTH = (
    Copy(
        name="social-media",
        encodings=(
            Encoding(crf=26, jpeg_quality=80, most_side_px=720),
            Encoding(crf=30, jpeg_quality=70, most_side_px=480),
        ),
    ),
    _scaled("size-0.75", 0.75),
    _scaled("size-0.5", 0.5),
    _scaled("size-0.25", 0.25),
    *(_altered(f"jpeg-{quality}", "jpeg", quality) for quality in (90, 70, 50)),
    _altered("blur", "blur", 2.0),
    _altered("noise", "noise", 10.0),
    _altered("brighter", "brightness", 40.0),
    _altered("darker", "brightness", -40.0),
    _altered("more-contrast", "contrast", 1.5),
    _altered("less-contrast", "contrast", 0.6),
    _altered("gamma-0.6", "gamma", 0.6),
    _altered("gamma-1.6", "gamma", 1.6),
    _altered("crop", "crop", 0.8),
    _altered("letterbox", "letterbox", 0.125),
    _altered("text", "caption", 0.12),
    _altered("logo", "logo", 0.15),
    _altered("face-occlusion", "occlusion", 0.4),
)
SUITE: dict[str, Copy] = {copy.name: copy for copy in (*_VIDEO_ONLY, *_BOTH)}
QUICK_FOR_VIDEOS = ("h264-crf23", "h264-crf32", "h264-crf40", "size-0.5")
QUICK_FOR_PICTURES = ("jpeg-90", "jpeg-70", "jpeg-50", "size-0.5")


def copies_named(names: Sequence[str], *, picture: bool) -> list[Copy]:
    """The copies of a list of names, ``quick`` or ``all`` among them, that are made of pictures or else of videos.

    Raises:
        UnknownCopy: no copy has one of the names.
    """
    known = dict.fromkeys(one for name in names for one in _meant(name, picture=picture))
    return [SUITE[name] for name in known if SUITE[name].pictures or not picture]


def _meant(name: str, *, picture: bool) -> Iterable[str]:
    if name == "all":
        return SUITE
    if name == "quick":
        return QUICK_FOR_PICTURES if picture else QUICK_FOR_VIDEOS
    if name not in SUITE:
        raise UnknownCopy(f"No copy is called {name!r}; there are quick, all, {', '.join(SUITE)}.")
    return (name,)
