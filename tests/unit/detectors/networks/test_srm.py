"""The fixed high-pass filters and the pooling that learns where to look, by numbers worked out by hand."""

import pytest
import torch

from detectors.networks.gwap import GlobalWeightedAveragePooling
from detectors.networks.srm import SrmFilters, srm_filters, srm_kernels


def test_every_filter_leaves_nothing_of_flat_and_sloping_pictures():
    slope = torch.arange(12.0).expand(1, 3, 12, 12)
    inner = SrmFilters()(slope + 7.0)[..., 2:-2, 2:-2]
    assert inner.shape == (1, 3, 8, 8)
    assert inner.abs().max() == 0.0


def test_a_point_leaves_the_filters_in_every_colour():
    for colour in range(3):
        point = torch.zeros(1, 3, 5, 5)
        point[0, colour, 2, 2] = 1.0
        assert torch.equal(SrmFilters()(point)[0], srm_kernels())  # they look the same from all sides


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_residuals_are_summed_over_any_number_of_channels(channels: int):
    filters = srm_filters(channels)
    assert filters.shape == (3, channels, 5, 5)
    assert torch.equal(filters.sum(dim=1), srm_kernels() * channels)
    assert SrmFilters(channels)(torch.ones(2, channels, 6, 7)).shape == (2, 3, 6, 7)


def test_the_middles_are_those_of_the_rich_model():
    assert srm_kernels()[:, 2, 2].tolist() == [-2.0, -4.0, -12.0]
    assert srm_kernels().flatten(1).abs().sum(dim=1).tolist() == [4.0, 16.0, 96.0]


def test_filters_are_stored_and_not_trained():
    filters = SrmFilters()
    assert list(filters.state_dict()) == ["weight"]
    assert list(filters.parameters()) == []


def test_pooling_looks_more_at_places_that_it_likes_but_never_more_than_e_times_as_much():
    pooling = GlobalWeightedAveragePooling(2)
    features = torch.tensor([[[[100.0, -100.0]], [[1.0, 0.0]]]])
    with torch.no_grad():
        pooling.conv.weight.copy_(torch.tensor([1.0, 0.0]).view(1, 2, 1, 1))
        # weights e : 1, so of the second channel e / (e + 1) remains
        assert pooling(features)[0].tolist() == pytest.approx([46.211716, 0.731059], rel=1e-5)
        pooling.conv.weight.zero_()
        assert pooling(features)[0].tolist() == pytest.approx([0.0, 0.5])
