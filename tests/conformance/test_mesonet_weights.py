"""The converted MesoNet weights against an independent conversion of the same published files."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import detectors
from detectors.fetching import fetch
from detectors.networks.mesonet import Meso4, MesoInception4
from detectors.networks.original import OriginalNetwork, loaded
from tests.support.faces import clips
from tests.support.parts import MEDIA

pytestmark = pytest.mark.media
THEIRS = MEDIA / "weights" / "mesonet"
State = dict[str, Tensor]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weights")
    assert fetch("mesonet", folder, THEIRS).missing == ()
    return folder


def conv(state: State, name: str, pictures: Tensor, *, dilation: int = 1) -> Tensor:
    reach = dilation * (state[f"{name}.weight"].shape[-1] // 2)
    return nn.functional.relu(
        nn.functional.conv2d(pictures, state[f"{name}.weight"], state[f"{name}.bias"], padding=reach, dilation=dilation)
    )


def rest(state: State, place: int, features: Tensor, *, pool: int) -> Tensor:
    norm = [state[f"b.{place}.{part}"] for part in ("running_mean", "running_var", "weight", "bias")]
    return nn.functional.max_pool2d(nn.functional.batch_norm(features, *norm, eps=1e-3), pool)


def dense(state: State, features: Tensor) -> Tensor:
    flat = features.permute(0, 2, 3, 1).reshape(len(features), -1)
    hidden = nn.functional.leaky_relu(nn.functional.linear(flat, state["f1.weight"], state["f1.bias"]), 0.1)
    return nn.functional.linear(hidden, state["f2.weight"], state["f2.bias"])[:, 0]


def their_meso4(state: State, pictures: Tensor) -> Tensor:
    for place, pool in enumerate((2, 2, 2, 4)):
        pictures = rest(state, place, conv(state, f"c.{place}", pictures), pool=pool)
    return dense(state, pictures)


def their_meso_inception4(state: State, pictures: Tensor) -> Tensor:
    for place, block in enumerate(("i1", "i2")):
        parts = [conv(state, f"{block}.l.0", pictures)]
        for dilation, entry in ((1, 1), (2, 3), (3, 5)):
            narrow = conv(state, f"{block}.l.{entry}", pictures)
            parts.append(conv(state, f"{block}.l.{entry + 1}", narrow, dilation=dilation))
        pictures = rest(state, place, torch.cat(parts, dim=1), pool=2)
    for place, (name, pool) in enumerate((("c3", 2), ("c4", 4)), start=2):
        pictures = rest(state, place, conv(state, name, pictures), pool=pool)
    return dense(state, pictures)


@pytest.mark.parametrize(
    ("kind", "ours", "theirs", "formula"),
    [
        (Meso4, "meso4", "Meso4_DF", their_meso4),
        (MesoInception4, "mesoinception4", "MesoInception_DF", their_meso_inception4),
    ],
)
@torch.inference_mode()
def test_both_conversions_compute_the_same(weights: Path, kind, ours: str, theirs: str, formula):
    network = loaded(OriginalNetwork(make=kind), weights / "mesonet" / f"{ours}.safetensors")
    state = torch.load(THEIRS / f"{theirs}_torch_derived.pt", weights_only=True)
    pictures = torch.rand(8, 3, 256, 256, generator=torch.Generator().manual_seed(5))
    logits, wanted = network(pictures), formula(state, pictures)
    assert wanted.std() > 1e-3, "equal numbers for all pictures would prove nothing"
    assert (torch.sigmoid(logits) - torch.sigmoid(wanted)).abs().max() <= 1e-5
    assert (logits - wanted).abs().max() <= 1e-4


def test_the_score_is_the_mean_of_both_logits_turned_round(weights: Path):
    from detectors.preprocessing import batch_of, square_view

    detector = detectors.create("mesonet", weights=weights)
    some = clips(3)
    views = [square_view(clip.crops[0], margin=0.0, size_px=256, shift_down=0.1) for clip in some]
    pictures = torch.from_numpy(batch_of(views, mean=(0, 0, 0), std=(1, 1, 1)))
    state4 = torch.load(THEIRS / "Meso4_DF_torch_derived.pt", weights_only=True)
    state_inception = torch.load(THEIRS / "MesoInception_DF_torch_derived.pt", weights_only=True)
    genuine = (their_meso4(state4, pictures) + their_meso_inception4(state_inception, pictures)) / 2
    assert detector.score(some) == pytest.approx(torch.sigmoid(-genuine).tolist(), abs=1e-5)
