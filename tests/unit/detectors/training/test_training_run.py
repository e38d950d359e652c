"""A run starts from the published function, learns, and goes on where it was stopped."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from detectors.networks.mobilenet_v2 import MobileNetV2
from detectors.training.backbone import load_backbone, unfold_norms
from detectors.training.configuration import Data, Pairs, Schedule, TrainingConfig
from detectors.training.face_store import ClipFaces, PortraitFaces
from detectors.training.pairs import Pair, PairMaker, PairSource
from detectors.training.people import read_portraits
from detectors.training.training import CHECKPOINT, RECORD, UNFOLD_BATCHES, Makers, learning_rate, train
from detectors.weights import load_strictly
from tests.support.portraits import a_portrait_folder

STEPS = 4


@pytest.fixture(scope="module")
def backbone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file like the published one: half precision, another head, norms that do nothing but shift."""
    torch.manual_seed(0)
    network = MobileNetV2().backbone
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.register_buffer("running_var", torch.full((layer.num_features,), 1.0 - layer.eps))
            nn.init.uniform_(layer.bias, -0.1, 0.1)
    tensors = {key: value.half() if value.is_floating_point() else value for key, value in network.state_dict().items()}
    tensors |= {"classifier.1.weight": torch.zeros(1001, 1280), "classifier.1.bias": torch.zeros(1001)}
    path = tmp_path_factory.mktemp("backbone") / "backbone.pt"
    torch.save(tensors, path)
    return path


@pytest.fixture
def run(tmp_path: Path, backbone: Path) -> tuple[TrainingConfig, Makers]:
    folder, cache = a_portrait_folder(tmp_path)
    rules = Pairs(input_px=32, most_face_px=60.0)
    config = TrainingConfig(
        name="little",
        backbone=backbone,
        out=tmp_path / "run",
        threads=2,
        workers=0,
        data=Data(portraits=folder, cache=cache),
        pairs=rules,
        schedule=Schedule(steps=STEPS, pairs_per_step=2, warm_up_steps=1, checkpoint_every=2, check_pairs=3),
    )
    maker = PairMaker(PortraitFaces(read_portraits(folder), cache), ClipFaces((), cache), rules, seed=1)
    return config, Makers(maker, maker)


def test_a_run_leaves_weights_that_the_network_takes_and_its_record(run: tuple[TrainingConfig, Makers]):
    config, makers = run
    weights = train(config, makers)
    load_strictly(MobileNetV2(), weights)
    record = json.loads((config.out / RECORD).read_text())
    assert record["step"] == STEPS
    assert record["config"]["seed"] == config.seed
    assert [seen["step"] for seen in record["history"]] == [2, 4]
    assert all(0.0 <= seen["watch_auc"] <= 1.0 for seen in record["history"])


class PullsThePlug:
    """Gives pairs until it has given ``pairs`` of them."""

    def __init__(self, maker: PairSource, *, pairs: int) -> None:
        self._maker, self._left = maker, pairs

    def make(self, index: int) -> Pair:
        self._left -= 1
        if self._left < 0:
            raise KeyboardInterrupt
        return self._maker.make(index)


def test_a_stopped_run_ends_like_one_that_was_not(run: tuple[TrainingConfig, Makers], tmp_path: Path):
    config, makers = run
    stopped = config.model_copy(update={"out": tmp_path / "stopped"})
    whole = load_file(train(config, makers))
    with pytest.raises(KeyboardInterrupt):
        train(stopped, Makers(PullsThePlug(makers.learn, pairs=2 * UNFOLD_BATCHES + 5), makers.watch))
    assert torch.load(stopped.out / CHECKPOINT, weights_only=True)["step"] == 2
    rest = load_file(train(stopped, makers))
    assert rest.keys() == whole.keys()
    for key, tensor in whole.items():
        torch.testing.assert_close(rest[key], tensor, msg=key)


def test_a_finished_run_is_not_trained_again(run: tuple[TrainingConfig, Makers]):
    config, makers = run
    before = train(config, makers).read_bytes()
    assert train(config, Makers(PullsThePlug(makers.learn, pairs=0), makers.watch)).read_bytes() == before


def test_a_run_can_go_on_from_the_weights_of_another(run: tuple[TrainingConfig, Makers], tmp_path: Path):
    config, makers = run
    earlier = train(config, makers)
    schedule = config.schedule.model_copy(update={"learning_rate": 1e-9, "steps": 1, "first_pair": 100})
    changes = {"out": tmp_path / "later", "backbone": None, "start_from": earlier, "schedule": schedule}
    later = train(config.model_copy(update=changes), makers)
    key = "backbone.classifier.1.weight"
    torch.testing.assert_close(load_file(later)[key], load_file(earlier)[key], atol=1e-6, rtol=1e-4)


def test_without_a_backbone_there_is_no_run(run: tuple[TrainingConfig, Makers]):
    config, makers = run
    with pytest.raises(FileNotFoundError, match="no backbone"):
        train(config.model_copy(update={"backbone": None}), makers)


def test_unfolding_changes_the_norms_and_not_the_function(backbone: Path):
    torch.manual_seed(1)
    network = load_backbone(backbone).eval()
    pictures = torch.rand(6, 3, 64, 64) * 2.0 - 1.0
    norm = next(layer for layer in network.modules() if isinstance(layer, nn.BatchNorm2d))
    before, folded = network(pictures).detach(), norm.state_dict()["running_var"].clone()
    unfold_norms(network, [pictures[:3], pictures[3:]])
    assert not torch.allclose(norm.state_dict()["running_var"], folded)
    torch.testing.assert_close(network(pictures).detach(), before, atol=1e-3, rtol=1e-3)
    seen: list[torch.Tensor] = []
    norm.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    network(pictures)
    torch.testing.assert_close(seen[0].mean(dim=(0, 2, 3)), norm.state_dict()["running_mean"], atol=1e-4, rtol=1e-3)


def test_the_rate_warms_up_and_falls_to_almost_nothing():
    schedule = Schedule(steps=100, warm_up_steps=10, learning_rate=1.0)
    rates = [learning_rate(step, schedule) for step in range(101)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == rates[10] == pytest.approx(1.0)
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[100] == pytest.approx(0.01)
