"""Genuine faces in, small autoencoders that draw them again out, each with the traces of its way to enlarge.

A generator that animates or invents a face ends in layers that bring a small map up to a picture. Autoencoders that end
in the same layers leave the same kind of traces, and need no generator to learn from. The command

    python -m detectors.training.families.rerenderers CONFIG

trains them on the people that a run learns from; the shipped ones had the configuration of our own detector.

Source of the idea: Zhang, Karaman, Chang, "Detecting and Simulating Artifacts in GAN Fake Images", WIFS 2019.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from contracts.clips import Pixels
from detectors.training.configuration import read_config
from detectors.training.face_store import PortraitFaces
from detectors.training.framing import Framing, framed_view
from detectors.training.people import read_portraits, split_people

FILE = Path(__file__).with_name("rerenderers.safetensors")
MULTIPLE_PX = 8
_SIDE_PX, _BATCH, _STEPS = 96, 16, 600
_MARGIN = 0.3

Way = Literal["nearest", "bilinear", "transposed", "shuffle"]


@dataclass(frozen=True, slots=True)
class Design:
    """How an autoencoder is built: ``halvings`` down to ``code`` channels, and the way that brings it up again."""

    way: Way
    halvings: int
    code: int


DESIGNS: Mapping[str, Design] = {
    "nearest": Design("nearest", 2, 6),
    "bilinear": Design("bilinear", 3, 32),
    "transposed": Design("transposed", 3, 32),
    "shuffle": Design("shuffle", 2, 6),
}


class Rerenderer(nn.Module):
    """n x 3 x H x W float RGB in [-1, 1] in and out; H and W must be multiples of 8."""

    def __init__(self, design: Design) -> None:
        super().__init__()
        widths = [16 * 2**at for at in range(design.halvings)]
        down = [
            layer
            for before, after in zip([3, *widths], [*widths, design.code], strict=False)
            for layer in (nn.Conv2d(before, after, 4, stride=2, padding=1), nn.SiLU())
        ]
        self.encoder = nn.Sequential(*down[: 2 * design.halvings], nn.Conv2d(widths[-1], design.code, 1))
        up: list[nn.Module] = [nn.Conv2d(design.code, widths[-1], 3, padding=1), nn.SiLU()]
        for before, after in zip(reversed(widths), [*reversed(widths[:-1]), 16], strict=True):
            up += [*_doubled(design.way, before, after), nn.SiLU()]
        self.decoder = nn.Sequential(*up, nn.Conv2d(16, 3, 3, padding=1))

    def forward(self, pictures: Tensor) -> Tensor:
        return self.decoder(self.encoder(pictures))


def _doubled(way: Way, before: int, after: int) -> list[nn.Module]:
    if way == "transposed":
        return [nn.ConvTranspose2d(before, after, 3, stride=2, padding=1, output_padding=1)]
    if way == "shuffle":
        return [nn.Conv2d(before, 4 * after, 3, padding=1), nn.PixelShuffle(2)]
    return [nn.Upsample(scale_factor=2, mode=way), nn.Conv2d(before, after, 3, padding=1)]


@torch.inference_mode()
def drawn_again(pixels: Pixels, name: str, *, noise: float, seed: int) -> Pixels:
    """A picture through the autoencoder ``name``; ``noise`` shakes its code by that share of its spread.

    Takes H x W x 3 uint8 RGB with sides that are multiples of 8; gives the same shape.
    """
    network = shipped()[name]
    picture = torch.from_numpy(pixels).permute(2, 0, 1).unsqueeze(0).float() / 127.5 - 1.0
    code = network.encoder(picture)
    shake = torch.randn(code.shape, generator=torch.Generator().manual_seed(seed))
    drawn = network.decoder(code + noise * code.std() * shake)[0].permute(1, 2, 0)
    return torch.round((drawn + 1.0) * 127.5).clamp(0, 255).to(torch.uint8).numpy()


@lru_cache(maxsize=1)
def shipped() -> dict[str, Rerenderer]:
    """The autoencoders of the package, ready to run."""
    tensors = load_file(FILE)
    networks = {name: Rerenderer(design) for name, design in DESIGNS.items()}
    for name, network in networks.items():
        mark = f"{name}."
        own = {key.removeprefix(mark): value.float() for key, value in tensors.items() if key.startswith(mark)}
        network.load_state_dict(own)
        network.eval()
    return networks


def train_rerenderers(faces: PortraitFaces, to: Path, *, seed: int) -> dict[str, float]:
    """Train every design on genuine faces and write them to ``to``; gives each one's last mean error in grey levels."""
    tensors, errors = {}, {}
    for name, design in DESIGNS.items():
        torch.manual_seed(seed)
        network = Rerenderer(design)
        errors[name] = _fit(network, faces, seed=seed)
        tensors |= {f"{name}.{key}": value.half().contiguous() for key, value in network.state_dict().items()}
    save_file(tensors, to)
    return errors


def _fit(network: Rerenderer, faces: PortraitFaces, *, seed: int) -> float:
    optimiser = torch.optim.AdamW(network.parameters(), lr=2e-3)
    slower = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2e-3, total_steps=_STEPS)
    errors = []
    for pictures in _pictures(faces, seed):
        error = nn.functional.l1_loss(network(pictures), pictures)
        optimiser.zero_grad()
        error.backward()
        optimiser.step()
        slower.step()
        errors.append(float(error.detach()) * 127.5)
    return float(np.mean(errors[-50:]))


def _pictures(faces: PortraitFaces, seed: int) -> Iterator[Tensor]:
    rng = np.random.default_rng(seed)
    for _ in range(_STEPS):
        views = [_view(faces, rng) for _ in range(_BATCH)]
        yield torch.from_numpy(np.stack(views)).permute(0, 3, 1, 2).float() / 127.5 - 1.0


def _view(faces: PortraitFaces, rng: np.random.Generator) -> Pixels:
    face = faces[int(rng.integers(len(faces)))]
    view = framed_view(face.pixels, face.box, Framing(_MARGIN), size_px=_SIDE_PX)
    return np.ascontiguousarray(view[:, ::-1]) if rng.random() < 0.5 else view


def at_multiple(pixels: Pixels, side_px: int) -> Pixels:
    """The picture with its longer side at ``side_px``, both sides multiples of 8."""
    height, width = pixels.shape[:2]
    scale = side_px / max(height, width)
    size = [max(2, round(side * scale / MULTIPLE_PX)) * MULTIPLE_PX for side in (width, height)]
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(np.uint8)


def main() -> None:
    """Train the autoencoders on the people that a run learns from and print their mean errors in grey levels."""
    parser = argparse.ArgumentParser(prog="python -m detectors.training.families.rerenderers", description=main.__doc__)
    parser.add_argument("config", type=Path, help="JSON file of a training run: people, cache, seed of the split")
    parser.add_argument(
        "--out", type=Path, default=FILE, help="safetensors file to write; default: that of the package"
    )
    wish = parser.parse_args()
    config = read_config(wish.config)
    data = config.data
    if data.portraits is None:
        parser.error("the configuration names no portraits")
    people = split_people(
        read_portraits(data.portraits), seed=config.split_seed, calibrate=data.calibrate_share, test=data.test_share
    )
    for name, error in train_rerenderers(PortraitFaces(people.train, data.cache), wish.out, seed=1).items():
        sys.stdout.write(f"{name}: {error:.1f}\n")


if __name__ == "__main__":
    main()
