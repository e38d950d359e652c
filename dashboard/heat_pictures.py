"""Heat maps in; pictures of where the detector looked and the words that have to stand beside each out."""

import io

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from detectors.heat_maps import HeatMap

CAUTION = (
    "A map shows what pushed the score of the detector up, not what was altered. It is coarse: the network divides a "
    "face into 5 × 5 fields."
)
_SIDE_PX = 240
_HOT = np.array([217, 73, 43], dtype=np.float32)  # vermilion, as in every other drawing


def check_words(heat_map: HeatMap) -> str:
    """The outcome of the check against random weights, in a sentence."""
    if not heat_map.heat.any():
        return "Nothing here pushed the score up."
    if heat_map.depends_on_what_was_learned:
        return f"Check passed: likeness to a random network {heat_map.likeness:.2f}."
    return f"Check failed: a random network gives nearly the same map ({heat_map.likeness:.2f}). Do not rely on it."


def overlaid(heat_map: HeatMap, strength: float) -> bytes:
    """The face with its map over it, as JPEG; ``strength`` from 0 (the face alone) to 1."""
    out = io.BytesIO()
    _picture(heat_map, strength).save(out, "JPEG", quality=88)
    return out.getvalue()


def overlaid_png(heat_map: HeatMap, strength: float, **said: str) -> bytes:
    """The same as PNG; its text fields hold the caution, the check and what else is ``said``, wherever it is sent."""
    texts = PngInfo()
    for name, words in {"Caution": CAUTION, "Check": check_words(heat_map), **said}.items():
        texts.add_itxt(name, words)
    out = io.BytesIO()
    _picture(heat_map, strength).save(out, "PNG", pnginfo=texts)
    return out.getvalue()


def _picture(heat_map: HeatMap, strength: float) -> Image.Image:
    share = (heat_map.heat * strength)[..., None]
    mixed = heat_map.view.astype(np.float32) * (1 - share) + _HOT * share
    picture = Image.fromarray(mixed.clip(0, 255).astype(np.uint8))
    return picture.resize((_SIDE_PX, _SIDE_PX), Image.Resampling.BILINEAR)
