"""Single steps of learning: precisions, a loss that is not finite, and a state that goes into a file and back."""

import io
from typing import Any

import pytest
import torch

from detectors.networks.face_network import FaceNetwork
from detectors.training.configuration import Schedule
from detectors.training.learner import Learner, LossNotFinite, learning_rate
from detectors.training.losses import loss_of
from detectors.training.precision import Precision, PrecisionUnavailable

CPU = torch.device("cpu")
PICTURES = torch.rand(4, 3, 32, 32, generator=torch.Generator().manual_seed(1)) * 2.0 - 1.0
TARGETS = torch.tensor([0.0, 0.0, 1.0, 1.0])


def a_learner(**settings: object) -> Learner:
    torch.manual_seed(0)
    schedule = Schedule.model_validate({"warm_up_steps": 1, **settings})
    return Learner(FaceNetwork(), schedule, loss_of(schedule, manipulated_share=0.5), device=CPU)


@pytest.mark.parametrize(
    ("precision", "chosen", "computed"), [("auto", "fp32", torch.float32), ("bf16", "bf16", torch.bfloat16)]
)
def test_a_processor_computes_in_the_precision_of_choice_and_keeps_weights_in_float32(
    precision: str, chosen: str, computed: torch.dtype
):
    learner, kinds = a_learner(precision=precision), []
    learner.network.register_forward_hook(lambda _, inputs, logits: kinds.append(logits.dtype))
    before = [parameter.detach().clone() for parameter in learner.network.parameters()]
    assert 0.3 < learner.learn(PICTURES, TARGETS) < 1.2
    assert learner.precision.name == chosen
    assert kinds == [computed]
    after = list(learner.network.parameters())
    assert all(parameter.dtype == torch.float32 for parameter in after)
    assert any(not torch.equal(one, other) for one, other in zip(before, after, strict=True))


def test_fp16_is_refused_where_there_is_no_gpu():
    with pytest.raises(PrecisionUnavailable, match="CUDA"):
        Precision("fp16", CPU)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("precision", ["fp16", "bf16", "auto"])
def test_a_gpu_learns_in_half_precision(precision: str):
    torch.manual_seed(0)
    schedule = Schedule.model_validate({"warm_up_steps": 1, "precision": precision})
    learner = Learner(FaceNetwork(), schedule, loss_of(schedule, manipulated_share=0.5), device=torch.device("cuda"))
    assert all(torch.isfinite(torch.tensor(learner.learn(PICTURES, TARGETS))) for _ in range(3))
    assert learner.precision.scaler.is_enabled() == (precision == "fp16")


def test_a_loss_that_is_not_finite_is_named_with_its_step_and_nothing_is_learned():
    learner = a_learner()
    learner.learn(PICTURES, TARGETS)
    before = [parameter.clone() for parameter in learner.network.parameters()]
    with pytest.raises(LossNotFinite, match=r"step 2 is nan.*learning_rate"):
        learner.learn(PICTURES * float("nan"), TARGETS)
    assert all(torch.equal(one, other) for one, other in zip(learner.network.parameters(), before, strict=True))
    assert learner.step == 1


def test_a_state_goes_on_with_the_very_same_numbers():
    whole, other = a_learner(), a_learner()
    whole.learn(PICTURES, TARGETS)
    file = io.BytesIO()
    torch.save(whole.state(), file)
    state = torch.load(io.BytesIO(file.getvalue()), weights_only=True)
    other.load_state(state)
    loss = whole.learn(PICTURES, TARGETS)
    torch.manual_seed(5)
    other.load_random(state)
    assert other.step == 1
    assert other.learn(PICTURES, TARGETS) == loss


def test_the_rate_warms_up_and_falls_to_almost_nothing():
    schedule = Schedule(steps=100, warm_up_steps=10, learning_rate=1.0)
    rates = [learning_rate(step, schedule) for step in range(101)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == rates[10] == pytest.approx(1.0)
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[100] == pytest.approx(0.01)


def test_on_a_processor_strided_depthwise_layers_stay_in_float32_because_they_are_slower_in_bf16():
    learner = a_learner(precision="bf16")
    kinds: list[tuple[bool, int, torch.dtype]] = []

    def note(conv: Any, _: object, made: torch.Tensor) -> None:
        kinds.append((conv.groups > 1, conv.stride[0], made.dtype))

    for module in learner.network.modules():
        if isinstance(module, torch.nn.Conv2d):
            module.register_forward_hook(note)
    learner.learn(PICTURES, TARGETS)
    assert {kind for is_depthwise, stride, kind in kinds if is_depthwise and stride == 2} == {torch.float32}
    assert {kind for is_depthwise, stride, kind in kinds if not is_depthwise or stride == 1} == {torch.bfloat16}
    assert set(learner.network.state_dict()) == set(FaceNetwork().state_dict()), "the weights keep their names"
