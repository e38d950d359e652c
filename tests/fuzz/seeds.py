"""Nothing in; the good inputs that fuzzing starts from out: documented events, example messages, small media."""

import base64
import io
import json
from pathlib import Path

import numpy as np
from PIL import Image

from tests.support.media import an_animation, moving, painted, video_bytes

ROOT = Path(__file__).parents[2]
VIDEOS = (
    *(("mp4", "mp4", "libx264"), ("mov", "mov", "mpeg4"), ("matroska", "matroska", "libx264")),
    *(("webm", "webm", "libvpx-vp9"), ("avi", "avi", "mjpeg"), ("mpeg", "mpeg", "mpeg2video")),
    *(("mpegts", "mpegts", "libx264"), ("mp4", "mp4", "libx265")),
)


def events() -> list[tuple[str, bytes, bytes]]:
    """Dialect, record key and bytes of every documented form."""
    return [_event(json.loads(file.read_text())) for file in sorted((ROOT / "tests/data/notifications").glob("*.json"))]


def _event(form: dict) -> tuple[str, bytes, bytes]:
    written = form.get("message_base64")
    raw = base64.b64decode(written) if written else json.dumps(form["message"]).encode()
    return form["dialect"], form.get("record_key", "some key").encode(), raw


def messages() -> dict[str, bytes]:
    """An example of every message by its schema's name."""
    return {file.stem: file.read_bytes() for file in sorted((ROOT / "contracts" / "examples").glob("*.json"))}


def pictures(folder: Path) -> list[tuple[str, bytes]]:
    """Container and bytes: every kind and mode that is read, small."""
    scene = Image.fromarray(painted(48, 40, (8, 8, 20)))
    found = [("jpeg", _saved(scene, "JPEG")), ("jpeg", _saved(scene, "JPEG", progressive=True))]
    found += [("jpeg", _saved(scene.convert(mode), "JPEG")) for mode in ("L", "CMYK")]
    found += [("png", _saved(scene.convert(mode), "PNG")) for mode in ("RGB", "RGBA", "P", "LA", "1")]
    found += [("png", _saved(Image.fromarray(np.full((20, 20), 40_000, np.uint16)), "PNG"))]
    found += [("webp", _saved(scene, "WEBP")), ("webp", _saved(scene.convert("RGBA"), "WEBP", lossless=True))]
    found += [("gif", _saved(scene, "GIF"))]
    exif = Image.Exif()
    exif[0x0112] = 6
    found += [("jpeg", _saved(scene, "JPEG", exif=exif)), ("png", _saved(scene, "PNG", exif=exif))]
    for container, form in (("gif", "GIF"), ("png", "PNG"), ("webp", "WEBP")):
        found.append((container, an_animation(folder / "moving", form=form, frames=4).read_bytes()))
    return found


def _saved(image: Image.Image, form: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)  # pyright: ignore[reportArgumentType]
    return out.getvalue()


def videos() -> list[tuple[str, bytes]]:
    """Container and bytes of a few frames in every container that is read."""
    return [
        (
            container,
            video_bytes(
                form,
                scene=moving(64, 48, side_px=16),
                frames=6,
                rate=25,
                codec=codec,
                turn=90.0 if container == "mov" else 0.0,
                times_s=None,
                sound=container == "matroska",
                options=None,
            ),
        )
        for container, form, codec in VIDEOS
    ]
