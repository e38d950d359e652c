"""A run starts from the published function, learns, stops, breaks, and goes on where it was."""

import hashlib
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from detectors.networks.face_network import FaceNetwork, Parts, parts_in
from detectors.networks.mobilenet_v2 import MobileNetV2
from detectors.training.backbone import load_backbone, unfold_norms
from detectors.training.configuration import Data, Network, Pairs, Schedule, TrainingConfig
from detectors.training.dataset import Mixture
from detectors.training.face_store import ClipFaces, PortraitFaces
from detectors.training.network_of_run import network_from_run
from detectors.training.pairs import Pair, PairMaker, PairSource
from detectors.training.people import read_portraits
from detectors.training.runs.run_folder import BEST_WEIGHTS, CHECKPOINT, WEIGHTS, CheckpointOfAnother
from detectors.training.runs.run_record import RunRecord, Skipped, read_record
from detectors.training.sources import PAIRS, Sources, sources_of
from detectors.training.training import Progress, StopNow, train
from detectors.weights import WrongWeights, load_strictly
from tests.support.children import wait_until
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
def run(tmp_path: Path, backbone: Path) -> tuple[TrainingConfig, Sources]:
    folder, cache = a_portrait_folder(tmp_path)
    rules = Pairs(input_px=32, most_face_px=60.0)
    config = TrainingConfig(
        name="little",
        backbone=backbone,
        out=tmp_path / "run",
        threads=1,
        workers=0,
        device="cpu",
        data=Data(portraits=folder, cache=cache, calibrate_share=0.3),
        pairs=rules,
        schedule=Schedule(steps=STEPS, pairs_per_step=2, warm_up_steps=1, checkpoint_every=2, check_pairs=3),
    )
    maker = PairMaker(PortraitFaces(read_portraits(folder), cache), ClipFaces((), cache), rules, seed=1)
    return config, sources(maker)


def sources(learn: PairSource, watch: PairSource | None = None) -> Sources:
    return Sources(Mixture(pairs=learn), {PAIRS: Mixture(pairs=watch or learn)}, {}, (Skipped(path="a", why="b"),))


def numbers_of(record: RunRecord) -> list[tuple[float, ...]]:
    """The history without what depends on the clock."""
    return [(one.step, one.loss, one.watch_auc, one.watch_log_loss, one.learning_rate) for one in record.history]


def test_a_run_leaves_weights_that_the_network_takes_and_its_record(run: tuple[TrainingConfig, Sources]):
    config, material = run
    heard: list[Progress] = []
    weights = train(config, material, on_progress=heard.append)
    load_strictly(MobileNetV2(), weights)
    record = read_record(config.out)
    assert (record.state, record.step, record.steps, record.resumed) == ("finished", STEPS, STEPS, 0)
    assert record.config["seed"] == record.seed == config.seed
    assert [seen.step for seen in record.history] == [2, 4]
    assert all(0.0 <= seen.watch_auc <= 1.0 and seen.pictures_per_s > 0.0 for seen in record.history)
    assert record.best is not None and record.best.watch_auc == max(seen.watch_auc for seen in record.history)
    assert record.artefacts.weights is not None
    assert record.artefacts.weights.sha256 == hashlib.sha256(weights.read_bytes()).hexdigest()
    assert record.skipped == material.skipped
    assert [one.step for one in heard] == [1, 2, 3, 4]
    assert heard[0].watch_auc is None and heard[1].watch_auc == record.history[0].watch_auc
    assert heard[-1].eta_s == 0.0


class PullsThePlug:
    """Gives pairs until it has given ``pairs`` of them."""

    def __init__(self, maker: PairSource | None, *, pairs: int) -> None:
        self._maker, self._left = maker, pairs

    def make(self, index: int) -> Pair:
        self._left -= 1
        if self._left < 0 or self._maker is None:
            raise KeyboardInterrupt
        return self._maker.make(index)


def test_a_killed_process_goes_on_and_ends_like_one_that_was_not(run: tuple[TrainingConfig, Sources], tmp_path: Path):
    schedule = run[0].schedule.model_copy(update={"steps": 10, "early_stop": 9})
    config = run[0].model_copy(update={"schedule": schedule})
    killed = config.model_copy(update={"out": tmp_path / "killed"})
    file = tmp_path / "killed.json"
    file.write_text(killed.model_dump_json())
    child = subprocess.Popen([sys.executable, "-m", "detectors.training", str(file)], stdout=subprocess.DEVNULL)
    try:
        wait_until(lambda: (killed.out / CHECKPOINT).is_file() or child.poll() is not None, timeout_s=240.0)
    finally:
        child.kill()  # SIGKILL: nothing is tidied up
        child.wait()
    assert read_record(killed.out).state == "running"
    whole, rest = (load_file(train(one, sources_of(one))) for one in (config, killed))
    assert numbers_of(read_record(killed.out)) == numbers_of(read_record(config.out))
    assert (read_record(killed.out).resumed, read_record(config.out).resumed) == (1, 0)
    assert rest.keys() == whole.keys()
    assert all(torch.equal(rest[key], tensor) for key, tensor in whole.items())


def test_a_finished_run_is_not_trained_again(run: tuple[TrainingConfig, Sources]):
    config, material = run
    before = train(config, material).read_bytes()
    no_pairs = PullsThePlug(None, pairs=0)
    assert train(config, sources(no_pairs, no_pairs)).read_bytes() == before
    assert read_record(config.out).resumed == 0


class Unchanged:
    """Pairs whose manipulated half is the genuine one: nobody gets better at telling them apart."""

    def __init__(self, maker: PairSource) -> None:
        self._maker = maker

    def make(self, index: int) -> Pair:
        pair = self._maker.make(index)
        return replace(pair, manipulated=pair.genuine)


def test_a_run_without_progress_stops_and_ships_its_best_check(run: tuple[TrainingConfig, Sources]):
    still = {"checkpoint_every": 1, "early_stop": 2}
    pairs = run[1].learn.pairs
    assert pairs is not None
    config = run[0].model_copy(update={"schedule": run[0].schedule.model_copy(update=still)})
    weights = train(config, sources(pairs, Unchanged(pairs)))
    record = read_record(config.out)
    assert (record.state, record.step) == ("stopped early", 3)
    assert record.best is not None and record.best.step == 1
    assert weights.read_bytes() == (config.out / BEST_WEIGHTS).read_bytes()
    assert int(load_file(weights)["backbone.features.0.1.num_batches_tracked"]) == 1


def test_a_checkpoint_of_other_settings_is_not_taken_up(run: tuple[TrainingConfig, Sources]):
    config, material = run
    train(config, material)
    for change in ({"seed": 2}, {"schedule": config.schedule.model_copy(update={"learning_rate": 1.0})}):
        with pytest.raises(CheckpointOfAnother, match=r"seed|schedule\.learning_rate"):
            train(config.model_copy(update=change), material)


def test_a_run_that_breaks_is_recorded_as_failed(run: tuple[TrainingConfig, Sources]):
    config, material = run

    def breaks(progress: Progress) -> None:
        raise OSError(f"nobody listens at step {progress.step}")

    with pytest.raises(OSError, match="step 1"):
        train(config, material, on_progress=breaks)
    assert read_record(config.out).state == "failed"


def test_a_run_can_go_on_from_the_weights_of_another_and_add_parts(run: tuple[TrainingConfig, Sources], tmp_path: Path):
    config, material = run
    earlier = train(config, material)
    schedule = config.schedule.model_copy(update={"learning_rate": 1e-9, "steps": 1, "first_pair": 100})
    changes = {"out": tmp_path / "later", "backbone": None, "start_from": earlier, "schedule": schedule}
    later = config.model_copy(update={**changes, "network": Network(srm=True, frequency=True, pooling="weighted")})
    tensors, key = load_file(train(later, material)), "backbone.classifier.1.weight"
    torch.testing.assert_close(tensors[key], load_file(earlier)[key], atol=1e-6, rtol=1e-4)
    assert parts_in(tensors) == Parts(srm=True, frequency=True, pooling="weighted")


def test_weights_that_do_not_fit_are_refused_by_name(tmp_path: Path):
    whole = FaceNetwork(Parts(srm=True, frequency=True)).state_dict()
    flaws = {"residuals.join.bias": "missing", "backbone.classifier.1.bias": "missing", "spectra.": "left over"}
    for flaw, word in flaws.items():
        tensors = {key: value for key, value in whole.items() if key != flaw}
        save_file(tensors, tmp_path / "weights.safetensors")
        with pytest.raises(WrongWeights, match=f"{word}: {flaw}"):
            network_from_run(Network(srm=True, frequency=flaw != "spectra."), tmp_path / "weights.safetensors")


def test_without_a_backbone_there_is_no_run(run: tuple[TrainingConfig, Sources]):
    config, material = run
    with pytest.raises(FileNotFoundError, match="no backbone"):
        train(config.model_copy(update={"backbone": None}), material)


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


@pytest.mark.parametrize("stop_at", [1, 2])
def test_a_run_that_is_paused_at_any_step_tells_the_same_story(
    stop_at: int, run: tuple[TrainingConfig, Sources], tmp_path: Path
):
    config, material = run
    whole, paused = (config.model_copy(update={"out": tmp_path / name}) for name in ("whole", "paused"))
    train(whole, material)

    def pause(progress: Progress) -> None:
        if progress.step == stop_at:
            raise StopNow

    with pytest.raises(StopNow):
        train(paused, material, on_progress=pause)
    train(paused, material)
    told = [
        [(seen.step, seen.loss, seen.watch_auc) for seen in read_record(one.out).history] for one in (whole, paused)
    ]
    assert told[0] == told[1]
    assert (whole.out / WEIGHTS).read_bytes() == (paused.out / WEIGHTS).read_bytes()
