"""Drawn faces to order, alone or as a folder of portraits with its index and a filled cache; nobody is real."""

import csv
from pathlib import Path

import cv2
import numpy as np

from detectors.training.faces import LocatedFace, stored

BOX = np.array([30.0, 25.0, 90.0, 105.0], np.float32)
LANDMARKS = np.array([[46, 55], [74, 55], [60, 72], [48, 88], [72, 88]], np.float32)


def a_face(*, seed: int = 0, person: str = "someone") -> LocatedFace:
    """A drawn face on seeded, uneven ground, 120 x 130 pixels; another seed is another person in another light."""
    random = np.random.default_rng(seed)
    ground = cv2.resize(random.integers(40, 200, (9, 9, 3), dtype=np.uint8), (120, 130))
    skin, dark = (random.integers(low, low + 60, 3).tolist() for low in (140, 20))
    cv2.ellipse(ground, (60, 65), (30, 40), 0, 0, 360, skin, -1)
    for x, y in LANDMARKS[:2].astype(int).tolist():
        cv2.ellipse(ground, (x, y), (6, 3), 0, 0, 360, dark, -1)
    cv2.ellipse(ground, (60, 88), (12, 4), 0, 0, 360, dark, -1)
    grain = random.normal(0.0, 4.0, ground.shape)
    pixels = np.clip(ground + grain, 0, 255).astype(np.uint8)
    return LocatedFace(pixels, BOX.copy(), LANDMARKS.copy(), person)


def a_portrait_folder(root: Path, people: int = 12) -> tuple[Path, Path]:
    """A folder of one portrait per person, and a cache in which their faces are already found."""
    portraits, cache = root / "portraits", root / "cache"
    (portraits / "images").mkdir(parents=True)
    cache.mkdir()
    faces = [(f"face_{at:02d}.png", f"SURNAME{chr(65 + at)}, Given", a_face(seed=at)) for at in range(people)]
    for name, _, face in faces:
        cv2.imwrite(str(portraits / "images" / name), cv2.cvtColor(face.pixels, cv2.COLOR_RGB2BGR))
    with (portraits / "index.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("file", "name"), *((name, person) for name, person, _ in faces)])
    (cache / "portraits.jsonl").write_text("".join(f"{stored(face, name)}\n" for name, _, face in faces))
    return portraits, cache
