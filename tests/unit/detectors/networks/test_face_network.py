"""Parts around MobileNetV2 start without a trace, learn, cost little, and see what they are meant to see."""

import numpy as np
import pytest
import torch
from scipy.fft import dctn

from detectors.networks.face_network import FaceNetwork, Parts, parts_in
from detectors.networks.mobilenet_v2 import MobileNetV2
from detectors.networks.residual_branch import ResidualBranch
from detectors.networks.spectrum_branch import SpectrumBranch
from detectors.training.measuring.release import multiply_adds

ALL = Parts(srm=True, frequency=True, pooling="weighted")
CHOICES = [Parts(), Parts(srm=True), Parts(frequency=True), Parts(pooling="weighted"), ALL]


def pictures(side_px: int, count: int = 2) -> torch.Tensor:
    return torch.rand(count, 3, side_px, side_px, generator=torch.Generator().manual_seed(3)) * 2.0 - 1.0


def test_without_parts_it_is_the_plain_network():
    plain, network = MobileNetV2(), FaceNetwork()
    assert list(network.state_dict()) == list(plain.state_dict())
    network.load_state_dict(plain.state_dict())
    assert torch.equal(network.eval()(pictures(64)), plain.eval()(pictures(64)))


@pytest.mark.parametrize("parts", CHOICES[1:])
@pytest.mark.parametrize("side_px", [64, 77])
def test_every_part_starts_from_the_function_without_it(parts: Parts, side_px: int):
    torch.manual_seed(0)
    plain, network = MobileNetV2().eval(), FaceNetwork(parts).eval()
    torch.nn.init.normal_(plain.backbone.classifier[1].weight)  # type: ignore[arg-type]
    network.load_state_dict(plain.state_dict(), strict=False)
    torch.testing.assert_close(network(pictures(side_px)), plain(pictures(side_px)), atol=1e-9, rtol=1e-5)


@pytest.mark.parametrize("parts", CHOICES)
def test_the_names_of_tensors_tell_the_parts(parts: Parts):
    assert parts_in(FaceNetwork(parts).state_dict()) == parts


def test_gradients_reach_every_number_after_one_step():
    torch.manual_seed(1)
    network = FaceNetwork(ALL)
    optimiser = torch.optim.SGD(network.parameters(), lr=1e-2)
    for _ in range(2):
        optimiser.zero_grad()
        network(pictures(64, 4)).square().sum().backward()
        optimiser.step()
    for part in (network.residuals, network.spectra, network.pooling):
        assert part is not None
        for name, parameter in part.named_parameters():
            assert parameter.grad is not None and parameter.grad.abs().max() > 0.0, name


def test_all_parts_together_cost_a_tenth_more_and_fit_fifteen_megabytes():
    network = FaceNetwork(ALL)
    assert multiply_adds(network, 160) / multiply_adds(MobileNetV2(), 160) < 1.1
    assert sum(tensor.nbytes for tensor in network.state_dict().values()) < 15e6


def test_spectra_are_those_of_scipy_block_by_block():
    grey = np.random.default_rng(5).uniform(0.0, 255.0, (16, 24)).astype(np.float32)
    seen = torch.from_numpy(np.repeat((grey / 127.5 - 1.0)[None, None], 3, axis=1))
    spectra = SpectrumBranch(32).spectra(seen)[0]
    assert spectra.shape == (64, 2, 3)
    block = np.asarray(dctn(grey[8:16, 16:24] - 127.5, norm="ortho")).ravel()
    np.testing.assert_allclose(spectra[:, 1, 2].numpy(), np.log1p(np.abs(block)) / 4.0, atol=2e-3)


def test_residuals_of_faint_noise_show_and_stay_bounded():
    branch = ResidualBranch(24)
    flat = torch.full((1, 3, 32, 32), 0.2)
    noisy = flat + torch.randn(flat.shape, generator=torch.Generator().manual_seed(2)) * 2.0 / 127.5
    inside = (..., slice(2, -2), slice(2, -2))
    assert branch.residuals(flat)[inside].abs().max() < 1e-3
    assert 0.1 < branch.residuals(noisy)[inside].abs().mean() < 0.6
    assert branch.residuals(pictures(32)).abs().max() < 1.0


def test_fixed_filters_keep_full_precision_under_autocast():
    network = FaceNetwork(ALL)
    assert network.residuals is not None and network.spectra is not None
    wanted = network.residuals.residuals(pictures(32)), network.spectra.spectra(pictures(32))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        given = network.residuals.residuals(pictures(32)), network.spectra.spectra(pictures(32))
        assert network(pictures(32)).isfinite().all()
    for one, other in zip(given, wanted, strict=True):
        assert torch.equal(one, other)
