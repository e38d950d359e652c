"""The two networks have the published size and read pictures the way their authors' code did."""

import pytest
import torch

from detectors.networks.mesonet import INPUT_PX, Meso4, MesoInception4, _Tail


@pytest.mark.parametrize(("kind", "parameters"), [(Meso4, 27_977), (MesoInception4, 28_615)])
@torch.inference_mode()
def test_they_have_the_published_number_of_parameters(kind, parameters: int):
    network = kind().eval()
    assert sum(tensor.numel() for tensor in network.parameters()) == parameters
    assert network(torch.zeros(2, 3, INPUT_PX, INPUT_PX)).shape == (2,)


@torch.inference_mode()
def test_features_are_flattened_row_by_row_with_the_channels_last():
    tail = _Tail()
    for tensor in tail.parameters():
        tensor.zero_()
    tail.hidden.weight[0, (2 * 8 + 3) * 16 + 5] = 1.0
    tail.output.weight[0, 0] = 1.0
    features = torch.zeros(2, 16, 8, 8)
    features[0, 5, 2, 3] = 4.0
    features[1, 5, 2, 3] = -4.0
    assert tail(features).tolist() == pytest.approx([4.0, -0.4])
