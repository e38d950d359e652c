"""Bilinear attention pooling by numbers worked out by hand."""

import pytest
import torch
from torch import Tensor, nn

from detectors.networks.wsdan import Attention, WsDan, feature_matrix


class Doubling(nn.Module):
    """A body that gives the picture twice as bright."""

    def forward_features(self, pictures: Tensor) -> Tensor:
        return pictures * 2.0


def test_each_map_weighs_each_channel_map_by_map():
    features = torch.tensor([[[[1.0, 2.0]], [[-3.0, 4.0]]]])  # two channels of 1 x 2 pixels
    attention = torch.tensor([[[[1.0, 0.0]], [[1.0, 1.0]]]])
    # means over both pixels: map 0: 1/2, -3/2; map 1: 3/2, 1/2; signed roots, of the length of their sizes' sum
    roots = torch.tensor([0.5**0.5, -(1.5**0.5), 1.5**0.5, 0.5**0.5])
    assert feature_matrix(features, attention)[0].tolist() == pytest.approx((roots / 2.0).tolist(), abs=1e-6)


def test_products_of_half_precision_do_not_overflow():
    features = torch.full((1, 2, 3, 3), 3e4, dtype=torch.float16)
    matrix = feature_matrix(features, features[:, :1])
    assert matrix.dtype == torch.float32
    assert matrix[0].tolist() == pytest.approx([0.5**0.5] * 2)


def test_attention_is_never_negative():
    attention = Attention(3, maps=2).eval()
    with torch.no_grad():
        assert attention(torch.randn(1, 3, 4, 4)).min() >= 0.0


def test_logits_are_a_hundred_times_what_the_matrix_says():
    network = WsDan(Doubling(), channels=3, outputs=2, maps=1).eval()
    with torch.no_grad():
        network.attentions.conv.weight.fill_(1.0)
        network.fc.weight.copy_(torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 1.0]]))
        logits = network(torch.ones(2, 3, 5, 5))
    third = 100.0 / 3.0**0.5
    assert logits == pytest.approx(torch.tensor([[third, 2 * third]] * 2), rel=1e-5)
